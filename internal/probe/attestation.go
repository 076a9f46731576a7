package probe

import (
	"context"
	"crypto/tls"
	"time"

	"dpsdiag/internal/dps"
)

// AttestationKind names how a device proves itself, as reports write it.
type AttestationKind string

// The attestations.
const (
	KindSymmetricKey AttestationKind = "symmetric-key"
	KindGroupKey     AttestationKind = "group-key"
	KindX509         AttestationKind = "x509"
	KindTPM          AttestationKind = "tpm"
	KindSASToken     AttestationKind = "sas-token"
	// KindNone is that of a preflight without a credential, see NoCredential.
	KindNone AttestationKind = "none"
)

// AttestationTraits are what others than the attestation itself ask of it, where kinds
// differ.
type AttestationTraits struct {
	Kind AttestationKind
	// Flags give the credential to "dpsdiag probe"; the words in capitals are for the reader
	// to replace.
	Flags string
	// InHandshake says that the credential is shown in the TLS handshake. Others are shown
	// with a call, or when a session opens.
	InHandshake bool
	// SymmetricKey says that the token is signed with a symmetric key, DeviceKey that this
	// was not derived by dpsdiag, so it may be the key of a group.
	SymmetricKey, DeviceKey bool
	// NamesDevice says that the credential makes the registration id where none is given.
	NamesDevice bool
	// Disbelieved is the catalogue's id of what the service answers over HTTPS where it does
	// not believe the device; "" where that says nothing.
	Disbelieved string
	// hubLacks says why the device cannot be shown to its hub after a call of a mode, ""
	// where it can; nil for always.
	hubLacks func(Mode, *dps.Registration) string
}

// attestations lists the traits of every kind that proves a device.
func attestations() []AttestationTraits {
	return []AttestationTraits{symmetricKeyTraits(), groupKeyTraits(), x509Traits(), tpmTraits(), sasTokenTraits()}
}

// unauthorized is the catalogue's id of the answer to a token that is not believed.
const unauthorized = "dps-401002-unauthorized"

// Traits are those of the kind. Of a name of none nothing is known, and a token is the rule.
func (k AttestationKind) Traits() AttestationTraits {
	for _, t := range attestations() {
		if t.Kind == k {
			return t
		}
	}
	return AttestationTraits{Disbelieved: unauthorized}
}

// KindsWith lists the kinds whose traits fit.
func KindsWith(fits func(AttestationTraits) bool) []AttestationKind {
	var kinds []AttestationKind
	for _, t := range attestations() {
		if fits(t) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

// Attestation is how a device proves itself.
type Attestation interface {
	// Kind names the attestation in reports.
	Kind() AttestationKind
	// Inspect states the facts about the credential at the local time now, before any
	// packet; it fills in only the part of Inputs that concerns it.
	Inspect(target Target, now time.Time, expiresIn time.Duration) Inputs
	// Identify returns what to present for the target. It may be called again when a
	// token has aged.
	Identify(target Target, now time.Time) Identity
}

// HubSigner is an Attestation whose key proves the device to its hub as well: the service
// writes it there.
type HubSigner interface {
	// SignForHub returns the token of the target's device for its hub.
	SignForHub(target Target, hub, deviceID string, now time.Time) dps.Secret
}

// Identity is what a device presents on one connection: a client certificate in the TLS
// handshake, a token with each call, or the answer of its TPM to the service's challenge.
type Identity struct {
	Certificate *tls.Certificate
	Token       dps.Secret
	TPM         TPMProof // nil for every attestation but a TPM
	// Secrets are what a peer may know of the device beside the token: no report may
	// repeat them.
	Secrets []dps.Secret

	redact *redactor // nil outside of a probe
}

// redactor knows the secrets of the identity.
func (id Identity) redactor() *redactor {
	if id.redact == nil {
		return newRedactor(newSecretPatterns(), id)
	}
	return id.redact
}

// TPMProof answers for the device's TPM on one connection. Its calls may take seconds; a
// call that was given to the TPM is not cut short, ctx ends it before the next one. Errors
// are a *tpm.Error or the error of ctx.
type TPMProof interface {
	// Keys are the public keys that the device introduces itself with.
	Keys() dps.TPMKeys
	// Activate takes the activation blob of the service's challenge into the TPM and
	// returns the token for the target, signed with the key in it. It changes nothing that
	// outlives the call.
	Activate(ctx context.Context, blob []byte) (dps.Secret, error)
	// ActivateHub takes the activation blob of an assignment, with the key for the hub, and
	// makes it the device's persistent key if that was asked for.
	ActivateHub(ctx context.Context, blob []byte) error
	// SignForHub returns the HMAC-SHA256 of message with the key of the last ActivateHub.
	SignForHub(ctx context.Context, message []byte) ([]byte, error)
}

// Authorizer is a Session that takes a token after it was opened: the service's challenge
// to a TPM comes as an answer to a call.
type Authorizer interface {
	Authorize(token dps.Secret)
}
