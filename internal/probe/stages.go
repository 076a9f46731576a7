package probe

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
)

// stage is one step of a probe.
type stage struct {
	id StageID
	// notApplicable says why a probe never runs the stage, "" when it does.
	notApplicable func(Config) string
	run           func(*runner, context.Context) Finding
}

// stages lists every stage in order: the table of contents of a probe.
func stages() []stage {
	return []stage{
		{StageInputs, always, (*runner).inspect},
		{StageResolve, always, (*runner).resolve},
		{StageConnect, always, (*runner).connect},
		{StageTLS, always, (*runner).handshakeTLS},
		{StageOpen, always, (*runner).open},
		{StageRegister, unlessPreflight, (*runner).register},
		{StageAssign, unlessPreflight, (*runner).assign},
		{StageHub, unlessUnasked, (*runner).checkHub},
	}
}

func always(Config) string { return "" }

func unlessPreflight(c Config) string {
	if c.Mode == ModePreflight {
		return "not asked for: preflight stops before it"
	}
	return ""
}

func unlessUnasked(c Config) string {
	if c.CheckHub {
		return unlessPreflight(c)
	}
	return cmp.Or(c.NoHub, "the assigned hub was not asked")
}

// inspect reports what is known before any packet.
func (r *runner) inspect(context.Context) Finding {
	if f, ended := r.inspectTPM(); ended {
		return f
	}
	in := r.inputs
	f := passed("%s", describeInputs(in, r.target))
	switch n := len(in.Warnings); {
	case n == 1:
		f = warned("%s", in.Warnings[0].Detail)
	case n > 1:
		f = warned("%s; and %d more, see warnings", in.Warnings[0].Detail, n-1)
	}
	return f.with("attestation", string(r.target.Attestation)).with("identity", describeInputs(in, r.target)).withTPMFacts(in.TPM)
}

func describeInputs(in *Inputs, target Target) string {
	switch {
	case in.Certificate != nil:
		leaf := in.Certificate.Leaf
		return fmt.Sprintf("certificate %q %s, valid until %s", certchain.Name(leaf), describeChain(in.Certificate.Chain), day(leaf.NotAfter))
	case in.Token != nil:
		return fmt.Sprintf("SAS token, valid until %s", in.Token.Expiry.Format(time.RFC3339))
	case in.Key != nil && in.Key.Derived:
		return fmt.Sprintf("device key derived from a group key of %d bytes", in.Key.Size)
	case in.Key != nil:
		return fmt.Sprintf("symmetric key of %d bytes", in.Key.Size)
	case in.TPM != nil:
		return describeTPM(in.TPM)
	}
	return string(target.Attestation)
}

func describeChain(chain []*x509.Certificate) string {
	switch len(chain) {
	case 0:
		return "alone"
	case 1:
		return "and its issuer"
	}
	return fmt.Sprintf("and %d issuers", len(chain))
}

// inspectSettings adds the warnings that do not depend on the attestation.
func (in *Inputs) inspectSettings(target Target, payload json.RawMessage) {
	// An empty id was to come from the TPM, which says itself why it could not tell.
	if in.TPM == nil || target.RegistrationID != "" {
		in.remark(cause.RegistrationIDInvalid, dps.CheckRegistrationID, target.RegistrationID)
	}
	in.remark(cause.WrongIDScope, dps.CheckIDScope, target.Scope)
	if len(payload) > 0 && payload[0] != '{' {
		in.warn(cause.PayloadInvalid, "the payload is not a JSON object, which the service's documentation asks for")
	}
}

// preferRemarks puts the remarks in front and drops the warnings that they stand for.
func (in *Inputs) preferRemarks(remarks []Warning) {
	own := slices.DeleteFunc(in.Warnings, func(w Warning) bool {
		return slices.ContainsFunc(remarks, func(r Warning) bool { return r.ID == w.ID })
	})
	in.Warnings = slices.Concat(remarks, own)
}

// remark warns of what check finds odd about a setting.
func (in *Inputs) remark(id cause.ID, check func(string) ([]string, error), value string) {
	remarks, err := check(value)
	if err != nil {
		in.warn(id, "%v", err)
	}
	for _, remark := range remarks {
		in.warn(id, "%s", remark)
	}
}

