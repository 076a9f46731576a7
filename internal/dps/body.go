package dps

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Status is the state of a registration, as the service writes it.
type Status string

// The five states of the REST specification (azure-rest-api-specs
// deviceprovisioningservices/data-plane, device/models.tsp).
const (
	StatusUnassigned Status = "unassigned"
	StatusAssigning  Status = "assigning"
	StatusAssigned   Status = "assigned"
	StatusFailed     Status = "failed"
	StatusDisabled   Status = "disabled"
)

// Request is the body that a device sends with register and with the status lookup. Every
// member is optional in the specification.
type Request struct {
	RegistrationID string          `json:"registrationId,omitempty"`
	TPM            *TPMKeys        `json:"tpm,omitempty"`
	Payload        json.RawMessage `json:"payload,omitempty"`
	// CSR is a PKCS#10 certificate signing request in DER, base64 in JSON; see
	// [IssuesCertificates]. The lookup must not have one.
	CSR []byte `json:"csr,omitempty"`
}

// TPMKeys are the public keys of a TPM attestation: marshalled TPM2B_PUBLIC areas, in
// base64 in JSON.
type TPMKeys struct {
	EndorsementKey []byte `json:"endorsementKey"`
	StorageRootKey []byte `json:"storageRootKey,omitempty"`
}

// Operation is the answer to register and to a status poll.
type Operation struct {
	OperationID  string        `json:"operationId"`
	Status       Status        `json:"status"`
	Registration *Registration `json:"registrationState,omitempty"`
}

// Registration is the state of one registration (DeviceRegistrationResult). The answer to
// the status lookup is a bare Registration; the other calls return it inside [Operation].
type Registration struct {
	X509           *RegistrationX509 `json:"x509,omitempty"`
	SymmetricKey   *RegistrationKey  `json:"symmetricKey,omitempty"`
	TPM            *RegistrationTPM  `json:"tpm,omitempty"`
	RegistrationID string            `json:"registrationId,omitempty"`
	Created        string            `json:"createdDateTimeUtc,omitempty"`
	AssignedHub    string            `json:"assignedHub,omitempty"`
	DeviceID       string            `json:"deviceId,omitempty"`
	Status         Status            `json:"status,omitempty"`
	Substatus      string            `json:"substatus,omitempty"`
	ErrorCode      int               `json:"errorCode,omitempty"`
	ErrorMessage   string            `json:"errorMessage,omitempty"`
	LastUpdated    string            `json:"lastUpdatedDateTimeUtc,omitempty"`
	ETag           string            `json:"etag,omitempty"`
	Payload        json.RawMessage   `json:"payload,omitempty"`
	// IssuedCertificateChain is the answer to a signing request: base64 of DER, leaf first and
	// root last. ConnectionProfile is that of the hub; it is missing for a classic hub and in
	// api-versions without it.
	IssuedCertificateChain []string          `json:"issuedCertificateChain,omitempty"`
	ConnectionProfile      ConnectionProfile `json:"connectionProfile,omitempty"`
}

// ConnectionProfile is the kind of a hub, by the protocols that it accepts from devices.
type ConnectionProfile string

// The profiles (azure-rest-api-specs deviceprovisioningservices/data-plane,
// device/examples/2026-11-02-preview). A hub with ProfileMQTT5 accepts MQTT 5 only.
const (
	ProfileClassic ConnectionProfile = "classic"
	ProfileMQTT5   ConnectionProfile = "mqttV5"
)

// RegistrationX509 contains the group of an X.509 registration; it is empty for an
// individual enrollment.
type RegistrationX509 struct {
	EnrollmentGroupID string `json:"enrollmentGroupId,omitempty"`
}

// RegistrationKey contains the group of a symmetric-key registration.
type RegistrationKey struct {
	EnrollmentGroupID string `json:"enrollmentGroupId,omitempty"`
}

// RegistrationTPM contains the key that authenticates a TPM device to its hub, encrypted to
// that TPM.
type RegistrationTPM struct {
	AuthenticationKey []byte `json:"authenticationKey,omitempty"`
}

// ServiceError is the error body of the service (ProvisioningServiceErrorDetails).
type ServiceError struct {
	ErrorCode  int               `json:"errorCode"`
	TrackingID string            `json:"trackingId,omitempty"`
	Message    string            `json:"message,omitempty"`
	Timestamp  string            `json:"timestampUtc,omitempty"`
	Info       map[string]string `json:"info,omitempty"`
}

// Challenge is the service's first answer to a TPM. It is not a refusal: it contains a key
// to activate (azure-iot-sdk-csharp provisioning/transport/http/src/TPM/TpmChallenge.cs).
type Challenge struct {
	Message           string `json:"message,omitempty"`
	AuthenticationKey []byte `json:"authenticationKey"`
	KeyName           string `json:"keyName"`
}

