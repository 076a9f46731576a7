package probe

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// registerAgain registers a second time, which writes the device's identity into the hub
// again. If that does not lead to a hub, it reports false, with the text of the finding.
func (r *runner) registerAgain(ctx context.Context, check *HubCheck) (Finding, bool) {
	refused := check.Last(HubAsk).Text
	side, f, ok := r.again(ctx, r.transport, ModeRegister, check)
	if !ok {
		r.stop(side.run.End)
		r.run.TPM = side.run.TPM
		f.Detail = fmt.Sprintf("%s refuses the device (%s), and it could not be registered again: %s", check.Hub, refused, f.Detail)
		return f, false
	}
	r.identity, r.last = side.identity, side.last // a TPM has a new key for the hub
	return Finding{}, true
}

// lookUpAgain requests the registration's state: the device may have been assigned to
// another hub in the meantime. The service offers that over HTTPS only. The result becomes
// a step; the hub is asked again in any case.
func (r *runner) lookUpAgain(ctx context.Context, check *HubCheck) {
	if side, _, ok := r.again(ctx, NewHTTPS(), ModeLookup, check); ok {
		r.last = side.last
	}
}

// again repeats all stages up to the service's answer and keeps the answer and the step. It
// reports whether the service named a hub.
func (r *runner) again(ctx context.Context, transport Transport, mode Mode, check *HubCheck) (*runner, Finding, bool) {
	start := time.Now()
	target := r.target
	target.Mode = mode
	side := newRunner(r.shared, transport, target, new(Run))
	defer side.close()
	f := side.provision(ctx)
	r.queued += side.queued
	r.run.Answers = slices.Concat(r.run.Answers, side.run.Answers)
	r.run.Waits = slices.Concat(r.run.Waits, side.run.Waits)
	if side.run.Issued != nil {
		r.run.Issued = side.run.Issued
	}
	step := HubStep{Action: HubRegister, Result: HubTaken, Took: time.Since(start) - side.queued, Text: f.Detail}
	if mode == ModeLookup {
		step.Action = HubLookup
	}
	_, registration := stateOf(side.last)
	switch {
	case f.Outcome == Failed:
		step.Result = HubFailed
	case registration == nil || registration.AssignedHub == "":
		step.Result, step.Text = HubFailed, "the service did not name the hub"
		f = failed("%s", step.Text)
		side.stop(EndRefused)
	default:
		step.Hub = registration.AssignedHub
	}
	check.Steps = append(check.Steps, step)
	return side, f, step.Result == HubTaken
}

// provision runs up to a final state of the registration. The finding is that of the last
// stage, or of the one that failed, which it then names.
func (r *runner) provision(ctx context.Context) Finding {
	if f, part := r.reach(ctx); part != "" {
		f.Detail = string(part) + ": " + f.Detail
		return f
	}
	var f Finding
	for _, part := range []stage{
		{StageOpen, always, (*runner).open},
		{StageRegister, always, (*runner).register},
		{StageAssign, always, (*runner).assign},
	} {
		if f = part.run(r, ctx); f.Outcome == Failed {
			f.Detail = string(part.id) + ": " + f.Detail
			break
		}
	}
	return f
}
