package advice

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// The sweep plays every answer that a peer can give, at every point of a registration, over every
// transport. It does not check which cause comes first, but that a failed run has a cause, and that no
// cause is one that an earlier answer has excluded.

// sweepPoint is a point at which a peer refuses.
type sweepPoint string

const (
	sweepOpen       sweepPoint = "open"
	sweepRegister   sweepPoint = "register"
	sweepPoll       sweepPoint = "poll"
	sweepState      sweepPoint = "state"      // of a registration that failed after it was accepted
	sweepConcurrent sweepPoint = "concurrent" // at register, while another transport registers
)

// sweepBodies are bodies by a name for the test's messages: those that matter most for every
// status, all kinds for some.
func sweepBodies(status int) map[string]dps.Body {
	bodies := map[string]dps.Body{
		"code of the class": serviceError(status*1000+999, "as it was"), "empty": {Kind: dps.BodyEmpty}, "page": dps.ParseBody([]byte(blockPage)),
	}
	if status%10 > 1 {
		return bodies
	}
	for name, text := range map[string]string{
		"text": "no", "binary": "\xff\x00", "array": "[1]", "cut": `{"errorCode":40`,
		"hub": `{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized","ExceptionMessage":"x"}`,
	} {
		bodies[name] = dps.ParseBody([]byte(text))
	}
	return bodies
}

func serviceError(code int, message string) dps.Body {
	return dps.Body{Kind: dps.BodyError, Error: &dps.ServiceError{ErrorCode: code, Message: message, TrackingID: "t-1"}}
}

// sweepCodes are the six-digit codes of the catalogue and some unknown ones.
func sweepCodes() []int {
	list := []int{400210, 400211, 400299, 400999, 401777, 403777, 404777, 409777, 412777, 415777, 418777, 429777, 500777, 299000, 1}
	for e := range codes.All() {
		var code int
		if _, err := fmt.Sscanf(e.Code, "%6d", &code); err == nil && code > 99999 && !slices.Contains(list, code) {
			list = append(list, code)
		}
	}
	return list
}

// sweepAnswers are the answers of a sweep: every status with every body, every code.
func sweepAnswers() map[string]probe.Answer {
	answers := map[string]probe.Answer{}
	for status := 300; status < 600; status++ {
		for name, body := range sweepBodies(status) {
			answers[fmt.Sprint(status, " ", name)] = probe.Answer{Status: status, Body: body}
		}
		if status < 400 {
			answers[fmt.Sprint(status, " redirect")] = probe.Answer{Status: status, Location: "https://login.example/", Body: dps.Body{Kind: dps.BodyEmpty}}
		}
	}
	for _, code := range sweepCodes() {
		for _, message := range []string{"", "Invalid RegistrationId"} {
			answers[fmt.Sprint("code ", code, " ", message)] = probe.Answer{Status: max(code/1000, 300), Body: serviceError(code, message)}
		}
	}
	for _, status := range []int{0, 100, 199, 200, 202, 204, 206, 299, 600, 999} {
		for name, body := range sweepBodies(status) {
			answers[fmt.Sprint(status, " ", name)] = probe.Answer{Status: status, Body: body}
		}
	}
	for e := range codes.All() {
		if e.Kind == codes.KindAMQP && strings.Contains(e.Code, ":") {
			answers["condition "+e.Code] = probe.Answer{Status: e.HTTPStatus, Condition: e.Code}
		}
	}
	answers["condition of nobody"] = probe.Answer{Condition: "vendor:no"}
	return answers
}

// at puts an answer at a point of a run over a transport. It reports false if that transport has no
// such point.
func (p sweepPoint) at(t probe.TransportID, a probe.Answer) (change, bool) {
	amqp := t == probe.AMQP || t == probe.AMQPWS
	if a.Condition != "" && !amqp {
		return nil, false
	}
	if t != probe.HTTPS && !tellingStatus(a.Status) {
		return nil, false // one transport is enough for a status that no rule handles differently from its neighbours
	}
	if odd := a.Body.Kind.Foreign() || a.Body.Error != nil && a.Body.Error.Message == ""; odd && p != sweepOpen && t != probe.HTTPS && t != probe.AMQP {
		return nil, false // two transports are enough for a body that no rule handles differently
	}
	end := ends(probe.EndRefused)
	if probe.PutsOff(a.Status) {
		end = ends(probe.EndExhausted)
	}
	a.Op = probe.OpRegister
	switch p {
	case sweepOpen:
		o, ok := sweepOpening(t, a)
		return session(t, o), ok
	case sweepRegister:
		return both(over(t), answer(a), end), true
	case sweepConcurrent:
		return both(over(t), answer(a), end, also(passes(other(t)))), true
	case sweepPoll:
		a.Op = probe.OpStatus
		return both(over(t), accept, answer(a), end), true
	}
	e := a.Body.Error
	if e == nil {
		return nil, false
	}
	return both(over(t), state(dps.StatusFailed, e.ErrorCode, e.Message)), true
}

