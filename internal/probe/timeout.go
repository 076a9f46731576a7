package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/netfail"
)

// Timeout records that the budget of the probe ran out, and what the probe was doing then.
type Timeout struct {
	Stage  StageID
	Budget time.Duration
	// Ahead is true if the budget was not over yet, but too short for the pause before the next
	// call.
	Ahead bool
}

// String describes it with the name of the flag that sets the budget.
func (t Timeout) String() string {
	if t.Ahead {
		return fmt.Sprintf("the --timeout of %s left no time to ask again while %s", duration.Text(t.Budget), t.Stage.underWay())
	}
	return fmt.Sprintf("the --timeout of %s ran out while %s", duration.Text(t.Budget), t.Stage.underWay())
}

// underWay describes the work of a stage.
func (s StageID) underWay() string {
	switch s {
	case StageResolve:
		return "the name was being resolved"
	case StageConnect:
		return "a connection was being made"
	case StageTLS:
		return "the TLS handshake was under way"
	case StageOpen:
		return "the session was being opened"
	case StageRegister:
		return "waiting for the answer to the call"
	case StageAssign:
		return "the registration was being processed"
	case StageHub:
		return "the assigned hub was being asked"
	}
	return "the probe was under way"
}

// noteTimeout records that a failed stage ended with the budget, and adds this to the
// finding. A stage that was refused in time does not count.
func (r *runner) noteTimeout(ctx context.Context, id StageID, f Finding) Finding {
	if f.Outcome != Failed || !r.outOfTime(ctx, id) {
		return f
	}
	r.run.OutOfTime = &Timeout{Stage: id, Budget: r.cfg.Budget, Ahead: ended(ctx) == nil}
	f.Detail = fmt.Sprintf("%s; %s", f.Detail, r.run.OutOfTime)
	return f
}

func (r *runner) outOfTime(ctx context.Context, id StageID) bool {
	switch {
	case r.run.End == EndUnanswered:
		return true
	case !errors.Is(ended(ctx), context.DeadlineExceeded):
		return false
	case r.run.End == EndTimeout:
		return true
	}
	switch id {
	case StageResolve:
		res := r.run.Resolution
		return res != nil && res.Failure != nil && res.Failure.Kind == netfail.ResolverTimeout || r.proxySilent()
	case StageConnect:
		return unansweredDial(r.run.Dials) || r.proxySilent()
	case StageHub:
		return r.run.Hub != nil && r.run.End == EndRefused && unansweredDial(r.run.Hub.Path.Dials)
	}
	return false
}

// almostOver is how long before its deadline a call may fail by it.
const almostOver = 20 * time.Millisecond

// ended returns why ctx ended, nil if it has not. The network compares the deadline with the clock
// itself, so a call can fail by it a moment before ctx ends; ended waits for that moment.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < almostOver {
		<-ctx.Done()
	}
	return ctx.Err()
}

// proxySilent reports whether the proxy gave no answer.
func (r *runner) proxySilent() bool {
	a := r.run.ProxyFailed()
	return a != nil && a.Failure.Net != nil && (a.Failure.Net.Kind == netfail.Timeout || a.Failure.Net.Kind == netfail.ResolverTimeout)
}

// unansweredDial reports whether the last address gave no answer.
func unansweredDial(dials []Dial) bool {
	if len(dials) == 0 {
		return false
	}
	f := dials[len(dials)-1].Failure
	return f != nil && f.Kind == netfail.Timeout
}
