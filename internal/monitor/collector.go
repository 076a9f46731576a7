package monitor

import (
	"bytes"
	"slices"
	"strings"
)

// Collector counts the records of inputs. Its memory grows with the devices, the minutes and the kinds
// of failures, not with the records.
type Collector struct {
	summary   Summary // the counts so far
	input     *Input  // that is read
	seen      *seen
	instances []*instance
	named     map[string]*instance // by the resource as it is written
	lastNamed []byte
	last      *instance
	clusters  map[string]*cluster
	ordered   []*cluster // in the order in which they came
	protocols []*protocol
	changes   map[changeKey]*change
	scratch   []byte
}

// NewCollector returns a collector that has read nothing.
func NewCollector() *Collector {
	return &Collector{seen: newSeen(), named: map[string]*instance{}, clusters: map[string]*cluster{}, changes: map[changeKey]*change{}}
}

// instance is what is counted of a provisioning service.
type instance struct {
	name            string
	records, failed int
	devices         map[string]*device
	minutes         map[int64]*minute
	lastMinute      int64
	last            *minute
}

// minute is the load of a minute.
type minute struct{ records, failed, throttled uint32 }

// device is what is counted of a device.
type device struct {
	id                  string
	good, bad           uint32
	firstGood, lastGood int64
	lastBad             int64
	since               failures // after lastGood
	protocols           uint32   // a bit for each
	badProtocols        uint32
	current             *cluster // of the last failure
	hits                []hit    // one for each cluster
}

// hit is what a device has of a cluster.
type hit struct {
	cluster     *cluster
	first, last int64
	records     uint32
}

// cluster is the failures that look alike.
type cluster struct {
	number         int
	status, code   int
	protocol       string
	message        string // of the first record
	result         string
	input          int // of the first record
	line           int
	records        int
	first, last    int64
	series         series
	unknownResults bool
}

// protocol is what is counted of a protocol.
type protocol struct {
	name            string
	records, failed int
}

// maxClusters and maxProtocols bound what is told apart; the rest is counted together.
const (
	maxClusters  = 500
	maxProtocols = 30
)

func (c *Collector) begin(name string) {
	c.summary.Inputs = append(c.summary.Inputs, Input{Name: name})
	c.input = &c.summary.Inputs[len(c.summary.Inputs)-1]
}

// end makes sure that nothing refers to the text of the input.
func (c *Collector) end() { c.lastNamed = nil }

// addBatch counts the records of a batch.
func (c *Collector) addBatch(b *batch) {
	c.input.Unreadable += b.unreadable
	c.input.Partial = c.input.Partial || b.partial
	for i := range b.records {
		c.add(&b.records[i])
	}
	c.lastNamed = nil
}

func (c *Collector) add(r *record) {
	if r.class == foreignClass {
		c.input.Foreign++
		return
	}
	c.input.Records++
	if c.seen.repeated(r) {
		c.input.Repeated++
		return
	}
	c.period(r.at)
	if r.at == 0 {
		c.summary.Undated++
	}
	at := c.instanceOf(r.resource)
	switch r.class {
	case deviceClass:
		c.addDevice(at, r)
	case serviceClass:
		c.summary.Service.Records++
		if r.failed() {
			c.summary.Service.Failed++
		}
		c.addChange(at, r)
	case managementClass:
		c.summary.Service.Management++
		c.addChange(at, r)
	case foreignClass:
	}
}

func (c *Collector) period(at int64) {
	if at == 0 {
		return
	}
	if c.summary.first == 0 || at < c.summary.first {
		c.summary.first = at
	}
	c.summary.last = max(c.summary.last, at)
}

// instanceOf returns the instance that a resource id or a name is of.
func (c *Collector) instanceOf(resource []byte) *instance {
	if c.last != nil && c.lastNamed != nil && bytes.Equal(resource, c.lastNamed) {
		return c.last
	}
	at, known := c.named[string(resource)]
	if !known {
		name := instanceName(string(resource))
		i := slices.IndexFunc(c.instances, func(other *instance) bool { return other.name == name })
		if i < 0 {
			i = len(c.instances)
			c.instances = append(c.instances, &instance{name: name, devices: map[string]*device{}, minutes: map[int64]*minute{}})
		}
		at = c.instances[i]
		c.named[strings.Clone(string(resource))] = at
	}
	c.lastNamed, c.last = resource, at
	return at
}

