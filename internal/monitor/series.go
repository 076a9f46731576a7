package monitor

import "slices"

// series counts failures over time. Its buckets become wider as the period does.
type series struct {
	width   int64 // minutes of a bucket
	buckets map[int64]uint32
}

// maxBuckets is the maximum number of buckets of a series.
const maxBuckets = 1024

func (s *series) add(at int64) {
	if s.buckets == nil {
		s.width, s.buckets = 1, map[int64]uint32{}
	}
	s.buckets[at/60_000/s.width]++
	for len(s.buckets) > maxBuckets {
		wider := make(map[int64]uint32, len(s.buckets)/2+1)
		for at, n := range s.buckets {
			wider[at/2] += n
		}
		s.width, s.buckets = 2*s.width, wider
	}
}

// failures are the times at which a device failed since it last succeeded. Inputs may come in any
// order, so that a later one can have a success in between.
type failures struct {
	first int64
	times []int64 // all, or every second, fourth … of them
}

// maxTimes is the maximum number of times that are kept of a device.
const maxTimes = 16

func (f *failures) add(at int64) {
	if f.first == 0 || at < f.first {
		f.first = at
	}
	if len(f.times) == maxTimes {
		slices.Sort(f.times)
		for i := range maxTimes / 2 {
			f.times[i] = f.times[2*i+1] // the last one stays
		}
		f.times = f.times[:maxTimes/2]
	}
	f.times = append(f.times, at)
}

// forget removes the failures before a success.
func (f *failures) forget(until int64) {
	if f.first == 0 || f.first > until {
		return
	}
	f.times = slices.DeleteFunc(f.times, func(at int64) bool { return at <= until })
	f.first = 0
	for _, at := range f.times {
		if f.first == 0 || at < f.first {
			f.first = at
		}
	}
	if len(f.times) == 0 {
		f.times = nil
	}
}
