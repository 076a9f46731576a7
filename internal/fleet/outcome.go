package fleet

import (
	"cmp"
	"slices"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
)

// maxExamples is how many devices a cluster names.
const maxExamples = 5

// Outcome is what a run learned, together with what its journal had.
type Outcome struct {
	Started time.Time // of the first run, if there is a journal
	Took    time.Duration
	Devices int // of the list
	Resumed int // finished by an earlier run
	// Totals counts the results by verdict. NotStarted devices have none.
	Totals     map[advice.Verdict]int
	NotStarted int
	Warned     int       // registered ones with warnings
	Clusters   []Cluster // largest first
	Retries    int
	Throttled  int // answers of status 429
	// Interrupted says that the run was cancelled.
	Interrupted bool
	// Unsaved is why the journal could not be written.
	Unsaved error
}

// Cluster is a group of devices that failed in the same way.
type Cluster struct {
	Verdict   advice.Verdict
	Cause     string // its id, "" if there is none
	ErrorCode int
	Transport probe.TransportID
	Stage     probe.StageID // of the first device, with its Detail
	Detail    string
	Devices   int
	Examples  []string // at most maxExamples registration ids
	// First and Last are when the first and the last of them ended.
	First, Last time.Time
}

func newOutcome(start time.Time, devices []Device) Outcome {
	return Outcome{Started: start, Devices: len(devices), Totals: map[advice.Verdict]int{}}
}

// finished is the number of results.
func (o *Outcome) finished() int {
	n := 0
	for _, count := range o.Totals {
		n += count
	}
	return n
}

// tried counts the calls of a device that is probed again.
func (o *Outcome) tried(r *Result) {
	o.Retries += r.Retries + 1
	o.Throttled += r.Throttled
}

// add adds a result.
func (o *Outcome) add(r *Result) {
	o.Totals[r.Verdict]++
	o.Retries += r.Retries
	o.Throttled += r.Throttled
	if r.Verdict == advice.Registered {
		if len(r.Warnings) > 0 {
			o.Warned++
		}
		return
	}
	at := slices.IndexFunc(o.Clusters, func(c Cluster) bool {
		return c.Verdict == r.Verdict && c.Cause == r.Cause && c.ErrorCode == r.ErrorCode && c.Transport == r.Transport
	})
	if at < 0 {
		at = len(o.Clusters)
		o.Clusters = append(o.Clusters, Cluster{
			Verdict: r.Verdict, Cause: r.Cause, ErrorCode: r.ErrorCode, Transport: r.Transport, Stage: r.Stage, Detail: r.Detail,
			First: r.EndedAt, Last: r.EndedAt,
		})
	}
	c := &o.Clusters[at]
	c.Devices++
	if len(c.Examples) < maxExamples {
		c.Examples = append(c.Examples, r.RegistrationID)
	}
	if r.EndedAt.Before(c.First) {
		c.First = r.EndedAt
	}
	if r.EndedAt.After(c.Last) {
		c.Last = r.EndedAt
	}
}

// sort puts the largest cluster first.
func (o *Outcome) sort() {
	slices.SortStableFunc(o.Clusters, func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(b.Devices, a.Devices), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.ErrorCode, b.ErrorCode))
	})
}

// Verdict is the verdict of the fleet: that of the worst device. A device that was not begun, or whose
// result may not be in the journal, counts as one without a verdict.
func (o *Outcome) Verdict() advice.Verdict {
	var all []advice.Verdict
	for v, n := range o.Totals {
		if n > 0 {
			all = append(all, v)
		}
	}
	switch {
	case o.Interrupted:
		all = append(all, advice.Interrupted)
	case o.NotStarted > 0 || o.Unsaved != nil:
		all = append(all, advice.NoVerdict)
	}
	return advice.Worst(all)
}
