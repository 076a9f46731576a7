package emulator

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"dpsdiag/internal/dps"
)

// MaxBody is the largest request body that the service accepts, in bytes: the documented
// message size of 96 KB (learn.microsoft.com: iot-dps limits).
const MaxBody = 96 << 10

// operation is a call of the device API, or another event at which a fault can occur.
type operation string

// Register, status and lookup are the calls; MQTT and AMQP have no lookup. Connect is the
// authentication, before each call on HTTPS and when a connection opens on the other
// transports. Subscribe, which HTTPS does not have, is when a device can begin to receive
// answers. Assign is when the service decides about a registration, and identity is when it
// writes an assigned device into the stub hub; a fault prevents that. Hub is the
// authentication by that hub: of each call on HTTPS, of each connection on MQTT. Service is
// a call of the service API.
const (
	opConnect   operation = "connect"
	opSubscribe operation = "subscribe"
	opRegister  operation = "register"
	opStatus    operation = "status"
	opLookup    operation = "lookup"
	opAssign    operation = "assign"
	opIdentity  operation = "identity"
	opHub       operation = "hub"
	opService   operation = "service"
)

// claim is the identity that a caller claims, independent of the transport.
type claim struct {
	scope          string
	registrationID string
	apiVersion     string
	credential     credential
}

// credential is how a caller authenticates. A token has priority over a certificate.
type credential struct {
	token dps.Secret
	chain []*x509.Certificate // of the TLS handshake, leaf first
	tpm   *dps.TPMKeys        // the keys that a TPM sends before it has a token
}

// request is one call, independent of the transport.
type request struct {
	operation   operation
	operationID string // of a status call
	body        []byte // ignored by a status call
}

// response is the service's answer, in a form that every transport can send.
type response struct {
	status int // an HTTP status
	// body is *dps.Operation, *dps.Registration, *dps.ServiceError, *dps.Challenge, for the
	// hub *dps.HubError, or for the service API a record; nil for no body.
	body any
	// header are further headers of an answer of the service API.
	header map[string]string
	// foreign, unless nil, is sent instead of body: the answer of something between the device
	// and the service.
	foreign *foreign
	// retryAfter is nil if the service does not ask for a wait.
	retryAfter *time.Duration
	errorCode  int    // six digits; 0 for none
	trackingID string // of the request, the same in header and body
	// operationID is set if the caller must poll.
	operationID string
	// refused is why the call was refused, nil if it was not.
	refused *refusal
	// delivery is how the answer reaches the device, if it does.
	delivery delivery
}

// text returns the body as sent; nil for no body.
func (r response) text() ([]byte, error) {
	if r.foreign != nil {
		return []byte(r.foreign.text), nil
	}
	if r.body == nil {
		return nil, nil
	}
	text, err := json.Marshal(r.body)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return text, nil
}

// foreign is an answer that does not come from the service.
type foreign struct{ contentType, text string }

// reason classifies refusals for transports without HTTP status.
type reason string

// Reasons for a refusal.
const (
	reasonScope       reason = "unknown-id-scope"
	reasonAPIVersion  reason = "api-version"
	reasonRequest     reason = "bad-request"
	reasonToken       reason = "token"
	reasonCertificate reason = "certificate"
	reasonEnrollment  reason = "no-enrollment"
	reasonTPM         reason = "tpm"
	reasonChallenge   reason = "tpm-challenge"
	reasonOperation   reason = "unknown-operation"
	reasonDevice      reason = "unknown-device"
	reasonFault       reason = "configured-fault"
	reasonLimit       reason = "limit"
)

// refusal is the refusal of a call: the answer to the caller, and the reason for the
// emulator's log.
type refusal struct {
	reason  reason
	status  int
	code    int // six digits; 0 sends no body
	message string
	why     string
	wait    *time.Duration
	foreign *foreign
	// challenge is sent as the body: a TPM must authenticate.
	challenge *dps.Challenge
	// delivery is that of the response.
	delivery delivery
}

// messageDeserialization is the service's message for a body that it cannot parse.
const messageDeserialization = "Deserialization error."

// messageThrottled is the service's message for a call above its limits.
const messageThrottled = "Operations are being throttled for this tenant."

// generic returns the general code for an HTTP status: the code divided by 1000 is the
// status (azure-iot-sdk-csharp provisioning/transport/amqp/src/
// ProvisioningTransportHandlerAmqp.cs).
func generic(status int) int { return status * 1000 }

// badRequest refuses a request that cannot be parsed. 400004 was seen for one bad argument
// (GitHub issues Azure/iotedge#4112 and Azure/azure-iot-sdk-c#405).
func badRequest(reason reason, message, why string) *refusal {
	return &refusal{reason: reason, status: http.StatusBadRequest, code: 400004, message: message, why: why}
}

// unreadable refuses a body that cannot be parsed.
func unreadable(why string) *refusal {
	return &refusal{reason: reasonRequest, status: http.StatusBadRequest, code: 400012, message: messageDeserialization, why: why}
}

// bare refuses with only an HTTP status, its generic code and its text.
func bare(status int, why string) *refusal {
	refused := family(status).refusal()
	refused.reason, refused.why = reasonRequest, why
	return refused
}

// unauthorized refuses a credential. There is one code for all reasons; the message
// differs.
func unauthorized(reason reason, message, why string) *refusal {
	return &refusal{reason: reason, status: http.StatusUnauthorized, code: 401002, message: message, why: why}
}

// notFound refuses a call for something that does not exist.
func notFound(reason reason, code int, message, why string) *refusal {
	return &refusal{reason: reason, status: http.StatusNotFound, code: code, message: message, why: why}
}

// registrationBody is the body of register and lookup. ClientCSR belongs to a preview of 2021; it
// is accepted and ignored.
type registrationBody struct {
	RegistrationID string          `json:"registrationId"`
	TPM            *dps.TPMKeys    `json:"tpm"`
	Payload        json.RawMessage `json:"payload"`
	CSR            string          `json:"csr"`
	ClientCSR      string          `json:"clientCertificateCsr"`
}

// parseBody parses the body of register or lookup. Clients send an empty body, or none of
// the members, or a payload that is null, a string or an object; the service cannot
// deserialise anything else, including an unknown member (GitHub issue
// MicrosoftDocs/azure-docs#66740).
func parseBody(b []byte) (registrationBody, error) {
	var body registrationBody
	if len(bytes.TrimSpace(b)) == 0 {
		return body, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		return registrationBody{}, fmt.Errorf("decode body: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return registrationBody{}, errors.New("decode body: something follows the JSON value")
	}
	if payload := bytes.TrimSpace(body.Payload); len(payload) > 0 && !bytes.ContainsAny(payload[:1], `{"n`) {
		return registrationBody{}, errors.New("decode body: the payload is not a JSON object")
	}
	return body, nil
}
