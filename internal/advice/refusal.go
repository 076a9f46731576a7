package advice

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// Error codes of a registration that failed after the device was authenticated: the service could not
// allocate a hub. They come in an answer of status 200 (azure-sdk-for-c sdk/tests/iot/provisioning,
// azure-iot-sdk-c prov_device_ll_client.c; the last one is the hub's, GitHub issue
// hashicorp/terraform-provider-azurerm#10224).
const (
	codeCustomAllocation = 400207
	codeNoHub            = 400208
	codeHubUnauthorized  = 400209
	codeHubNotFound      = 401001
)

// allocating reports the range of the codes of an allocation that failed. Not all of them
// are documented.
func allocating(code int) bool { return code/100 == codeCustomAllocation/100 }

// codeNoRegistration answers a lookup of a device that has not registered.
const codeNoRegistration = 404202

// refusal is how the service, or a peer that answered instead of it, refused a call, a registration
// or, before any call, the session.
type refusal struct {
	equivalent                // for a call only the status, and the term and entry of its condition
	opening    *probe.Opening // what refused the session; nil when a call was refused
	condition  string         // AMQP error condition, "" elsewhere
	code       int            // six-digit error code, 0 for none
	inHeader   bool           // the code is in a header only
	message    string
	state      dps.Status // final state of the registration; "" when a call was refused
	body       dps.BodyKind
	location   string // the target of a redirect
}

// refusalOf returns the refusal that ended the run, or nil. A missing answer, a pending state, an
// assignment and a challenge that the TPM answered are not refusals; neither is a failure of the
// device's own TPM, or anything after an assignment.
func refusalOf(run *probe.Run) *refusal {
	last := run.LastAnswer()
	switch {
	case run.TPM != nil || run.Hub != nil:
		return nil
	case last == nil:
		return refusalOfOpening(run.Opening)
	case last.Failure != nil || last.Answered:
		return nil
	}
	r := &refusal{condition: last.Condition, location: last.Location}
	if r.condition != "" {
		r.equivalent = readCondition(r.condition)
	}
	r.status = last.Status
	if last.Body.Operation != nil || last.Body.Registration != nil {
		r.body = last.Body.Kind
		return r.ofState(stateOf(last), run.Registration())
	}
	r.readBody(last.Body)
	r.readHeader(last)
	return r
}

// readHeader takes the error from the header of an answer whose body does not have it: a gateway may
// have replaced the body.
func (r *refusal) readHeader(a *probe.Answer) {
	if code := a.HeaderCode(); r.code == 0 && code != 0 && a.Body.Challenge == nil && a.Body.Hub == nil {
		r.code, r.inHeader = code, true
	}
}

// readBody reads the body of an answer. The description of an AMQP error may be any text, so only a
// web page is foreign there.
func (r *refusal) readBody(b dps.Body) {
	r.body = b.Kind
	switch {
	case b.Error != nil:
		r.code, r.message = b.Error.ErrorCode, b.Error.Message
	case b.Hub != nil:
		r.message = b.Hub.Message
	case b.Challenge != nil:
		r.message = b.Challenge.Message
	case r.condition != "" && b.Kind != dps.BodyHTML:
		r.body, r.message = dps.BodyEmpty, b.Excerpt
	}
}

// ofState makes r the refusal of a registration that ended in a state, or returns nil if the state is
// not a failure.
func (r *refusal) ofState(state dps.Status, reg *dps.Registration) *refusal {
	switch state {
	case dps.StatusAssigned, dps.StatusAssigning, dps.StatusUnassigned:
		return nil
	}
	r.state = state
	if reg != nil {
		r.code, r.message = reg.ErrorCode, reg.ErrorMessage
	}
	return r
}

// stateOf returns the state of the registration in an answer, "" if it has none.
func stateOf(a *probe.Answer) dps.Status {
	switch {
	case a == nil:
	case a.Body.Operation != nil:
		return a.Body.Operation.Status
	case a.Body.Registration != nil:
		return a.Body.Registration.Status
	}
	return ""
}

