package monitor

import (
	"cmp"
	"slices"
	"time"
)

// Shape is the form in which an input contains its records.
type Shape string

// The shapes.
const (
	ShapeLines    Shape = "lines"    // one record per line, of a storage account or a data export
	ShapeEnvelope Shape = "records"  // {"records": [...]}, of Event Hubs
	ShapeArray    Shape = "array"    // of az monitor log-analytics query
	ShapeTables   Shape = "tables"   // {"tables": [...]}, of the query API
	ShapeObjects  Shape = "objects"  // records over several lines, one after the other
	ShapeCSV      Shape = "csv"      // of the portal
	ShapeOther    Shape = "no known" // anything else
)

// Input is what was read of an input.
type Input struct {
	Name       string
	Shape      Shape
	Lines      int
	Records    int  // of a provisioning service
	Repeated   int  // of these, those that were read before
	Foreign    int  // records of something else
	Unreadable int  // damaged lines or records
	Partial    bool // the answer of a query says that it is incomplete
	BadGzip    bool // it is packed with gzip and damaged, or cut
	// DatesUnclear says that no date of a table tells whether the day or the month comes first. DayFirst says
	// in which order they were read.
	DatesUnclear, DayFirst bool
}

// Summary is what the records of all inputs say.
type Summary struct {
	Inputs        []Input
	First, Last   time.Time // zero without a record that has a time
	DeviceRecords int       // attempts of devices
	Failed        int       // of these
	Undated       int       // records without a time that can be read
	Nameless      int       // attempts without the id of a device
	// Apart are devices that are known only from records without an instance, while several
	// instances have a device with that id.
	Apart     int
	Service   Service
	Devices   Devices
	Instances []Instance // by name
	Protocols []Protocol // most records first
	Clusters  []Cluster  // most devices first
	Changes   []Change   // in order
	Load      Load
	Timeline  Timeline
	// UnknownResults says that there are results other than those in the documentation.
	UnknownResults bool

	first, last int64
}

// Service counts what operators did.
type Service struct{ Records, Failed, Management int }

// Devices counts devices. One that fails is one whose last record is a failure.
type Devices struct {
	Seen, Failing, Recovered int
	NeverSucceeded           int // of those that fail
}

// Instance is a provisioning service. The name is "" if the records do not say it.
type Instance struct {
	Name                           string
	Records, Failed, Seen, Failing int
	BusiestMinute                  time.Time
	InBusiest, Throttled           int
}

// Protocol counts the attempts over one protocol, which is named as in the records.
type Protocol struct {
	Name                           string
	Records, Failed, Seen, Failing int
}

// Cluster is the failures with the same status, code, protocol and message, but for words that differ
// from device to device.
type Cluster struct {
	Status, Code      int    // 0 if the records have none
	Protocol, Message string // the message is that of the first record
	Result            string // ResultType
	Devices           int    // that had this failure
	Failing           int    // of these, those whose last record is this failure
	Worked            int    // of these, those that had succeeded before
	Records           int
	First, Last       time.Time
	// Since is when the devices began to fail like this: First, without a few devices that did long
	// before the others.
	Since time.Time
	// Late are those of the failing devices that still succeeded some time after Since.
	Late      int
	Instances []string
	Examples  []Example // those that fail now first
	Input     string    // of the first record
	Line      int

	counted *cluster
}

// Example is a device of a cluster.
type Example struct {
	ID            string
	Since         time.Time // when it began to fail; of a device that does not fail, its first failure
	Last          time.Time
	Records       int
	Failing       bool
	LastSucceeded time.Time // zero if it never did
}

// Change is something that operators changed, Count times.
type Change struct {
	Time                time.Time
	Operation, Type, ID string // ID is that of the first
	Instance            string
	Count               int
	Cluster             int // the index of the cluster that began after it

	last time.Time
}

// Load is the load of the busiest instance against its limit.
type Load struct {
	BusiestMinute time.Time
	Instance      string
	InBusiest     int
	Throttled     int // records of status 429, of all instances
}

// RegistrationsPerMinute is the documented limit of an instance (MicrosoftDocs/azure-docs
// articles/iot-dps/about-iot-dps.md, quotas and limits).
const RegistrationsPerMinute = 1000

// maxExamples is how many devices of a cluster are named.
const maxExamples = 5

// Summary returns what was learned until now.
func (c *Collector) Summary() *Summary {
	s := c.summary
	s.Inputs = slices.Clone(c.summary.Inputs)
	s.First, s.Last = timeOf(c.summary.first), timeOf(c.summary.last)
	populations, apart := c.populations()
	s.Apart = apart
	found := clusterDevices(populations)
	for i := range populations {
		s.Instances = append(s.Instances, populations[i].summarise(&s))
	}
	slices.SortFunc(s.Instances, func(a, b Instance) int { return cmp.Compare(a.Name, b.Name) })
	s.Protocols = c.protocolCounts(populations)
	for _, k := range c.ordered {
		s.Clusters = append(s.Clusters, k.summarise(found[k], s.Inputs))
		s.UnknownResults = s.UnknownResults || k.unknownResults
	}
	slices.SortFunc(s.Clusters, func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(b.Failing, a.Failing), cmp.Compare(b.Devices, a.Devices), cmp.Compare(b.Records, a.Records), cmp.Compare(a.counted.number, b.counted.number))
	})
	s.Changes = c.changesBefore(s.Clusters)
	s.Timeline = c.timeline(&s)
	return &s
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// deviceHit is a device with its failures in a cluster.
type deviceHit struct {
	device *device
	hit    *hit
	at     string // the instance
}

