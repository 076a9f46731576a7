package fleet

import (
	"net/http"
	"strconv"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// Result is how the probe of one device ended.
type Result struct {
	RegistrationID string            `json:"registration_id"`
	Verdict        advice.Verdict    `json:"verdict"`
	Cause          string            `json:"cause,omitempty"` // the likeliest, "" if there is none
	ErrorCode      int               `json:"error_code,omitempty"`
	Transport      probe.TransportID `json:"transport"`
	Stage          probe.StageID     `json:"stage,omitempty"`  // that failed
	Detail         string            `json:"detail,omitempty"` // of this stage
	AssignedHub    string            `json:"assigned_hub,omitempty"`
	DeviceID       string            `json:"device_id,omitempty"`
	EndedAt        time.Time         `json:"ended_at"`
	DurationMS     int64             `json:"duration_ms"`
	Retries        int               `json:"retries,omitempty"`   // calls and openings that were made again
	Throttled      int               `json:"throttled,omitempty"` // answers of status 429
	Warnings       []string          `json:"warnings,omitempty"`  // their ids
	// LookedUp says that the device was found registered: an earlier run had registered it.
	LookedUp bool `json:"looked_up,omitempty"`
}

// newResult judges the evidence of one probe.
func newResult(ev *probe.Evidence, ended time.Time) Result {
	d, run := advice.Diagnose(ev), &ev.Runs[0]
	r := Result{
		RegistrationID: ev.Target.RegistrationID, Verdict: d.Verdict, Transport: run.Transport,
		EndedAt: ended.UTC().Truncate(time.Millisecond), DurationMS: ev.Took.Milliseconds(),
	}
	if len(d.Causes) > 0 {
		r.Cause = d.Causes[0].ID.String()
	}
	if failed := run.FailedStage(); failed != nil {
		r.Stage, r.Detail = failed.Stage, failed.Detail
		r.ErrorCode = codeOf(run)
	}
	for _, w := range d.Warnings {
		r.Warnings = append(r.Warnings, w.ID)
	}
	for _, f := range run.Findings {
		if f.Outcome == probe.Warned {
			r.Warnings = append(r.Warnings, string(f.Stage))
		}
	}
	if state := run.Registration(); state != nil {
		r.AssignedHub, r.DeviceID = state.AssignedHub, state.DeviceID
	}
	r.count(run)
	return r
}

// codeOf is the six-digit code that the service ended a run with, 0 for none.
func codeOf(run *probe.Run) int {
	if last := run.LastAnswer(); last != nil && last.Body.Error != nil {
		return last.Body.Error.ErrorCode
	}
	if state := run.Registration(); state != nil && state.ErrorCode != 0 {
		return state.ErrorCode
	}
	if run.Opening != nil && run.Opening.Body.Error != nil {
		return run.Opening.Body.Error.ErrorCode
	}
	return 0
}

func (r *Result) count(run *probe.Run) {
	for _, w := range run.Waits {
		if w.Before != probe.OpStatus && w.Before != probe.OpHub || w.Reason == strconv.Itoa(http.StatusTooManyRequests) {
			r.Retries++
		}
	}
	for i := range run.Answers {
		if run.Answers[i].Status == http.StatusTooManyRequests {
			r.Throttled++
		}
	}
}

// accepted reports whether the service took a register call of a run, or may have: no answer
// to it arrived.
func accepted(run *probe.Run) bool {
	for i := range run.Answers {
		a := &run.Answers[i]
		if a.Op == probe.OpRegister && !a.Answered && (a.Failure != nil || a.Status/100 == 2) {
			return true
		}
	}
	return false
}

// lookupSays is what a lookup says about a device that may have been registered at a time.
type lookupSays int

const (
	notRegistered lookupSays = iota // register it
	underWay                        // ask again
	conclusive                      // the result of the lookup is the result
)

// readLookup reads the answer to a lookup. since is how long ago the device was noted before its
// registration. The age of a state is measured by the service's clock, if that is known: the local one, which
// now is read from, may have been set in between.
func readLookup(ev *probe.Evidence, since time.Duration, now time.Time) lookupSays {
	run := &ev.Runs[0]
	answer, state := run.LastAnswer(probe.OpLookup), run.Registration()
	switch {
	case answer == nil || answer.Failure != nil:
		return conclusive
	case answer.Status == http.StatusNotFound:
		return notRegistered
	case state == nil:
		return conclusive
	case state.Status == dps.StatusAssigning:
		return underWay
	case state.Status == dps.StatusUnassigned:
		return notRegistered
	}
	updated, err := time.Parse(time.RFC3339, state.LastUpdated)
	if err != nil {
		return conclusive // a state of unknown age: it is not registered a second time
	}
	if !answer.Date.IsZero() {
		now = answer.Date
	}
	const rounding = 2 * time.Second // the Date of an answer has whole seconds, and took time to arrive
	if now.Sub(updated) > since+rounding {
		return notRegistered
	}
	return conclusive
}
