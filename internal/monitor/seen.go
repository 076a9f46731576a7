package monitor

import (
	"encoding/binary"
	"hash/maphash"
)

// generation is how many records are remembered together, places the size of their table, and fewest
// that of the first one.
const (
	generation = 1 << 19
	places     = 2 * generation
	fewest     = 1 << 10
)

// seen remembers at least the last generation of records, so that a record that was exported twice counts
// once.
type seen struct {
	seed     maphash.Seed
	now, old []uint64 // tables of hashes with linear probing
	count    int      // in now
	scratch  []byte
}

func newSeen() *seen { return &seen{seed: maphash.MakeSeed()} }

// repeated reports whether a record was seen before. One without a correlation id is never taken for
// another one.
func (s *seen) repeated(r *record) bool {
	if len(r.correlation) == 0 {
		return false
	}
	s.scratch = append(s.scratch[:0], r.correlation...)
	s.scratch = append(append(s.scratch, 0), r.device...)
	s.scratch = append(append(s.scratch, 0), r.signature...)
	s.scratch = binary.LittleEndian.AppendUint64(s.scratch, uint64(r.at/1000))
	hash := maphash.Bytes(s.seed, s.scratch) | 1 // 0 is free
	switch {
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
