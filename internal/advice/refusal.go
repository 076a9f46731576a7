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

// Error codes of a registration that failed after the device had proved itself: the
// service could not allocate a hub. They come in an answer of status 200 (azure-sdk-for-c
// sdk/tests/iot/provisioning, azure-iot-sdk-c prov_device_ll_client.c; the last one is the
// hub's, GitHub issue hashicorp/terraform-provider-azurerm#10224).
const (
	codeCustomAllocation = 400207
	codeNoHub            = 400208
	codeHubUnauthorized  = 400209
	codeHubNotFound      = 401001
)

// refusal is the answer with which the service, or whoever answered in its place, said no.
type refusal struct {
	status   int // HTTP status
	code     int // six-digit error code, 0 for none
	message  string
	state    dps.Status // final state of the registration; "" when a call was refused
	body     dps.BodyKind
	location string // where a redirect points
}

// refusalOf returns the refusal that ended the run, or nil: a missing answer, a pending
// state and an assignment are none.
func refusalOf(run *probe.Run) *refusal {
	last := run.LastAnswer()
	if last == nil || last.Failure != nil {
		return nil
	}
	r := &refusal{status: last.Status, body: last.Body.Kind, location: last.Location}
	switch body := last.Body; {
	case body.Operation != nil || body.Registration != nil:
		return r.ofState(stateOf(last), run.Registration())
	case body.Error != nil:
		r.code, r.message = body.Error.ErrorCode, body.Error.Message
	case body.Hub != nil:
		r.message = body.Hub.Message
	case body.Challenge != nil:
		r.message = body.Challenge.Message
	}
	return r
}

// ofState makes r the refusal of a registration that ended in a state, or returns nil
// when the state is none of failure.
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

// stateOf returns the state of the registration that an answer tells, "" when it tells
// none.
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

// rows are the catalogue rows for the refusal, most specific first.
func (r *refusal) rows() []*codes.Entry {
	if r.state != "" && r.code == 0 && r.message == "" {
		return entries("status-" + string(r.state))
	}
	if r.body == dps.BodyChallenge {
		return entries("dps-tpm-challenge")
	}
	if r.foreign() && r.status/100 != 5 && r.status != http.StatusProxyAuthRequired {
		return nil // the status is somebody else's and does not mean what it does in the service
	}
	rows := codes.ForReply(r.status, r.code, r.message)
	isDPS := func(e *codes.Entry) bool { return e.Kind == codes.KindDPS && !e.Wrapper }
	if r.state != "" && !slices.ContainsFunc(rows, isDPS) {
		return append(hubRows(r.code), rows...)
	}
	return rows
}

// hubRows is the row of a code of IoT Hub. A registration can fail with one that the
// service passes on.
func hubRows(code int) []*codes.Entry {
	for e := range codes.All() {
		if e.Kind == codes.KindIoTHub && e.Code == strconv.Itoa(code) {
			return []*codes.Entry{e}
		}
	}
	return nil
}

// class is the HTTP-like class of the refusal: the first three digits of its code, or
// else the HTTP status of a refused call. It is 0 for a registration that failed only
// because no hub could be allocated.
func (r *refusal) class() int {
	if r == nil {
		return 0
	}
	switch r.code {
	case codeCustomAllocation, codeNoHub, codeHubUnauthorized, codeHubNotFound:
		return 0
	}
	switch {
	case r.code != 0:
		return r.code / 1000
	case r.state != "":
		return 0
	}
	return r.status
}

// ofService reports whether the refusal has the form of the provisioning service's own
// errors.
func (r *refusal) ofService() bool {
	return r != nil && (r.body == dps.BodyError || r.state != "")
}

// foreign reports whether the body is one that the service does not send.
func (r *refusal) foreign() bool { return r != nil && r.body.Foreign() }

// webhookText is the service's own fixed text before the status of an allocation webhook
// (azure-sdk-for-c sdk/tests/iot/provisioning).
const webhookText = "custom allocation failed with status code:"

// webhookStatus returns the HTTP status that a custom allocation webhook answered with, or
// 0 when the refusal tells none.
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

// maxQuoted bounds how much of a message is quoted in a reason, in runes.
const maxQuoted = 120

// String says what was answered, as a line of evidence.
func (r *refusal) String() string {
	switch {
	case r.state != "":
		return fmt.Sprintf("the registration ended as %s%s", r.state, r.codeText())
	case r.body == dps.BodyChallenge:
		return fmt.Sprintf("the service answered %d with the challenge for a TPM", r.status)
	case r.body == dps.BodyHubError:
		return fmt.Sprintf("the answer was %d with an error of an IoT hub%s", r.status, r.codeText())
	case r.location != "":
		return fmt.Sprintf("the answer was %d, a redirect to %s", r.status, quoted(r.location))
	case r.foreign():
		return fmt.Sprintf("the answer was %d with a body that the service does not send (%s)", r.status, r.body)
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

// query is what to ask explain about the refusal, "" when there is no code.
func (r *refusal) query() string {
	switch {
	case r == nil || r.state != "" && r.code == 0:
		return ""
	case r.code != 0:
		return strconv.Itoa(r.code)
	}
	return strconv.Itoa(r.status)
}

// quoted quotes the beginning of a text from the network.
func quoted(text string) string {
	if runes := []rune(text); len(runes) > maxQuoted {
		text = string(runes[:maxQuoted]) + "..."
	}
	return strconv.Quote(text)
}
