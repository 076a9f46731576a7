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

// MaxBody is the largest request body the service takes, in bytes: the documented message
// size of 96 KB (learn.microsoft.com: iot-dps limits).
const MaxBody = 96 << 10

// operation is a call of the device API, or a moment at which a fault can strike.
type operation string

// Register, status and lookup are the calls; MQTT and AMQP have no lookup. Connect is the
// authentication that precedes each of them on HTTPS and opens a connection elsewhere;
// subscribe, which HTTPS does not have, is the moment at which a device can be sent
// answers; assign is that at which the service decides about a registration, and identity
// that at which it tells the stub hub of an assigned device, which a fault prevents. Hub is
// the authentication by that hub: of each call on HTTPS, of each connection elsewhere.
const (
	opConnect   operation = "connect"
	opSubscribe operation = "subscribe"
	opRegister  operation = "register"
	opStatus    operation = "status"
	opLookup    operation = "lookup"
	opAssign    operation = "assign"
	opIdentity  operation = "identity"
	opHub       operation = "hub"
)

// claim is who a caller says it is, freed of its transport.
type claim struct {
	scope          string
	registrationID string
	apiVersion     string
	credential     credential
}

// credential is how a caller proves it. A token goes before a certificate.
type credential struct {
	token dps.Secret
	chain []*x509.Certificate // of the TLS handshake, leaf first
	tpm   *dps.TPMKeys        // what a TPM introduces itself with, before it has a token
}

// request is one call, freed of its transport.
type request struct {
	operation   operation
	operationID string // of a status call
	body        []byte // ignored by a status call
}

// response is what the service answers, in terms that every transport can render.
type response struct {
	status int // as HTTP counts
	// body is *dps.Operation, *dps.Registration, *dps.ServiceError, *dps.Challenge or, of the
	// hub, *dps.HubError; nil is no body.
	body any
	// foreign, unless nil, is sent instead of body: the answer of something between the
	// device and the service.
	foreign *foreign
	// retryAfter is nil when the service does not ask for a wait.
	retryAfter *time.Duration
	errorCode  int    // six digits; 0 is none
	trackingID string // of the request, in header and body alike
	// operationID is set when the caller is to poll.
	operationID string
	// refused is why the call was refused, nil when it was not.
	refused *refusal
	// delivery is how the answer reaches the device, or does not.
	delivery delivery
}

// text returns the body as it goes over the wire; nil is no body.
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

// foreign is an answer that is not the service's.
type foreign struct{ contentType, text string }

// reason classes refusals for transports that do not speak HTTP status.
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
)

// refusal is a call refused: what the caller is told, and why for the emulator's log.
type refusal struct {
	reason  reason
	status  int
	code    int // six digits; 0 sends no body
	message string
	why     string
	wait    *time.Duration
	foreign *foreign
	// challenge is sent as the body: a TPM has to prove itself.
	challenge *dps.Challenge
	// delivery is that of the response.
	delivery delivery
}

// messageDeserialization is what the service says to a body it cannot read.
const messageDeserialization = "Deserialization error."

// generic returns the code that stands for a whole HTTP status: the code divided by 1000
// is the status (azure-iot-sdk-csharp provisioning/transport/amqp/src/
// ProvisioningTransportHandlerAmqp.cs).
func generic(status int) int { return status * 1000 }

// badRequest refuses what cannot be understood. 400004 is seen for one bad argument
// (GitHub issues Azure/iotedge#4112 and Azure/azure-iot-sdk-c#405).
func badRequest(reason reason, message, why string) *refusal {
	return &refusal{reason: reason, status: http.StatusBadRequest, code: 400004, message: message, why: why}
}

// unreadable refuses a body that cannot be understood.
func unreadable(why string) *refusal {
	return &refusal{reason: reasonRequest, status: http.StatusBadRequest, code: 400012, message: messageDeserialization, why: why}
}

// bare refuses with an HTTP status alone, its generic code and its text.
func bare(status int, why string) *refusal {
	refused := family(status).refusal()
	refused.reason, refused.why = reasonRequest, why
	return refused
}

// unauthorized refuses a credential. One number covers all ways; the message differs.
func unauthorized(reason reason, message, why string) *refusal {
	return &refusal{reason: reason, status: http.StatusUnauthorized, code: 401002, message: message, why: why}
}

// notFound refuses a call for something that is not there.
func notFound(reason reason, code int, message, why string) *refusal {
	return &refusal{reason: reason, status: http.StatusNotFound, code: code, message: message, why: why}
}

// registrationBody is the body of register and lookup. The members for certificate signing
// requests belong to preview versions and are taken without effect.
type registrationBody struct {
	RegistrationID string          `json:"registrationId"`
	TPM            *dps.TPMKeys    `json:"tpm"`
	Payload        json.RawMessage `json:"payload"`
	CSR            string          `json:"csr"`
	ClientCSR      string          `json:"clientCertificateCsr"`
}

// parseBody reads the body of register or lookup. Clients send an empty body, none of the
// members, and a payload that is null, a string or an object; anything else, an unknown
// member among it, the service cannot deserialise (GitHub issue
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
		return registrationBody{}, errors.New("decode body: the payload is no JSON object")
	}
	return body, nil
}
