package monitor

import (
	"math"
	"time"
)

// Timeline shows the period in columns of equal width.
type Timeline struct {
	Start time.Time
	Width time.Duration // of a column
	Total []int         // attempts of devices
	Bad   []int         // of these, failures
	// Clusters are the failures of the first clusters of the summary.
	Clusters [][]int
}

// The limits of a timeline.
const (
	maxColumns  = 60
	maxTimeline = 12 // clusters
)

// timeline makes the timeline. It leaves out records of more than a year before the last one, whose
// dates may have been read wrongly.
func (c *Collector) timeline(s *Summary) Timeline {
	from, to := c.summary.first/60_000, c.summary.last/60_000
	if to == 0 {
		return Timeline{}
	}
	from = max(from, to-366*24*60)
	width := columnWidth(to - from + 1)
	from -= from % width
	t := Timeline{Start: timeOf(from * 60_000), Width: time.Duration(width) * time.Minute}
	columns := int((to-from)/width) + 1
	t.Total, t.Bad = make([]int, columns), make([]int, columns)
	for _, at := range c.instances {
		for n, m := range at.minutes {
			if n >= from {
				t.Total[(n-from)/width] += int(m.records)
				t.Bad[(n-from)/width] += int(m.failed)
			}
		}
	}
	for i := range s.Clusters[:min(len(s.Clusters), maxTimeline)] {
		row := make([]int, columns)
		series := &s.Clusters[i].counted.series
		for at, n := range series.buckets {
			if minute := max(at*series.width, from); minute <= to && (at+1)*series.width > from {
				row[(minute-from)/width] += int(n)
			}
		}
		t.Clusters = append(t.Clusters, row)
	}
	return t
}

// columnWidth is how many minutes a column has: a round number, such as 15 or 60.
func columnWidth(minutes int64) int64 {
	for _, width := range []int64{1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080} {
		if (minutes+width-1)/width < maxColumns {
			return width
		}
	}
	return int64(math.Ceil(float64(minutes) / (maxColumns - 1)))
}
