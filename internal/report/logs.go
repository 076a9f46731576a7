package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/monitor"
)

// LogsSchema names the JSON of a [ResourceLogs].
const LogsSchema = "dpsdiag/logs/1"

// ResourceLogs is what the resource logs of provisioning services say: who fails, since when, with
// what, and why. Times are in RFC 3339, "" if they are not known.
type ResourceLogs struct {
	Schema      string             `json:"schema"`
	ExitCode    int                `json:"exit_code"`
	Interrupted bool               `json:"interrupted"` // not everything was read
	Records     int                `json:"records"`     // of provisioning services, each once
	Attempts    LogCount           `json:"attempts"`    // of devices
	Service     ServiceCalls       `json:"service"`
	Period      Period             `json:"period"`
	Devices     LogDevices         `json:"devices"`
	Instances   []LogInstance      `json:"instances"`
	Protocols   []LogProtocol      `json:"protocols"`
	Clusters    []Cluster          `json:"clusters"` // most failing devices first
	Changes     []OperatorChange   `json:"changes"`  // what operators changed in the hours before a cluster began
	Load        LogLoad            `json:"load"`
	Timeline    LogTimeline        `json:"timeline"`
	Inputs      []ResourceLogInput `json:"inputs"`
	Repeated    int                `json:"repeated"`   // records that were read before
	Foreign     int                `json:"foreign"`    // records of other services
	Unreadable  int                `json:"unreadable"` // lines or records that are damaged
	Notes       []string           `json:"notes"`      // what the records cannot tell
}

// LogCount counts attempts.
type LogCount struct {
	Records int `json:"records"`
	Failed  int `json:"failed"`
}

// ServiceCalls counts what operators did.
type ServiceCalls struct {
	Records    int `json:"records"` // calls to the service API
	Failed     int `json:"failed"`
	Management int `json:"management"` // calls to Azure Resource Manager
}

// Period is from the first record to the last.
type Period struct {
	First string `json:"first"`
	Last  string `json:"last"`
}

// LogDevices counts devices. One that fails is one whose last attempt failed.
type LogDevices struct {
	Seen           int `json:"seen"`
	Failing        int `json:"failing"`
	Recovered      int `json:"recovered"`
	NeverSucceeded int `json:"never_succeeded"`
}

// LogInstance counts what one provisioning service recorded.
type LogInstance struct {
	Name string `json:"name"` // "" if the records do not say it
	LogCount
	Devices       int        `json:"devices"`
	Failing       int        `json:"failing"`
	BusiestMinute BusyMinute `json:"busiest_minute"`
	Throttled     int        `json:"throttled"`
}

// LogProtocol counts the attempts over one protocol.
type LogProtocol struct {
	Protocol string `json:"protocol"`
	LogCount
	Devices int `json:"devices"`
	Failing int `json:"failing"`
}

// BusyMinute is the attempts of devices in a minute.
type BusyMinute struct {
	Start   string `json:"start"`
	Records int    `json:"records"`
}

// LogLoad compares the load with what an instance allows.
type LogLoad struct {
	BusiestMinute BusyMinute `json:"busiest_minute"`
	Instance      string     `json:"instance"` // that it is of
	Limit         int        `json:"limit"`    // registrations a minute
	Throttled     int        `json:"throttled"`
}

// Cluster is a group of similar failures: with the same status, code and protocol, and the same
// message, except for words that differ from device to device.
type Cluster struct {
	HTTPStatus int    `json:"http_status"` // 0 if the records have none
	ErrorCode  int    `json:"error_code"`  // the same
	Protocol   string `json:"protocol"`
	Message    string `json:"message"`
	Result     string `json:"result"` // the result type
	Devices    int    `json:"devices"`
	Failing    int    `json:"failing"`       // of these, those whose last attempt failed in this way
	Worked     int    `json:"worked_before"` // of these, those that had succeeded before
	Records    int    `json:"records"`
	First      string `json:"first"`
	Last       string `json:"last"`
	// Since is when the devices began to fail in this way: First, unless a few failed long before the
	// others.
	Since     string          `json:"since"`
	Instances []string        `json:"instances"`
	Examples  []ClusterDevice `json:"examples"`
	Input     string          `json:"input"` // of the first record that was read
	Line      int             `json:"line"`
	Pattern   []string        `json:"pattern"` // what the devices have in common
	Causes    []Cause         `json:"causes"`
	Decide    []Decider       `json:"decide"`
	Explain   string          `json:"explain"` // the command that explains the code
	Query     string          `json:"query"`   // the command that prints the query for Log Analytics
}