// register makes the register call, or the lookup in its place, as often as the service
// asks to come back.
func (r *runner) register(ctx context.Context) Finding {
	if !r.acquire(ctx) {
		r.stop(EndTimeout)
		return failed("the run over another transport took the whole budget")
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

// acquire takes the token that keeps two runs from registering at once.
func (r *runner) acquire(ctx context.Context) bool {
	select {
	case r.registering <- struct{}{}:
		r.held = true
		return true
	case <-ctx.Done():
		return false
	}
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

// judgeRegister takes the answer to register or lookup that will not be asked again.
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

// assign follows the registration to its final state.
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

// pending reports the states in which a client polls on; the C# and Java SDKs do so on
// unassigned too.
func pending(s dps.Status) bool { return s == dps.StatusAssigning || s == dps.StatusUnassigned }

// poll asks for the operation's state after the pause the service asked for, again while
// it says to come back later. It reports false when the budget does not allow the pause.
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

// waitAfter is the pause after an answer that said to come back later.
func (r *runner) waitAfter(a Answer, attempt int) Wait {
	wait := Wait{Before: a.Op, For: r.pace.afterRefusal(a.RetryAfter), Attempt: attempt, Reason: strconv.Itoa(a.Status)}
	wait.Asked = a.RetryAfter.metBy(wait.For)
	return wait
}

// judgePoll ends the stage on a poll that has no registration to go on from.
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
		f = r.assignedFinding(reg)
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

// assignedFinding says where the device was assigned to, with a warning where the answer is
// not one of the service.
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

// stateOf returns the state an answer tells; status is "" when it tells none.
func stateOf(a Answer) (dps.Status, *dps.Registration) {
	switch {
	case a.Body.Operation != nil:
		return a.Body.Operation.Status, a.Body.Operation.Registration
	case a.Body.Registration != nil:
		return a.Body.Registration.Status, a.Body.Registration
	}
	return "", nil
}

// comeBackLater reports the answers that every SDK treats as transient: 429 and 5xx.
func comeBackLater(a Answer) bool { return a.Failure == nil && PutsOff(a.Status) }

// PutsOff reports an HTTP status by which a service asks to come back later. 511 is none:
// a gateway on the way gives it to those who have not signed in (RFC 6585, section 6).
func PutsOff(status int) bool {
	return status == http.StatusTooManyRequests || status/100 == 5 && status != http.StatusNetworkAuthenticationRequired
}

// describeRefusal sums an answer up in one line.
func describeRefusal(a Answer) string {
	switch b := a.Body; {
	case b.Error != nil:
		return fmt.Sprintf("%d: %d %s", a.Status, b.Error.ErrorCode, b.Error.Message)
	case a.Condition != "":
		return describeCondition(a.Condition, b)
	case b.Challenge != nil:
		return fmt.Sprintf("%d: the service challenges a TPM", a.Status)
	case a.TooLarge:
		return fmt.Sprintf("%d with a body of more than %d bytes", a.Status, MaxBody)
	case a.Location != "":
		return fmt.Sprintf("%d: redirected to %s", a.Status, a.Location)
	case b.Kind == dps.BodyEmpty:
		return fmt.Sprintf("%d without a body", a.Status)
	case b.Kind.Foreign():
		return fmt.Sprintf("%d with a body that the service does not send (%s)", a.Status, b.Kind)
	}
	return strconv.Itoa(a.Status)
}

// answerFinding adds the facts of an answer to a finding.
func answerFinding(f Finding, a Answer) Finding {
	f = f.with("http-status", nonZero(a.Status)).with("condition", a.Condition).withError(a.Body.Error)
	if a.RetryAfter != nil {
		f = f.with("retry-after", a.RetryAfter.Text)
	}
	if a.Body.Excerpt != "" {
		f = f.with("body", a.Body.Excerpt)
	}
	if a.Unacknowledged {
		f = f.with("acknowledged", "no")
	}
	return f.with("stray-answers", nonZero(a.Strays)).with("request-id", a.RequestID).with("redirect", a.Location).with("server", a.Server)
}

// withError adds the facts of an error body, if there is one.
func (f Finding) withError(e *dps.ServiceError) Finding {
	if e == nil {
		return f
	}
	return f.with("error-code", nonZero(e.ErrorCode)).with("message", e.Message).with("tracking-id", e.TrackingID)
}

func nonZero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
