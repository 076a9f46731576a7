package advice

import (
	"net/http"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// verdictOf judges how one run ended.
func verdictOf(mode probe.Mode, run *probe.Run) Verdict {
	switch run.End {
	case probe.EndInterrupted:
		return Interrupted
	case probe.EndNoSocket:
		return NoVerdict
	case probe.EndExhausted:
		return RetryLater
	case probe.EndComplete:
		return completed(mode, run)
	case probe.EndRefused:
		if hurried(run) || run.OutOfTime != nil {
			return NoVerdict
		}
		return refused(mode, run)
	}
	if failed := run.FailedStage(); failed != nil && !muteProxy(run) && (failed.Stage == probe.StageResolve || failed.Stage == probe.StageConnect) {
		return Fault // the network refused the connection, even if only by not answering
	}
	return NoVerdict
}

// patience is how long the network must have been silent before that means anything: a lost
// SYN is sent again after a second (RFC 6298, 2).
const patience = time.Second

// hurried reports whether the budget left the network no time to answer.
func hurried(run *probe.Run) bool {
	failed := run.FailedStage()
	if failed == nil || failed.Took == 0 || failed.Took >= patience {
		return false
	}
	silent := func(d probe.Dial) bool { return d.Failure != nil && d.Failure.Kind == netfail.Timeout }
	switch failed.Stage {
	case probe.StageResolve:
		return run.Resolution != nil && run.Resolution.Failure != nil && run.Resolution.Failure.Kind == netfail.ResolverTimeout
	case probe.StageConnect:
		return len(run.Dials) > 0 && silent(run.Dials[len(run.Dials)-1])
	}
	return false
}

// completed judges a run that completed: reaching the requested end is a success.
func completed(mode probe.Mode, run *probe.Run) Verdict {
	switch {
	case run.FailedStage() != nil:
		return Fault
	case mode == probe.ModePreflight || assigned(run):
		return Registered
	}
	return NoVerdict
}

// refused judges a run that was refused. A state that may still change is not a verdict, and a call or a
// session that the service postponed should be repeated. A device that has not registered yet is not a
// fault either.
func refused(mode probe.Mode, run *probe.Run) Verdict {
	r := refusalOf(run)
	switch {
	case mode == probe.ModeLookup && r.unregistered():
		return NoVerdict // a device that has not registered yet may still be able to
	case mode == probe.ModeResume && r.class() == http.StatusNotFound && !accepted(run):
		return NoVerdict // the service forgets operations, which says nothing about the device
	case r == nil && pending(stateOf(run.LastAnswer())):
		return NoVerdict
	case r != nil && r.state == "" && probe.PutsOff(r.status):
		return RetryLater
	}
	return Fault
}

// pending reports a state of registration that is not final.
func pending(s dps.Status) bool { return s == dps.StatusAssigning || s == dps.StatusUnassigned }

// Worst is the verdict of several runs or devices: an interruption hides what the others would have
// shown, otherwise a fault counts most, and only if all are registered is the verdict registered.
func Worst(runs []Verdict) Verdict {
	worst := Registered
	for _, v := range runs {
		if gravity(v) > gravity(worst) {
			worst = v
		}
	}
	if len(runs) == 0 {
		return NoVerdict
	}
	return worst
}

func gravity(v Verdict) int {
	switch v {
	case Registered:
		return 0
	case NoVerdict:
		return 1
	case RetryLater:
		return 2
	case Fault:
		return 3
	}
	return 4
}
