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

// Request is the body a device sends with register and with the status lookup. Every
// member is optional in the specification.
type Request struct {
	RegistrationID string          `json:"registrationId,omitempty"`
	TPM            *TPMKeys        `json:"tpm,omitempty"`
	Payload        json.RawMessage `json:"payload,omitempty"`
}

// TPMKeys are the public keys of a TPM attestation: marshalled TPM2B_PUBLIC areas, which
// JSON carries as base64.
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

// Registration is the state of one registration (DeviceRegistrationResult). The status
// lookup answers with it bare, the other calls inside [Operation].
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
}

// RegistrationX509 names the group of an X.509 registration; it is empty for an
// individual enrollment.
type RegistrationX509 struct {
	EnrollmentGroupID string `json:"enrollmentGroupId,omitempty"`
}

// RegistrationKey names the group of a symmetric-key registration.
type RegistrationKey struct {
	EnrollmentGroupID string `json:"enrollmentGroupId,omitempty"`
}

// RegistrationTPM carries the key with which a TPM device proves itself to its hub,
// encrypted to that TPM.
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

// Challenge is the service's first answer to a TPM: not a refusal, but a key to activate
// (azure-iot-sdk-csharp provisioning/transport/http/src/TPM/TpmChallenge.cs).
type Challenge struct {
	Message           string `json:"message,omitempty"`
	AuthenticationKey []byte `json:"authenticationKey"`
	KeyName           string `json:"keyName"`
}

// HubError is an error body of an IoT hub. Inside an answer of the provisioning service
// it means that the service, not the device, was refused by the hub.
type HubError struct {
	Message          string `json:"Message"`
	ExceptionMessage string `json:"ExceptionMessage"`
}

// BodyKind says what the body of an answer turned out to be.
type BodyKind string

// What a body can be. Everything from BodyHTML on did not come from a healthy
// provisioning service.
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

// Body is an answer's body, recognised. At most one of the pointers is set, that of Kind.
type Body struct {
	Kind         BodyKind
	Operation    *Operation
	Registration *Registration
	Error        *ServiceError
	Challenge    *Challenge
	Hub          *HubError
	// Excerpt is made of the first excerptSize bytes of a body that is none of the above,
	// as valid UTF-8. It may hold control characters.
	Excerpt string
}

// excerptSize bounds what is kept of a body that means nothing to us.
const excerptSize = 200

// ParseBody recognises the body of an answer by its shape, whatever status it came with:
// the same number means different things in a body of this service and in one of a hub.
// It never fails; what it does not know it describes.
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

// probeShape holds one member of each kind of object, enough to tell them apart.
type probeShape struct {
	OperationID       *string         `json:"operationId"`
	Status            *string         `json:"status"`
	RegistrationID    *string         `json:"registrationId"`
	ErrorCode         *int            `json:"errorCode"`
	AuthenticationKey *string         `json:"authenticationKey"`
	HubMessage        json.RawMessage `json:"ExceptionMessage"`
}

func parseObject(b []byte) Body {
	var shape probeShape
	if err := json.Unmarshal(b, &shape); err != nil {
		if !json.Valid(b) && cutOff(b) {
			return Body{Kind: BodyTruncated, Excerpt: excerpt(b)}
		}
		return Body{Kind: BodyOtherJSON, Excerpt: excerpt(b)}
	}
	switch {
	case shape.AuthenticationKey != nil && (shape.Status == nil || *shape.Status == string(StatusUnassigned)):
		return as(b, BodyChallenge, func(body *Body, v *Challenge) { body.Challenge = v })
	case shape.OperationID != nil && shape.Status != nil:
		return as(b, BodyOperation, func(body *Body, v *Operation) { body.Operation = v })
	case shape.RegistrationID != nil && shape.Status != nil:
		return as(b, BodyRegistration, func(body *Body, v *Registration) { body.Registration = v })
	case shape.ErrorCode != nil:
		return as(b, BodyError, func(body *Body, v *ServiceError) { body.Error = v })
	case shape.HubMessage != nil:
		return as(b, BodyHubError, func(body *Body, v *HubError) { body.Hub = v })
	}
	return Body{Kind: BodyOtherJSON, Excerpt: excerpt(b)}
}

// as decodes b into a T and lets set place it; a member of the wrong type makes it
// foreign JSON.
func as[T any](b []byte, kind BodyKind, set func(*Body, *T)) Body {
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return Body{Kind: BodyOtherJSON, Excerpt: excerpt(b)}
	}
	body := Body{Kind: kind}
	set(&body, v)
	return body
}

// cutOff reports whether b is JSON that stops too early.
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
