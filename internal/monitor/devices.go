package monitor

import (
	"iter"
	"slices"
)

// device holds the counts of one device.
type device struct {
	id                  string
	hash                uint64
	good                uint32
	protocols           uint32 // a bit for each
	firstGood, lastGood int64
	refused             *refusals // nil if it never was
}

// refusals are the failures of a device.
type refusals struct {
	protocols uint32 // a bit for each
	last      int64
	since     failures // after the last success
	current   *cluster // of the last failure
	hits      []hit    // one for each cluster
}

// hit is the failures of a device that belong to one cluster.
type hit struct {
	cluster     *cluster
	first, last int64
	records     uint32
}

// devices are the devices of an instance by the hash of their id. The hashes have 64 bits and begin with
// a random seed, so that two of a million devices have the same in one of ten million runs.
type devices struct {
	slots []slot // a hash table with linear probing
	parts []*[devicesEach]device
	count int
}

// slot is a place of the table: the upper half of a hash, and the number of the device from 1, 0 if the
// slot is free.
type slot struct{ hash, number uint32 }

// The fewest slots of a table, and the devices that are allocated together.
const (
	fewestSlots = 1 << 6
	devicesEach = 1 << 6
)

// find returns the device of an id with that hash, nil for none. A new one is added.
func (ds *devices) find(id []byte, hash uint64) *device {
	if len(id) == 0 {
		return nil
	}
	if 2*ds.count >= len(ds.slots) {
		ds.grow()
	}
	s := ds.slot(hash)
	if s.number == 0 {
		if ds.count%devicesEach == 0 {
			ds.parts = append(ds.parts, new([devicesEach]device))
		}
		ds.count++
		*s = slot{uint32(hash >> 32), uint32(ds.count)}
		*ds.at(s.number) = device{id: string(id), hash: hash}
	}
	return ds.at(s.number)
}

// at returns the device with a number.
func (ds *devices) at(number uint32) *device {
	return &ds.parts[(number-1)/devicesEach][(number-1)%devicesEach]
}

// slot returns the slot of a device, or the free one where it would be.
func (ds *devices) slot(hash uint64) *slot {
	mask := uint64(len(ds.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &ds.slots[i]
		if s.number == 0 || s.hash == uint32(hash>>32) && ds.at(s.number).hash == hash {
			return s
		}
	}
}

func (ds *devices) grow() {
	ds.slots = make([]slot, max(fewestSlots, 2*len(ds.slots)))
	for number := uint32(1); int(number) <= ds.count; number++ {
		hash := ds.at(number).hash
		*ds.slot(hash) = slot{uint32(hash >> 32), number}
	}
}

// all returns the devices in the order in which they came.
func (ds *devices) all() iter.Seq[*device] {
	return func(yield func(*device) bool) {
		for number := uint32(1); int(number) <= ds.count; number++ {
			if !yield(ds.at(number)) {
				return
			}
		}
	}
}

func (d *device) succeeded(at int64, protocol uint32) {
	if d == nil {
		return
	}
	d.good++
	d.protocols |= protocol
	if at == 0 {
		return
	}
	if d.firstGood == 0 || at < d.firstGood {
		d.firstGood = at
	}
	if at > d.lastGood {
		d.lastGood = at
		if d.refused != nil {
			d.refused.since.forget(at)
		}
	}
}

func (d *device) failed(at int64, protocol uint32, k *cluster) {
	if d == nil {
		return
	}
	if d.refused == nil {
		d.refused = &refusals{}
	}
	d.protocols |= protocol
	r := d.refused
	r.protocols |= protocol
	i := slices.IndexFunc(r.hits, func(h hit) bool { return h.cluster == k })
	if i < 0 {
		i = len(r.hits)
		r.hits = append(r.hits, hit{cluster: k})
	}
	h := &r.hits[i]
	h.records++
	if r.current == nil || at >= r.last {
		r.current = k
	}
	if at == 0 {
		return
	}
	if h.first == 0 || at < h.first {
		h.first = at
	}
	h.last = max(h.last, at)
	r.last = max(r.last, at)
	if at > d.lastGood {
		r.since.add(at)
	}
}

// fails reports whether the last known attempt of the device is a failure. It is one if no record of the
// device has a time and any of them is a failure: queries may return the newest record first, so the
// order says nothing.
func (d *device) fails() bool {
	return d.refused != nil && (d.good == 0 || d.refused.last > d.lastGood || d.refused.last == 0 && d.lastGood == 0)
}

// failsBy reports whether the device fails, and its last failure belongs to a cluster.
func (d *device) failsBy(k *cluster) bool { return d.fails() && d.refused.current == k }
