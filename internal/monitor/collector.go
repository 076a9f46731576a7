package monitor

import (
	"bytes"
	"hash/maphash"
	"strings"
)

// Collector counts the records of inputs. Its memory grows with the devices, the minutes and the kinds
// of failures, not with the records.
type Collector struct {
	summary   Summary // the counts so far
	input     *Input  // that is read
	seed      maphash.Seed
	seen      seen
	instances []*instance
	named     map[string]*instance // by the resource id as written, and by the name
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
	return &Collector{seed: maphash.MakeSeed(), named: map[string]*instance{}, clusters: map[string]*cluster{}, changes: map[changeKey]*change{}}
}

// instance holds the counts of one provisioning service.
type instance struct {
	name            string
	records, failed int
	devices         devices
	minutes         map[int64]*minute
	lastMinute      int64
	last            *minute
}

// minute is the load of a minute.
type minute struct{ records, failed, throttled uint32 }

// cluster is a group of similar failures.
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

// protocol holds the counts of one protocol.
type protocol struct {
	name            string
	records, failed int
}

// maxInstances, maxClusters and maxProtocols are how many of each are distinguished; the rest is
// counted together.
const (
	maxInstances = 1000
	maxNames     = 20 * maxInstances // spellings of their names
	maxClusters  = 500
	maxProtocols = 30
)

func (c *Collector) begin(name string) {
	c.summary.Inputs = append(c.summary.Inputs, Input{Name: name})
	c.input = &c.summary.Inputs[len(c.summary.Inputs)-1]
}

// end makes sure that nothing refers to the text of the input.
func (c *Collector) end() { c.lastNamed = nil }

// addBatch counts the records of a batch. It first looks up the counters of all of them: the processor
// then waits for several parts of the large tables at a time.
func (c *Collector) addBatch(b *batch) {
	c.input.Unreadable += b.unreadable
	c.input.Partial = c.input.Partial || b.partial
	for i := range b.records {
		c.find(&b.records[i])
	}
	for i := range b.records {
		c.add(&b.records[i])
	}
	c.lastNamed = nil
}

// find looks up the counters of a record.
func (c *Collector) find(r *record) {
	if r.class == foreignClass {
		return
	}
	if r.repeated = c.seen.repeated(r.hash); r.repeated {
		return
	}
	if r.aboutHub() {
		return // it can matter to every instance
	}
	r.instance = c.instanceOf(r.resource)
	if r.class == deviceClass {
		r.counted = r.instance.devices.find(r.device, r.deviceHash)
	}
}

func (c *Collector) add(r *record) {
	if r.class == foreignClass {
		c.input.Foreign++
		return
	}
	c.input.Records++
	if r.repeated {
		c.input.Repeated++
		return
	}
	c.period(r.at)
	if r.at == 0 {
		c.summary.Undated++
	}
	switch r.class {
	case deviceClass:
		c.addDevice(r)
	case serviceClass:
		c.summary.Service.Records++
		if r.failed() {
			c.summary.Service.Failed++
		}
		c.addChange(r)
	case managementClass:
		c.summary.Service.Management++
		c.addChange(r)
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
		if at, known = c.named[name]; !known && len(c.instances) >= maxInstances {
			name = "other"
			at, known = c.named[name]
		}
		if !known {
			at = &instance{name: name, minutes: map[int64]*minute{}}
			c.instances = append(c.instances, at)
			c.named[name] = at
		}
		if len(c.named) < maxNames {
			c.named[string(resource)] = at
		}
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
func (c *Collector) addDevice(r *record) {
	failed, at, d := r.failed(), r.instance, r.counted
	p, bit := c.protocolOf(r.protocol)
	at.records++
	p.records++
	c.summary.DeviceRecords++
	m := at.minute(r.at)
	m.records++
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

func (c *Collector) protocolOf(name []byte) (*protocol, uint32) {
	for i, p := range c.protocols {
		if p.name == string(name) || strings.EqualFold(p.name, string(name)) || i == maxProtocols {
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