// ClusterDevice is a device of a cluster.
type ClusterDevice struct {
	RegistrationID string `json:"registration_id"`
	Since          string `json:"since"`
	Last           string `json:"last"`
	Records        int    `json:"records"`
	Failing        bool   `json:"failing"`
	LastSucceeded  string `json:"last_succeeded"`
}

// OperatorChange is something that operators changed.
type OperatorChange struct {
	Time      string `json:"time"`
	Operation string `json:"operation"`
	Type      string `json:"type"`
	ID        string `json:"id"`    // of the first that was changed
	Count     int    `json:"count"` // how many were
	Instance  string `json:"instance"`
	Cluster   int    `json:"cluster"` // the number of the cluster that began afterwards, from 1
	// MinutesBefore is how long before the cluster it was.
	MinutesBefore int `json:"minutes_before"`
}

// LogTimeline shows the period in columns of equal width.
type LogTimeline struct {
	Start         string  `json:"start"`
	ColumnSeconds int     `json:"column_seconds"`
	Attempts      []int   `json:"attempts"`
	Failed        []int   `json:"failed"`
	Clusters      [][]int `json:"clusters"` // failures of the first clusters
}

// ResourceLogInput is what was read of an input.
type ResourceLogInput struct {
	Name       string `json:"name"`
	Shape      string `json:"shape"`
	Lines      int    `json:"lines"`
	Records    int    `json:"records"`
	Repeated   int    `json:"repeated"`
	Foreign    int    `json:"foreign"`
	Unreadable int    `json:"unreadable"`
}

// NewResourceLogs makes the report on what was read. Interrupted says that there was more.
func NewResourceLogs(s *monitor.Summary, interrupted bool) *ResourceLogs {
	doc := &ResourceLogs{
		Schema: LogsSchema, Interrupted: interrupted,
		Attempts:  LogCount{s.DeviceRecords, s.Failed},
		Service:   ServiceCalls(s.Service),
		Period:    Period{timestamp(s.First), timestamp(s.Last)},
		Devices:   LogDevices{s.Devices.Seen, s.Devices.Failing, s.Devices.Recovered, s.Devices.NeverSucceeded},
		Instances: []LogInstance{}, Protocols: []LogProtocol{}, Clusters: []Cluster{}, Changes: []OperatorChange{}, Inputs: []ResourceLogInput{}, Notes: []string{},
		Load: LogLoad{
			BusiestMinute: BusyMinute{timestamp(s.Load.BusiestMinute), s.Load.InBusiest},
			Instance:      Clean(s.Load.Instance), Limit: monitor.RegistrationsPerMinute, Throttled: s.Load.Throttled,
		},
		Timeline: newLogTimeline(&s.Timeline),
	}
	switch {
	case interrupted:
		doc.ExitCode = ExitInterrupted
	case s.Devices.Failing > 0 || s.Devices.Seen == 0 && s.Failed > 0:
		doc.ExitCode = ExitFault
	}
	for _, in := range s.Inputs {
		doc.Inputs = append(doc.Inputs, ResourceLogInput{Clean(in.Name), string(in.Shape), in.Lines, in.Records, in.Repeated, in.Foreign, in.Unreadable})
		doc.Records += in.Records - in.Repeated
		doc.Repeated += in.Repeated
		doc.Foreign += in.Foreign
		doc.Unreadable += in.Unreadable
	}
	for _, at := range s.Instances {
		doc.Instances = append(doc.Instances, LogInstance{
			Clean(at.Name), LogCount{at.Records, at.Failed}, at.Seen, at.Failing, BusyMinute{timestamp(at.BusiestMinute), at.InBusiest}, at.Throttled,
		})
	}
	for _, p := range s.Protocols {
		doc.Protocols = append(doc.Protocols, LogProtocol{Clean(p.Name), LogCount{p.Records, p.Failed}, p.Seen, p.Failing})
	}
	for i := range s.Clusters {
		doc.Clusters = append(doc.Clusters, newCluster(&s.Clusters[i], s))
	}
	for _, c := range s.Changes {
		doc.Changes = append(doc.Changes, OperatorChange{
			timestamp(c.Time), Clean(c.Operation), Clean(c.Type), Clean(c.ID), c.Count, Clean(c.Instance), c.Cluster + 1,
			int(s.Clusters[c.Cluster].Since.Sub(c.Time) / time.Minute),
		})
	}
	doc.addNotes(s)
	return doc
}

