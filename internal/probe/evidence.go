package probe

import (
	"slices"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/inspect"
	"dpsdiag/internal/proxy"
	"dpsdiag/internal/tpm"
)

// Evidence is everything that a probe learned. A nil pointer or an empty slice means "not
// learned", never "no". All runs and findings are present even after a failure, a timeout
// or an interruption: every run has one finding per stage.
type Evidence struct {
	Started time.Time     // by the local clock
	Took    time.Duration // the whole probe
	Target  Target
	Inputs  Inputs
	Runs    []Run // one per transport, in the requested order
	// Origins are the sources of the settings; nil if they are not known.
	Origins []Origin
	// Service is the service's side, which the caller of Do adds if it was read; nil otherwise.
	Service *inspect.Findings
}

// Origin describes the source of a setting.
type Origin struct {
	Name   string // the name of the setting, such as id_scope
	From   string // the place: a flag, an environment variable, a line of a file
	Source string // the file or the environment of the place; "" for a flag
}

// Target describes what was probed, as text for a report.
type Target struct {
	Endpoint       dps.Endpoint
	Scope          string
	RegistrationID string
	Attestation    AttestationKind
	APIVersion     string
	Mode           Mode
	Signing        bool // a certificate was requested
	ExtraRoots     bool // --ca-file added trust anchors to those of the system
	// Asked are the flags of this probe that another probe has to repeat; nil if they are not
	// known.
	Asked []Flag
}

// Flag is one flag of a command line.
type Flag struct {
	Name  string // with its dashes
	Value string // "" for a switch; a word in capitals for a value that is not to be shown
}

// Mode is how many stages a probe runs.
type Mode string

// Register runs every stage. Preflight stops before the register call and Lookup requests
// the registration's state; both change nothing in the service.
const (
	ModeRegister  Mode = "register"
	ModePreflight Mode = "preflight"
	ModeLookup    Mode = "lookup"
	// ModeHub asks a hub that the device was assigned to before, and ModeResume polls a
	// registration that was accepted before.
	ModeHub    Mode = "hub"
	ModeResume Mode = "resume"
)

// Run is the evidence of one transport.
type Run struct {
	Transport  TransportID
	Findings   []Finding // exactly one per stage, in the order of Stages
	Route      Route
	Resolution *Resolution     // of the service's host, or of the proxy's
	Dials      []Dial          // one per address tried, in order
	Tunnels    []proxy.Attempt // the proxy's answers, one per connection to it
	ProxyTrial *proxy.Attempt  // whether a configured but unused proxy connects; nil if not tried
	TLS        *Handshake
	Clock      *Clock
	Opening    *Opening
	Answers    []Answer // every answer of the service, in order, polls included
	Waits      []Wait
	// TPM is why the device's TPM could not answer the service. It is nil if the TPM answered
	// or was not asked. A TPM that fails before any packet is in Inputs instead.
	TPM *tpm.Error
	// Issued is the certificate that the service issued last; nil if it issued none.
	Issued *Issued
	Hub    *HubCheck // the assigned hub's answer about the device; nil if it was not asked
	// OutOfTime says what the run was doing when the budget ran out. It is nil if the budget
	// lasted or the run had its answer by then.
	OutOfTime *Timeout
	End       End
}

// End says how a run came to its end.
type End string

// A run is Complete if it got a final answer or passed every requested stage. The other
// values say why it did not.
const (
	EndComplete    End = "complete"
	EndRefused     End = "refused"     // the service, the peer, the network or the device's own TPM refused
	EndExhausted   End = "exhausted"   // told to come back later (429, 5xx) until the retries ran out
	EndTimeout     End = "timeout"     // the budget ran out, or a peer did not answer
	EndCut         End = "cut"         // the connection was cut before an answer
	EndInterrupted End = "interrupted" // the user interrupted
	EndUnanswered  End = "unanswered"  // still assigning when the budget ran out
	EndNoSocket    End = "no-socket"   // this machine could open no connection (netfail.Local)
)

// Finding is the outcome of one stage on one transport.
type Finding struct {
	Stage   StageID
	Outcome Outcome
	Took    time.Duration
	Detail  string   // one line for a person
	Needs   StageID  // for Skipped: the stage whose failure prevented this one
	Facts   []Fact   // for the report, in order
	Steps   []string // the steps of the stage, one line each; nil if it has only one step
}

// Fact is a named detail of a finding, for people and scripts.
type Fact struct{ Name, Value string }

// Outcome is how a stage ended.
type Outcome string

// The five outcomes. Skipped means that an earlier stage failed; NotApplicable means that
// this probe does not include the stage.
const (
	Passed        Outcome = "passed"
	Warned        Outcome = "warned"
	Failed        Outcome = "failed"
	Skipped       Outcome = "skipped"
	NotApplicable Outcome = "not-applicable"
)

// Find returns the finding of a stage.
func (r *Run) Find(id StageID) *Finding {
	for i := range r.Findings {
		if r.Findings[i].Stage == id {
			return &r.Findings[i]
		}
	}
	return nil
}

// FailedStage returns the first finding that failed, or nil.
func (r *Run) FailedStage() *Finding {
	for i := range r.Findings {
		if r.Findings[i].Outcome == Failed {
			return &r.Findings[i]
		}
	}
	return nil
}

// cutIn is the stage in which the connection to the service was cut, "" if it was not.
func (r *Run) cutIn() StageID {
	failed := r.FailedStage()
	if r.End != EndCut || failed == nil || failed.Stage == StageHub {
		return ""
	}
	return failed.Stage
}

// reached reports whether the run came to a stage and got an answer there.
func (r *Run) reached(id StageID) bool {
	failed := r.FailedStage()
	if failed == nil {
		return true
	}
	order := Stages()
	at, wanted := slices.Index(order, failed.Stage), slices.Index(order, id)
	return at > wanted || at == wanted && r.End != EndTimeout
}

// LastAnswer returns the last answer to one of ops, or to any call if ops is empty. It
// returns nil if there is none. A missing answer (Failure) counts.
func (r *Run) LastAnswer(ops ...Operation) *Answer {
	for i := range slices.Backward(r.Answers) {
		if len(ops) == 0 || slices.Contains(ops, r.Answers[i].Op) {
			return &r.Answers[i]
		}
	}
	return nil
}

// Registration returns the last registration state that the service sent, or nil.
func (r *Run) Registration() *dps.Registration {
	for _, answer := range slices.Backward(r.Answers) {
		switch body := answer.Body; {
		case body.Registration != nil:
			return body.Registration
		case body.Operation != nil && body.Operation.Registration != nil:
			return body.Operation.Registration
		}
	}
	return nil
}

// Attempts returns the number of register or lookup calls.
func (r *Run) Attempts() int {
	n := 0
	for i := range r.Answers {
		if r.Answers[i].Op != OpStatus {
			n++
		}
	}
	return n
}