// tellingStatus reports whether a status is one of the catalogue, not an HTTP status at all, or the
// last of a hundred, which represents all others.
func tellingStatus(status int) bool {
	return status < 300 || status > 599 || status%100 == 99 || codes.ByID(fmt.Sprint("http-", status)) != nil
}

// sweepOpening is the answer as a refusal of the session: that of a WebSocket, or of AMQP.
func sweepOpening(t probe.TransportID, a probe.Answer) (probe.Opening, bool) {
	switch {
	case a.Condition != "" || a.Body.Error != nil && t == probe.AMQP:
		condition := a.Condition
		if condition == "" {
			condition = "amqp:unauthorized-access"
		}
		return probe.Opening{Layer: probe.LayerAMQPOpen, Condition: condition, Body: a.Body}, true
	case t == probe.MQTTWS || t == probe.AMQPWS:
		return probe.Opening{Layer: probe.LayerWebSocket, Status: a.Status, Body: a.Body, Location: a.Location}, true
	}
	return probe.Opening{}, false
}

func other(t probe.TransportID) probe.TransportID {
	if t == probe.HTTPS {
		return probe.MQTT
	}
	return probe.HTTPS
}

// both combines several changes into one.
func both(changes ...change) change {
	return func(ev *probe.Evidence) {
		for _, alter := range changes {
			alter(ev)
		}
	}
}

// settledByAcceptance are the causes that are excluded when a service accepts a registration: those
// about the identity, its credential, its enrollment or the request.
func settledByAcceptance() []cause.ID {
	return []cause.ID{
		cause.SymmetricKeyMismatch, cause.GroupKeyNotDerived, cause.DerivedKeyIncorrect, cause.SASTokenMalformed, cause.SASTokenExpired,
		cause.DeviceClockWrong, cause.CertCNRegistrationIDMismatch, cause.CertExpired, cause.CertWrongRoleOrExtensions,
		cause.CertEnrollmentMismatch, cause.CertChainIncomplete, cause.CertNotTrustedByEnrollment, cause.CANotVerified,
		cause.ClientCertNotPresented, cause.EnrollmentNotFound, cause.WrongIDScope, cause.EnrollmentDisabled, cause.RegistrationIDInvalid,
		cause.AttestationMismatch, cause.PayloadInvalid, cause.APIVersionUnsupported, cause.WrongGlobalEndpoint, cause.PublicNetworkAccessDisabled,
		cause.TPMEKMismatch,
	}
}

// settled reports whether an earlier answer of the sweep's point has excluded those causes. A
// registration that failed with a code about the request is itself about the request.
func (p sweepPoint) settled(ev *probe.Evidence) bool {
	switch p {
	case sweepPoll, sweepConcurrent:
		return true
	case sweepState:
		return !refusalOf(run(ev)).ofRequest()
	}
	return false
}

func TestSweep(t *testing.T) {
	t.Parallel()
	answers := sweepAnswers()
	for _, transport := range everyTransport() {
		for _, point := range []sweepPoint{sweepOpen, sweepRegister, sweepPoll, sweepState, sweepConcurrent} {
			t.Run(fmt.Sprint(transport, " ", point), func(t *testing.T) {
				t.Parallel()
				where := host(ownHost)
				if point == sweepConcurrent {
					where = nothing
				}
				for name, a := range answers {
					alter, ok := point.at(transport, a)
					if !ok {
						continue
					}
					sweep(t, name+", key", point, refusedProbe(alter))
					sweep(t, name+", X.509", point, refusedProbe(device(above("Plant Intermediate")), alter, where))
				}
			})
		}
	}
}

// sweep checks one diagnosis of a run that the peer refused.
func sweep(t *testing.T, name string, point sweepPoint, ev *probe.Evidence) {
	t.Helper()
	d := Diagnose(ev)
	for _, c := range d.Causes {
		checkCause(t, name, d, c)
	}
	if d.Verdict != Fault && d.Verdict != RetryLater {
		return
	}
	if len(d.Causes) == 0 {
		t.Errorf("%s: %s without a cause", name, d.Verdict)
	}
	if !point.settled(ev) {
		return
	}
	for _, c := range d.Causes {
		if slices.Contains(settledByAcceptance(), c.ID) {
			t.Errorf("%s: %s, which an earlier answer excludes", name, c.ID)
		}
	}
}

// TestSweepOfTransports: the refusals that only MQTT and AMQP have at opening, and every way of
// getting no answer.
func TestSweepOfTransports(t *testing.T) {
	t.Parallel()
	for _, transport := range everyTransport() {
		for _, test := range openings(transport) {
			for who, identity := range map[string]change{"key": key(64), "X.509": device(), "TPM": chip()} {
				refused := both(identity, session(transport, test.opening), ends(test.end), func(ev *probe.Evidence) {
					if test.opening.Failure != nil {
						run(ev).Opening.Refusal = ""
					}
				})
				name := fmt.Sprint(transport, ": ", test.name, ", ", who)
				sweep(t, name, sweepOpen, refusedProbe(refused))
				sweep(t, name+", own host", sweepOpen, refusedProbe(refused, host(ownHost)))
				sweep(t, name+", with another transport", sweepConcurrent, refusedProbe(refused, also(passes(other(transport)))))
			}
		}
	}
}