// ExitStatus implements [Document].
func (d *ResourceLogs) ExitStatus() int { return d.ExitCode }

// timestamp is a time as documents have it, "" for none.
func timestamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

func newCluster(k *monitor.Cluster, s *monitor.Summary) Cluster {
	pattern := patternOf(k, s)
	out := Cluster{
		HTTPStatus: k.Status, ErrorCode: k.Code, Protocol: Clean(k.Protocol), Message: Clean(k.Message), Result: Clean(k.Result),
		Devices: k.Devices, Failing: k.Failing, Worked: k.Worked, Records: k.Records,
		First: timestamp(k.First), Last: timestamp(k.Last), Since: timestamp(k.Since),
		Input: Clean(k.Input), Line: k.Line, Instances: cleanAll(k.Instances), Examples: []ClusterDevice{}, Causes: []Cause{}, Decide: []Decider{},
		Pattern: cleanAll(pattern.Observations()),
	}
	record := advice.Record{Status: k.Status, Code: k.Code, Message: k.Message, Protocol: k.Protocol, Before: pattern.Before()}
	for _, e := range k.Examples {
		record.Device = cmp.Or(record.Device, e.ID)
		out.Examples = append(out.Examples, ClusterDevice{Clean(e.ID), timestamp(e.Since), timestamp(e.Last), e.Records, e.Failing, timestamp(e.LastSucceeded)})
	}
	diagnosis := advice.DiagnoseRecord(record)
	for _, c := range diagnosis.Causes {
		out.Causes = append(out.Causes, newCause(c))
	}
	for _, step := range diagnosis.Decide {
		out.Decide = append(out.Decide, Decider{How: Clean(step.How), Command: Clean(step.Command)})
	}
	query := cmp.Or(k.Code, k.Status)
	out.Query = "dpsdiag kql clusters"
	if query != 0 {
		out.Explain = explainCommand(strconv.Itoa(query))
		out.Query = "dpsdiag kql " + strconv.Itoa(query)
	}
	return out
}

// patternOf says how the failures of a cluster are distributed over all devices.
func patternOf(k *monitor.Cluster, s *monitor.Summary) advice.Pattern {
	p := advice.Pattern{
		Status: k.Status, Devices: k.Devices, Failing: k.Failing, Worked: k.Worked, Late: k.Late, Protocol: k.Protocol,
		Succeeding: s.Devices.Seen - s.Devices.Failing,
	}
	for _, other := range s.Protocols {
		if strings.EqualFold(other.Name, k.Protocol) {
			p.OverProtocol += other.Seen
			continue
		}
		p.OverOthers += other.Seen
		p.FailingOverOthers += other.Failing
	}
	return p
}

