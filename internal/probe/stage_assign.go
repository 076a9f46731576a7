package probe

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"dpsdiag/internal/dps"
)

// assign polls the registration until its final state.
func (r *runner) assign(ctx context.Context) Finding {
	defer r.release()
	for polls := 0; ; polls++ {
		status, registration := stateOf(r.last)
		if !pending(status) || r.target.Mode == ModeLookup {
			return r.takeHubKey(ctx, r.judgeAssign(status, registration, polls))
		}
		answer, ok := r.poll(ctx, polls+1)
		if !ok {
			return r.stillAssigning(polls)
		}
		if f, ended := r.judgePoll(answer); ended {
			return f
		}
		r.last = answer
	}
}

// pending reports the states in which a client keeps polling; the C# and Java SDKs also do
// so for unassigned.
func pending(s dps.Status) bool { return s == dps.StatusAssigning || s == dps.StatusUnassigned }

// poll requests the operation's state after the pause that the service asked for, and
// repeats while the service says to come back later. It reports false if the budget is too
// short for the pause.
func (r *runner) poll(ctx context.Context, number int) (Answer, bool) {
	operation := r.last.Body.Operation
	wait := Wait{Before: OpStatus, For: r.pace.beforePoll(r.last.RetryAfter, number), Attempt: number, Reason: string(operation.Status)}
	wait.Asked = r.last.RetryAfter.metBy(wait.For)
	for attempt := 1; r.wait(ctx, wait); attempt++ {
		answer := r.record(r.session.Status(ctx, operation.OperationID))
		if !comeBackLater(answer) || attempt == r.cfg.MaxAttempts {
			return answer, true
		}
		wait = r.waitAfter(answer, number)
	}
	return Answer{}, false
}

// waitAfter waits after an answer that said to come back later.
func (r *runner) waitAfter(a Answer, attempt int) Wait {
	wait := Wait{Before: a.Op, For: r.pace.afterRefusal(a.RetryAfter), Attempt: attempt, Reason: strconv.Itoa(a.Status)}
	wait.Asked = a.RetryAfter.metBy(wait.For)
	return wait
}

// judgePoll ends the stage on a poll without a registration state.
func (r *runner) judgePoll(answer Answer) (Finding, bool) {
	switch {
	case answer.Failure != nil:
		return r.noAnswer(answer.Failure), true
	case comeBackLater(answer):
		r.stop(EndExhausted)
	case answer.Status/100 != 2 || answer.Body.Operation == nil:
		r.stop(EndRefused)
	default:
		return Finding{}, false
	}
	return answerFinding(failed("the status poll: %s", describeRefusal(answer)), answer), true
}

func (r *runner) stillAssigning(polls int) Finding {
	r.stop(EndUnanswered)
	return failed("still %s after %s", dps.StatusAssigning, plural(polls, "poll"))
}

func (r *runner) judgeAssign(status dps.Status, reg *dps.Registration, polls int) Finding {
	var f Finding
	if reg == nil {
		reg = &dps.Registration{}
	}
	switch {
	case status == dps.StatusAssigned:
		f = r.takeIssued(r.assignedFinding(reg), reg)
	case reg.ErrorCode != 0:
		r.stop(EndRefused)
		f = failed("%s: %d %s", status, reg.ErrorCode, reg.ErrorMessage)
	default:
		r.stop(EndRefused)
		f = failed("the registration is %s", status)
	}
	return f.with("status", string(status)).with("substatus", reg.Substatus).with("assigned-hub", reg.AssignedHub).
		with("device-id", reg.DeviceID).with("error-code", nonZero(reg.ErrorCode)).with("error-message", reg.ErrorMessage).
		with("polls", nonZero(polls))
}

// assignedFinding says where the device was assigned, with a warning if the answer does not
// come from the service.
func (r *runner) assignedFinding(reg *dps.Registration) Finding {
	switch to := fmt.Sprintf("assigned to %s as %s", reg.AssignedHub, reg.DeviceID); {
	case reg.AssignedHub == "":
		return warned("assigned, but the answer names no hub")
	case reg.RegistrationID != "" && !strings.EqualFold(reg.RegistrationID, r.target.RegistrationID):
		return warned("%s; the answer is about the registration %s", to, reg.RegistrationID)
	case r.strangeHub(reg.AssignedHub):
		return warned("%s; hubs in Azure have other names, and the service is in Azure", to)
	default:
		return passed("%s", to)
	}
}