// HubError is an error body of an IoT hub. In an answer of the provisioning service it
// means that the hub refused the service, not the device.
type HubError struct {
	Message          string `json:"Message"`
	ExceptionMessage string `json:"ExceptionMessage"`
}

// BodyKind is the kind of an answer's body.
type BodyKind string

// The kinds of body. From BodyHTML on, they do not come from a healthy provisioning
// service.
const (
	BodyEmpty        BodyKind = "empty"
	BodyOperation    BodyKind = "operation"
	BodyRegistration BodyKind = "registration"
	BodyError        BodyKind = "error"
	BodyChallenge    BodyKind = "challenge"
	BodyHubError     BodyKind = "hub-error"
	BodyHTML         BodyKind = "html"
	BodyTruncated    BodyKind = "truncated-json"
	BodyOtherJSON    BodyKind = "other-json"
	BodyText         BodyKind = "text"
	BodyBinary       BodyKind = "binary"
)

// Foreign reports whether the body is of a kind that the provisioning service does not
// send.
func (k BodyKind) Foreign() bool {
	switch k {
	case BodyHTML, BodyTruncated, BodyOtherJSON, BodyText, BodyBinary:
		return true
	}
	return false
}

// Body is the parsed body of an answer. At most one of the pointers is set, the one for
// Kind.
type Body struct {
	Kind         BodyKind
	Operation    *Operation
	Registration *Registration
	Error        *ServiceError
	Challenge    *Challenge
	Hub          *HubError
	// Excerpt is the first excerptSize bytes of a foreign body, as valid UTF-8. It may contain
	// control characters.
	Excerpt string
}

// excerptSize is the maximum number of bytes kept of a foreign body.
const excerptSize = 200

// ParseBody parses the body of an answer by its shape, whatever the status: the same error
// code means different things in a body of this service and in one of a hub. It never fails;
// of a foreign body it returns the kind and an excerpt.
func ParseBody(b []byte) Body {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	switch {
	case len(trimmed) == 0:
		return Body{Kind: BodyEmpty}
	case !utf8.Valid(trimmed):
		return Body{Kind: BodyBinary, Excerpt: excerpt(trimmed)}
	case trimmed[0] == '{':
		return parseObject(trimmed)
	case looksLikeHTML(trimmed):
		return Body{Kind: BodyHTML, Excerpt: excerpt(trimmed)}
	case json.Valid(trimmed):
		return Body{Kind: BodyOtherJSON, Excerpt: excerpt(trimmed)}
	}
	return Body{Kind: BodyText, Excerpt: excerpt(trimmed)}
}

// shape has the members that distinguish the kinds of objects.
type shape struct {
	OperationID       *string         `json:"operationId"`
	Status            *string         `json:"status"`
	RegistrationID    *string         `json:"registrationId"`
	ErrorCode         *int            `json:"errorCode"`
	AuthenticationKey *string         `json:"authenticationKey"`
	HubMessage        json.RawMessage `json:"ExceptionMessage"`
}

func parseObject(b []byte) Body {
	var has shape
	if err := json.Unmarshal(b, &has); err != nil {
		if !json.Valid(b) && cutOff(b) {
			return Body{Kind: BodyTruncated, Excerpt: excerpt(b)}
		}
		return Body{Kind: BodyOtherJSON, Excerpt: excerpt(b)}
	}
	switch {
	case has.AuthenticationKey != nil && (has.Status == nil || *has.Status == string(StatusUnassigned)):
		return as(b, BodyChallenge, func(body *Body, v *Challenge) { body.Challenge = v })
	case has.OperationID != nil && has.Status != nil:
		return as(b, BodyOperation, func(body *Body, v *Operation) { body.Operation = v })
	case has.RegistrationID != nil && has.Status != nil:
		return as(b, BodyRegistration, func(body *Body, v *Registration) { body.Registration = v })
	case has.ErrorCode != nil:
		return as(b, BodyError, func(body *Body, v *ServiceError) { body.Error = v })
	case has.HubMessage != nil:
		return as(b, BodyHubError, func(body *Body, v *HubError) { body.Hub = v })
	}
	return Body{Kind: BodyOtherJSON, Excerpt: excerpt(b)}
}

// as decodes b into a T and lets set store it. A member of the wrong type makes the kind
// BodyOtherJSON.
func as[T any](b []byte, kind BodyKind, set func(*Body, *T)) Body {
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return Body{Kind: BodyOtherJSON, Excerpt: excerpt(b)}
	}
	body := Body{Kind: kind}
	set(&body, v)
	return body
}

// cutOff reports whether b is truncated JSON.
func cutOff(b []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := dec.Token(); err != nil {
			return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		}
	}
}

func looksLikeHTML(b []byte) bool {
	head := strings.ToLower(string(b[:min(len(b), 512)]))
	return strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html") || strings.Contains(head, "<html")
}

func excerpt(b []byte) string {
	if len(b) > excerptSize {
		b = b[:excerptSize]
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