func newLogTimeline(t *monitor.Timeline) LogTimeline {
	out := LogTimeline{Start: timestamp(t.Start), ColumnSeconds: int(t.Width / time.Second), Attempts: []int{}, Failed: []int{}, Clusters: [][]int{}}
	out.Attempts = append(out.Attempts, t.Total...)
	out.Failed = append(out.Failed, t.Bad...)
	out.Clusters = append(out.Clusters, t.Clusters...)
	return out
}

// addNotes says what the records cannot tell, as far as it matters for these: first what is odd about
// them, then what is so with all.
func (d *ResourceLogs) addNotes(s *monitor.Summary) {
	note := func(format string, args ...any) { d.Notes = append(d.Notes, Clean(fmt.Sprintf(format, args...))) }
	partial := false
	for _, in := range s.Inputs {
		partial = partial || in.Partial
	}
	if partial {
		note("the answer of a query says that it is incomplete: records are missing")
	}
	if name := nameThose(s.Inputs, func(in monitor.Input) bool { return in.BadGzip }); name != "" {
		note("%s: packed with gzip, and damaged or cut, so records are missing", name)
	}
	if s.Undated > 0 {
		note("%s without a time that can be read: counted, but not dated; of a device with both a success and a failure like that, the failure counts", haveHas(s.Undated, "record"))
	}
	for _, dayFirst := range []bool{false, true} {
		if text := unclearDates(s.Inputs, dayFirst); text != "" {
			note("%s", text)
		}
	}
	if s.Nameless > 0 {
		note("%s no device: they are counted as attempts only", nameName(s.Nameless))
	}
	if s.Apart > 0 {
		note("%s counted apart: the records do not say of which instance, and several have a device of that id", haveHas(s.Apart, "device"))
	}
	if s.UnknownResults {
		note("some results are not among those that Microsoft documents (Success, Failure, ClientError); they count as failures")
	}
	if s.DeviceRecords > 0 {
		note(noteAttested)
		note(noteUnreached)
	}
	if s.Failed > 0 {
		note(noteUnpublished)
	}
}

// The notes that are true of all records.
const (
	noteAttested    = "a success is one of attestation: whether a hub was assigned afterwards, these records do not say (dpsdiag kql not-at-hub)"
	noteUnreached   = "a device that does not reach the service leaves no record, and records come some minutes late"
	noteUnpublished = "Microsoft publishes no record of a refused device, so the causes rest on the status and the text of these"
)

// ownNotes are the notes that are true of these records alone, and change what is shown.
func (d *ResourceLogs) ownNotes() []string {
	return slices.DeleteFunc(slices.Clone(d.Notes), func(note string) bool {
		return slices.Contains([]string{noteAttested, noteUnreached, noteUnpublished}, note)
	})
}

// unclearDates says in which tables the order of day and month was guessed, "" if in none.
func unclearDates(inputs []monitor.Input, dayFirst bool) string {
	name := nameThose(inputs, func(in monitor.Input) bool { return in.DatesUnclear && in.DayFirst == dayFirst })
	if name == "" {
		return ""
	}
	order := "month"
	if dayFirst {
		order = "day"
	}
	return fmt.Sprintf("%s: no date tells whether the day or the month comes first, and the %s was assumed to. "+
		"A query with extend TimeGenerated=tostring(TimeGenerated) avoids this", name, order)
}

// nameThose names the first input of a kind and counts the others; it is "" if there is none.
func nameThose(inputs []monitor.Input, kind func(monitor.Input) bool) string {
	inputs = slices.DeleteFunc(slices.Clone(inputs), func(in monitor.Input) bool { return !kind(in) })
	switch len(inputs) {
	case 0:
		return ""
	case 1:
		return inputs[0].Name
	}
	return inputs[0].Name + " and " + plural(len(inputs)-1, "other input")
}

func haveHas(n int, thing string) string {
	if n == 1 {
		return "1 " + thing + " is"
	}
	return plural(n, thing) + " are"
}

func nameName(n int) string {
	if n == 1 {
		return "1 attempt names"
	}
	return plural(n, "attempt") + " name"
}