// instanceName is the name in a resource id, in lower case.
func instanceName(resource string) string {
	const before = "/provisioningservices/"
	name := strings.ToLower(resource)
	if i := strings.Index(name, before); i >= 0 {
		name, _, _ = strings.Cut(name[i+len(before):], "/")
	}
	return name
}

// addDevice counts an attempt of a device to attest.
func (c *Collector) addDevice(at *instance, r *record) {
	failed := r.failed()
	p, bit := c.protocolOf(r.protocol)
	at.records++
	p.records++
	c.summary.DeviceRecords++
	m := at.minute(r.at)
	m.records++
	d := at.deviceOf(r.device)
	if d == nil {
		c.summary.Nameless++
	}
	if !failed {
		d.succeeded(r.at, bit)
		return
	}
	at.failed++
	p.failed++
	c.summary.Failed++
	m.failed++
	status, code := r.status(), r.code()
	if status == 0 && code != 0 {
		status = code / 1000
	}
	if status == throttledStatus {
		m.throttled++
		c.summary.Load.Throttled++
	}
	cluster := c.clusterOf(status, code, p.name, r)
	cluster.count(r.at)
	d.failed(r.at, bit, cluster)
}

const throttledStatus = 429

func (at *instance) minute(ms int64) *minute {
	n := ms / 60_000
	if at.last != nil && at.lastMinute == n {
		return at.last
	}
	m, known := at.minutes[n]
	if !known {
		m = &minute{}
		at.minutes[n] = m
	}
	at.lastMinute, at.last = n, m
	return m
}

// deviceOf returns the device of that id, nil for none.
func (at *instance) deviceOf(id []byte) *device {
	if len(id) == 0 {
		return nil
	}
	d, known := at.devices[string(id)]
	if !known {
		d = &device{id: string(id)}
		at.devices[d.id] = d
	}
	return d
}

func (c *Collector) protocolOf(name []byte) (*protocol, uint32) {
	for i, p := range c.protocols {
		if len(p.name) == len(name) && strings.EqualFold(p.name, string(name)) || i == maxProtocols {
			return p, 1 << i
		}
	}
	p := &protocol{name: string(name)}
	if len(c.protocols) == maxProtocols {
		p.name = "other"
	}
	c.protocols = append(c.protocols, p)
	return p, 1 << (len(c.protocols) - 1)
}

// clusterOf returns the cluster of a failure.
func (c *Collector) clusterOf(status, code int, protocol string, r *record) *cluster {
	key := append(c.scratch[:0], byte(status), byte(status>>8), byte(code), byte(code>>8), byte(code>>16))
	key = append(append(key, protocol...), 0)
	key = r.appendPattern(key)
	c.scratch = key
	if found, known := c.clusters[string(key)]; known {
		return found
	}
	if len(c.ordered) >= maxClusters {
		key = append(key[:0], "other"...)
		if found, known := c.clusters[string(key)]; known {
			return found
		}
		status, code, protocol, r = 0, 0, "", &record{description: []byte("further kinds of failures"), line: r.line}
	}
	added := &cluster{
		number: len(c.ordered), status: status, code: code, protocol: protocol, message: string(r.description), result: string(r.result),
		input: len(c.summary.Inputs) - 1, line: r.line, unknownResults: !r.knownResult(),
	}
	c.clusters[string(key)] = added
	c.ordered = append(c.ordered, added)
	return added
}

func (k *cluster) count(at int64) {
	k.records++
	if at == 0 {
		return
	}
	if k.first == 0 || at < k.first {
		k.first = at
	}
	k.last = max(k.last, at)
	k.series.add(at)
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
		d.since.forget(at)
	}
}

func (d *device) failed(at int64, protocol uint32, k *cluster) {
	if d == nil {
		return
	}
	d.bad++
	d.protocols |= protocol
	d.badProtocols |= protocol
	i := slices.IndexFunc(d.hits, func(h hit) bool { return h.cluster == k })
	if i < 0 {
		i = len(d.hits)
		d.hits = append(d.hits, hit{cluster: k})
	}
	h := &d.hits[i]
	h.records++
	if d.current == nil || at >= d.lastBad {
		d.current = k
	}
	if at == 0 {
		return
	}
	if h.first == 0 || at < h.first {
		h.first = at
	}
	h.last = max(h.last, at)
	d.lastBad = max(d.lastBad, at)
	if at > d.lastGood {
		d.since.add(at)
	}
}

// fails reports whether the last that is known of the device is a failure.
func (d *device) fails() bool {
	return d.bad > 0 && (d.good == 0 || d.lastBad > d.lastGood)
}
