package monitor

// generation is how many records are remembered in one table, places the size of the table, and fewest
// the size of the first one.
const (
	generation = 1 << 19
	places     = 2 * generation
	fewest     = 1 << 10
)

// seen remembers at least the last generation of records, so that a record that was exported twice counts
// once.
type seen struct {
	now, old []uint64 // tables of hashes with linear probing
	count    int      // in now
}

// repeated reports whether a record with that hash was seen before. Those with the hash 0 never were.
func (s *seen) repeated(hash uint64) bool {
	switch {
	case hash == 0:
		return false
	case s.count == generation:
		s.old, s.now, s.count = s.now, make([]uint64, places), 0
	case 2*s.count >= len(s.now):
		s.grow()
	}
	if s.old != nil && s.old[place(s.old, hash)] == hash {
		return true
	}
	i := place(s.now, hash)
	if s.now[i] == hash {
		return true
	}
	s.now[i] = hash
	s.count++
	return false
}

func (s *seen) grow() {
	bigger := make([]uint64, max(fewest, 2*len(s.now)))
	for _, hash := range s.now {
		if hash != 0 {
			bigger[place(bigger, hash)] = hash
		}
	}
	s.now = bigger
}

// place returns where a hash is, or the free place where it would be.
func place(table []uint64, hash uint64) int {
	mask := len(table) - 1
	i := int(hash>>1) & mask
	for table[i] != 0 && table[i] != hash {
		i = (i + 1) & mask
	}
	return i
}
