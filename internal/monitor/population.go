package monitor

import (
	"maps"
	"slices"
)

// population is the devices of an instance, after the records without an instance were assigned.
type population struct {
	name            string
	records, failed int
	minutes         map[int64]*minute
	devices         []*device
}

// populations assigns the records that do not name an instance, such as those of a query that selected
// only some columns. They belong to the device of the same id if only one instance has such a device. It
// also returns how many devices are counted separately because several instances have one with that id.
// If all belong to devices of one instance, then so do the load and the records without a device.
func (c *Collector) populations() (list []population, apart int) {
	nameless := -1
	for i, at := range c.instances {
		list = append(list, population{at.name, at.records, at.failed, at.minutes, slices.Collect(at.devices.all())})
		if at.name == "" {
			nameless = i
		}
	}
	if nameless < 0 {
		return list, 0
	}
	from := &list[nameless]
	var left []*device
	owners := map[int]bool{}
	for _, d := range from.devices {
		owner, number, of := c.ownerOf(d, nameless)
		if of != 1 {
			left = append(left, d)
			apart += min(of, 1)
			continue
		}
		whole := &list[owner].devices[number-1]
		*whole = merged(*whole, d)
		owners[owner] = true
	}
	if len(left) > 0 || len(owners) != 1 {
		from.devices = left
		return list, apart
	}
	for owner := range owners {
		list[owner].take(from)
	}
	return slices.Delete(list, nameless, nameless+1), 0
}

// ownerOf returns the last of the other instances that has a device of the same id, the number of the
// device there, and how many have one.
func (c *Collector) ownerOf(d *device, nameless int) (owner int, number uint32, of int) {
	for i, at := range c.instances {
		if i == nameless || at.devices.count == 0 {
			continue
		}
		if n := at.devices.slot(d.hash).number; n != 0 {
			owner, number = i, n
			of++
		}
	}
	return owner, number, of
}

// take adds the counts of another population, without its devices.
func (p *population) take(other *population) {
	p.records += other.records
	p.failed += other.failed
	p.minutes = maps.Clone(p.minutes)
	for n, m := range other.minutes {
		sum := *m
		if known := p.minutes[n]; known != nil {
			sum = minute{m.records + known.records, m.failed + known.failed, m.throttled + known.throttled}
		}
		p.minutes[n] = &sum
	}
}

// merged combines the counts of a device from two populations.
func merged(a, b *device) *device {
	d := *a
	d.good += b.good
	d.protocols |= b.protocols
	d.firstGood = earliest(a.firstGood, b.firstGood)
	d.lastGood = max(a.lastGood, b.lastGood)
	d.refused = nil
	for _, r := range []*refusals{a.refused, b.refused} {
		if r != nil {
			d.take(r)
		}
	}
	return &d
}

// take adds refusals to those of a device.
func (d *device) take(other *refusals) {
	if d.refused == nil {
		d.refused = &refusals{}
	}
	r := d.refused
	r.protocols |= other.protocols
	if r.current == nil || other.last >= r.last {
		r.current = other.current
	}
	r.last = max(r.last, other.last)
	for _, h := range other.hits {
		i := slices.IndexFunc(r.hits, func(known hit) bool { return known.cluster == h.cluster })
		if i < 0 {
			r.hits = append(r.hits, h)
			continue
		}
		known := &r.hits[i]
		known.first, known.last = earliest(known.first, h.first), max(known.last, h.last)
		known.records += h.records
	}
	since := other.since
	since.times = slices.Clone(since.times)
	since.forget(d.lastGood)
	for _, at := range since.times {
		r.since.add(at)
	}
	r.since.first = earliest(r.since.first, since.first)
}

// earliest is the earlier of two times; 0 means that a time is not known.
func earliest(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