// clusterDevices returns the devices of each cluster.
func clusterDevices(populations []population) map[*cluster][]deviceHit {
	found := map[*cluster][]deviceHit{}
	for _, at := range populations {
		for _, d := range at.devices {
			if d.refused == nil {
				continue
			}
			for i := range d.refused.hits {
				h := &d.refused.hits[i]
				found[h.cluster] = append(found[h.cluster], deviceHit{d, h, at.name})
			}
		}
	}
	return found
}

// summarise counts the devices of an instance, here and in the summary of all.
func (at *population) summarise(s *Summary) Instance {
	out := Instance{Name: at.name, Records: at.records, Failed: at.failed, Seen: len(at.devices)}
	s.Devices.Seen += len(at.devices)
	for _, d := range at.devices {
		switch {
		case d.fails():
			out.Failing++
			if d.good == 0 {
				s.Devices.NeverSucceeded++
			}
		case d.refused != nil:
			s.Devices.Recovered++
		}
	}
	s.Devices.Failing += out.Failing
	for n, m := range at.minutes {
		if n == 0 {
			continue // of records without a time
		}
		begun := timeOf(n * 60_000)
		out.Throttled += int(m.throttled)
		if int(m.records) > out.InBusiest || int(m.records) == out.InBusiest && begun.Before(out.BusiestMinute) {
			out.InBusiest, out.BusiestMinute = int(m.records), begun
		}
	}
	if out.InBusiest > s.Load.InBusiest {
		s.Load.InBusiest, s.Load.BusiestMinute, s.Load.Instance = out.InBusiest, out.BusiestMinute, at.name
	}
	return out
}

func (c *Collector) protocolCounts(populations []population) []Protocol {
	list := make([]Protocol, len(c.protocols))
	for i, p := range c.protocols {
		list[i] = Protocol{Name: p.name, Records: p.records, Failed: p.failed}
	}
	for _, at := range populations {
		for _, d := range at.devices {
			for i := range list {
				if d.protocols&(1<<i) != 0 {
					list[i].Seen++
				}
				if d.fails() && d.refused.protocols&(1<<i) != 0 {
					list[i].Failing++
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b Protocol) int { return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Name, b.Name)) })
	return list
}

// summarise describes a cluster.
func (k *cluster) summarise(devices []deviceHit, inputs []Input) Cluster {
	out := Cluster{
		Status: k.status, Code: k.code, Protocol: k.protocol, Message: k.message, Result: k.result, Devices: len(devices), Records: k.records,
		First: timeOf(k.first), Last: timeOf(k.last), Input: inputs[k.input].Name, Line: k.line, counted: k,
	}
	var begun []int64
	for _, d := range devices {
		if d.device.failsBy(k) {
			out.Failing++
		}
		if d.device.firstGood != 0 && d.device.firstGood < d.hit.first {
			out.Worked++
		}
		if d.hit.first != 0 {
			begun = append(begun, d.hit.first)
		}
		if d.at != "" && !slices.Contains(out.Instances, d.at) {
			out.Instances = append(out.Instances, d.at)
		}
	}
	slices.Sort(out.Instances)
	since := onset(begun)
	out.Since = timeOf(since)
	for _, d := range devices {
		if d.device.failsBy(k) && d.device.lastGood > since+near {
			out.Late++
		}
	}
	out.Examples = examples(devices, k)
	return out
}

// straysOf is how many of the first devices may be left out: one in twenty.
const straysOf = 20

// near is a time, in milliseconds, within which what happens counts as happening together.
const near = 10 * 60_000

// onset is when the devices began to fail, without a few that failed long before the others for another
// reason.
func onset(begun []int64) int64 {
	if len(begun) == 0 {
		return 0
	}
	slices.Sort(begun)
	i := len(begun) / straysOf
	for i > 0 && begun[i]-begun[i-1] <= near {
		i--
	}
	return begun[i]
}

// examples names devices: those that fail, with the most failures first.
func examples(devices []deviceHit, k *cluster) []Example {
	devices = slices.Clone(devices)
	now := func(d deviceHit) int {
		if d.device.failsBy(k) {
			return 0
		}
		return 1
	}
	slices.SortFunc(devices, func(a, b deviceHit) int {
		return cmp.Or(cmp.Compare(now(a), now(b)), cmp.Compare(b.hit.records, a.hit.records), cmp.Compare(a.hit.first, b.hit.first), cmp.Compare(a.device.id, b.device.id))
	})
	var list []Example
	for _, d := range devices {
		if len(list) == maxExamples {
			break
		}
		e := Example{ID: d.device.id, Since: timeOf(d.hit.first), Last: timeOf(d.hit.last), Records: int(d.hit.records), Failing: now(d) == 0, LastSucceeded: timeOf(d.device.lastGood)}
		if since := d.device.refused.since.first; e.Failing && since != 0 {
			e.Since = timeOf(since)
		}
		list = append(list, e)
	}
	return list
}
