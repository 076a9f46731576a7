package probe

import (
	"context"
	"encoding/json"

	"dpsdiag/internal/dps"
)

// register makes the register call, or the lookup instead of it, and retries as long as the
// service asks to come back later.
func (r *runner) register(ctx context.Context) Finding {
	if !r.acquire(ctx) {
		r.stop(EndTimeout)
		return failed("the run over another transport used the whole budget")
	}
	body, err := json.Marshal(r.request())
	if err != nil {
		r.stop(EndRefused)
		return failed("the request cannot be encoded: %v", err)
	}
	for attempt := 1; ; attempt++ {
		answer := r.call(ctx, body)
		if r.challenged(answer) {
			if f, ok := r.prove(ctx, answer); !ok {
				return f
			}
			answer = r.call(ctx, body)
		}
		if answer.Failure != nil {
			return r.noAnswer(answer.Failure)
		}
		if !comeBackLater(answer) {
			return r.judgeRegister(answer).with("challenge", flag(r.proved, answeredByTPM))
		}
		next := r.waitAfter(answer, attempt+1)
		if attempt == r.cfg.MaxAttempts || !r.wait(ctx, next) {
			r.stop(EndExhausted)
			return answerFinding(failed("%s, after %s", describeRefusal(answer), plural(attempt, "attempt")), answer)
		}
	}
}

// acquire takes the token that prevents two runs from registering at the same time.
func (r *runner) acquire(ctx context.Context) bool {
	r.held = r.takeTurn(ctx, r.registering, StageRegister)
	return r.held
}

func (r *runner) release() {
	if r.held {
		<-r.registering
		r.held = false
	}
}

func (r *runner) call(ctx context.Context, body []byte) Answer {
	if r.target.Mode == ModeLookup {
		return r.record(r.session.Lookup(ctx, body))
	}
	return r.record(r.session.Register(ctx, body))
}

// judgeRegister handles the final answer to register or lookup.
func (r *runner) judgeRegister(answer Answer) Finding {
	if answer.Status/100 != 2 || answer.Body.Operation == nil && answer.Body.Registration == nil {
		r.stop(EndRefused)
		return answerFinding(failed("%s", describeRefusal(answer)), answer)
	}
	r.last = answer
	if answer.Body.Registration != nil {
		return answerFinding(passed("the service knows this registration"), answer)
	}
	return answerFinding(passed("accepted"), answer).with("operation-id", answer.Body.Operation.OperationID)
}

// request returns the body of register and lookup.
func (r *runner) request() dps.Request {
	return dps.Request{RegistrationID: r.target.RegistrationID, TPM: r.tpmKeys(), Payload: r.cfg.Payload, CSR: r.csr()}
}