// entries are the catalogue entries for the refusal of a device with such a credential, most specific
// first.
func (r *refusal) entries(kind probe.AttestationKind) []*codes.Entry {
	switch {
	case r.state != "":
		return r.endEntries()
	case r.signIn():
		return nil
	case r.body == dps.BodyChallenge:
		return entryByID("dps-tpm-challenge")
	case r.ofHandshake():
		return r.handshakeEntries(kind)
	case r.foreign() && r.status/100 != 5 && r.status != http.StatusProxyAuthRequired:
		return nil // the status comes from another server and does not mean what it means for the service
	case r.entry != "" && r.code == 0:
		return r.ownEntries(kind)
	}
	return r.replyEntries()
}

// replyEntries are the entries for an answer, by its status, code and message.
func (r *refusal) replyEntries() []*codes.Entry {
	return append(codes.ForReply(r.status, r.code, r.message), entryByID(r.entry)...)
}

// endEntries are the entries for a registration that ended. Those of its state come last: they are for
// an unknown code.
func (r *refusal) endEntries() []*codes.Entry {
	if r.code == 0 && r.message == "" {
		return r.stateEntries()
	}
	entries := r.replyEntries()
	if !slices.ContainsFunc(entries, func(e *codes.Entry) bool { return e.Kind == codes.KindDPS && !e.Wrapper }) {
		entries = append(hubEntries(r.code), entries...)
	}
	return append(entries, r.stateEntries()...)
}

// stateEntries are the entries of the state in which a registration ended.
func (r *refusal) stateEntries() []*codes.Entry {
	if entries := entryByID("status-" + string(r.state)); entries != nil {
		return entries
	}
	return entryByID("status-unknown")
}

// handshakeEntries are the entries for a refused WebSocket. No token had been sent, so what the
// service says about credentials does not apply.
func (r *refusal) handshakeEntries(kind probe.AttestationKind) []*codes.Entry {
	if r.class() == http.StatusUnauthorized && !kind.Traits().InHandshake {
		return nil
	}
	return r.replyEntries()
}

// ownEntries are the entries for a refusal in the terms of one transport, after those for the same
// refusal over HTTPS.
func (r *refusal) ownEntries(kind probe.AttestationKind) []*codes.Entry {
	own := entryByID(r.entry)
	if !r.disbelief {
		return own
	}
	return append(entryByID(kind.Traits().Disbelieved), own...)
}

// hubEntries is the entry for a code of IoT Hub. A registration can fail with one that the service
// passes on.
func hubEntries(code int) []*codes.Entry {
	for e := range codes.All() {
		if e.Kind == codes.KindIoTHub && e.Code == strconv.Itoa(code) {
			return []*codes.Entry{e}
		}
	}
	return nil
}

// class is the HTTP-like class of the refusal: the first three digits of its code, or else the HTTP
// status of a refused call, or its equivalent. It is 0 for a registration that failed only because no
// hub could be allocated.
func (r *refusal) class() int {
	if r == nil {
		return 0
	}
	switch r.code {
	case codeCustomAllocation, codeNoHub, codeHubUnauthorized, codeHubNotFound:
		return 0
	}
	switch {
	case r.state != "" && allocating(r.code):
		return 0
	case r.code != 0:
		return r.code / 1000
	case r.state != "":
		return 0
	}
	return r.status
}

// ofService reports whether the refusal has the format of the provisioning service's own errors.
func (r *refusal) ofService() bool {
	return r != nil && (r.body == dps.BodyError || r.state != "" || r.inHeader)
}

// plain reports whether a call was refused with an HTTP status and nothing specific to the service.
func (r *refusal) plain() bool {
	return r != nil && r.opening == nil && r.condition == "" && r.body != dps.BodyChallenge && !r.ofService()
}

// vague reports whether a session was refused only because the service does not believe the device: a
// return code, an outcome or a condition that is the same for every reason.
func (r *refusal) vague() bool {
	return r != nil && r.opening != nil && !r.ofHandshake() && r.class() == http.StatusUnauthorized
}

