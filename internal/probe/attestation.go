package probe

import (
	"context"
	"crypto/tls"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/redact"
)

// AttestationKind is the name of an attestation in reports.
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

// AttestationTraits are the properties of an attestation that other code needs to know.
type AttestationTraits struct {
	Kind AttestationKind
	// Called names the credential within a sentence: what the service accepts or refuses.
	Called string
	// Flags pass the credential to "dpsdiag probe"; the reader replaces the words in capitals.
	Flags string
	// InHandshake says that the TLS handshake presents the credential. Others are presented
	// with a call, or when a session opens.
	InHandshake bool
	// SymmetricKey says that the token is signed with a symmetric key. DeviceKey says that
	// dpsdiag did not derive this key, so it may be the key of a group.
	SymmetricKey, DeviceKey bool
	// NamesDevice says that the credential provides the registration id if none is given.
	NamesDevice bool
	// Disbelieved is the catalogue id of the service's answer over HTTPS if it does not
	// authenticate the device; "" if that answer has no single meaning.
	Disbelieved string
	// hubLacks says why the device cannot authenticate to its hub after a call of a mode, "" if
	// it can; nil for always.
	hubLacks func(Mode, *dps.Registration) string
}

// attestations returns the traits of every kind that proves a device.
func attestations() []AttestationTraits {
	return []AttestationTraits{symmetricKeyTraits(), groupKeyTraits(), x509Traits(), tpmTraits(), sasTokenTraits()}
}

// unauthorized is the catalogue id of the answer to a token that is not accepted.
const unauthorized = "dps-401002-unauthorized"

// Traits returns the traits of the kind. For an unknown kind nothing is known, and a token
// is assumed.
func (k AttestationKind) Traits() AttestationTraits {
	for _, t := range attestations() {
		if t.Kind == k {
			return t
		}
	}
	return AttestationTraits{Called: "the credential", Disbelieved: unauthorized}
}

// KindsWith lists the kinds whose traits match.
func KindsWith(fits func(AttestationTraits) bool) []AttestationKind {
	var kinds []AttestationKind
	for _, t := range attestations() {
		if fits(t) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

// Attestation is how a device authenticates.
type Attestation interface {
	// Kind names the attestation in reports.
	Kind() AttestationKind
	// Inspect returns the facts about the credential at the local time now, before any packet;
	// it fills in only its own part of Inputs.
	Inspect(target Target, now time.Time, expiresIn time.Duration) Inputs
	// Identify returns what to present to the target. It may be called again when a token has
	// become old.
	Identify(target Target, now time.Time) Identity
}

// HubSigner is an Attestation whose key also authenticates the device to its hub: the
// service copies the key there.
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
	// Secrets are what a peer may know of the device in addition to the token: no report may
	// contain them.
	Secrets []dps.Secret

	redact *redactor // nil outside of a probe
}

// redactor returns a redactor for the secrets of the identity.
func (id Identity) redactor() *redactor {
	if id.redact == nil {
		return newRedactor(redact.NewPatterns(), id)
	}
	return id.redact
}

// TPMProof attests with the device's TPM on one connection. Its calls may take seconds. A
// command already sent to the TPM is not interrupted; ctx ends the call before the next
// command. Errors are a *tpm.Error or the error of ctx.
type TPMProof interface {
	// Keys are the public keys that the device sends to identify itself.
	Keys() dps.TPMKeys
	// Activate imports the activation blob of the service's challenge into the TPM and returns
	// the token for the target, signed with the key in it. It changes nothing permanently in
	// the TPM.
	Activate(ctx context.Context, blob []byte) (dps.Secret, error)
	// ActivateHub imports the activation blob of an assignment, with the key for the hub, and
	// makes it the device's persistent key if that was requested.
	ActivateHub(ctx context.Context, blob []byte) error
	// SignForHub returns the HMAC-SHA256 of message with the key from the last ActivateHub.
	SignForHub(ctx context.Context, message []byte) ([]byte, error)
}

// Authorizer is a Session that accepts a token after it was opened: the service's challenge
// to a TPM is the answer to a call.
type Authorizer interface {
	Authorize(token dps.Secret)
}