// telling reports whether the service gives a code of its own for the refusal.
func (r *refusal) telling() bool {
	if !r.ofService() || r.code == 0 || r.state != "" || r.vague() || r.ofHandshake() {
		return false
	}
	switch r.class() {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound:
		return true
	}
	return false
}

// unregistered reports whether the service says that the device has not registered.
func (r *refusal) unregistered() bool {
	return r != nil && r.state == "" && r.code == codeNoRegistration
}

// signIn reports whether a gateway in the path asks the user to sign in first: 511 is only for that,
// and no service sends it (RFC 6585, section 6).
func (r *refusal) signIn() bool {
	const status = http.StatusNetworkAuthenticationRequired
	return r != nil && r.state == "" && (r.status == status || r.at(probe.LayerWebSocket, status))
}

// foreign reports whether the body is one that the service does not send, and nothing else in the answer
// is the service's.
func (r *refusal) foreign() bool { return r != nil && !r.inHeader && r.body.Foreign() }

// webhookText is the service's own fixed text before the status of an allocation webhook
// (azure-sdk-for-c sdk/tests/iot/provisioning).
const webhookText = "custom allocation failed with status code:"

// webhookStatus returns the HTTP status that a custom allocation webhook answered with, or 0 if the
// refusal does not contain one.
func (r *refusal) webhookStatus() int {
	if r == nil || len(r.message) < len(webhookText) || !strings.EqualFold(r.message[:len(webhookText)], webhookText) {
		return 0
	}
	rest := strings.TrimSpace(r.message[len(webhookText):])
	if len(rest) < 3 {
		return 0
	}
	status, err := strconv.Atoi(rest[:3])
	if err != nil || status < 100 {
		return 0
	}
	return status
}

// maxQuoted is the maximum length of a quoted message in a reason, in runes.
const maxQuoted = 120

// String describes the answer, as a line of evidence.
func (r *refusal) String() string {
	switch {
	case r.opening != nil:
		return r.openingText()
	case r.state != "":
		return fmt.Sprintf("the registration ended as %s%s", r.state, r.codeText())
	case r.inHeader:
		return fmt.Sprintf("the service answered %d%s in the header x-ms-error-code", r.status, r.codeText())
	case r.body == dps.BodyChallenge:
		return fmt.Sprintf("the service answered %d with the challenge for a TPM", r.status)
	case r.body == dps.BodyHubError:
		return fmt.Sprintf("the answer was %d with an error of an IoT hub%s", r.status, r.codeText())
	case r.location != "":
		return fmt.Sprintf("the answer was %d, a redirect to %s", r.status, quoted(r.location))
	case r.foreign():
		return fmt.Sprintf("the answer was %d with a body that the service does not send (%s)", r.status, r.body)
	case r.condition != "" && r.code == 0:
		return "the call was refused (" + clipped(r.condition) + ")" + r.codeText()
	case r.code == 0:
		return fmt.Sprintf("the answer was %d without an error code", r.status)
	}
	return fmt.Sprintf("the service answered %d%s", r.status, r.codeText())
}

func (r *refusal) codeText() string {
	text := ""
	if r.code != 0 {
		text = fmt.Sprintf(" with error code %d", r.code)
	}
	if r.message != "" {
		text += " (" + quoted(r.message) + ")"
	}
	return text
}

// query is the query for explain about the refusal, "" if there is no code.
func (r *refusal) query() string {
	switch {
	case r == nil || r.state != "" && r.code == 0:
		return ""
	case r.code != 0:
		return strconv.Itoa(r.code)
	case r.term != "" || r.status == 0:
		return r.term
	}
	return strconv.Itoa(r.status)
}

// quoted quotes the beginning of a text from the network.
func quoted(text string) string { return strconv.Quote(clipped(text)) }

// clipped is the beginning of a text.
func clipped(text string) string {
	if runes := []rune(text); len(runes) > maxQuoted {
		return string(runes[:maxQuoted]) + "..."
	}
	return text
}
