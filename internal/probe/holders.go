package probe

import (
	"crypto/x509"
	"slices"

	"dpsdiag/internal/dps"
)

// This file is how a caller compares a credential with what the service holds, without
// getting the credential itself.

// KeyHolder is an Attestation with a symmetric key, or with a token that one signed.
type KeyHolder interface {
	// SignsWith returns whether a key is the one with which the target's device signs.
	SignsWith(target Target) func(dps.Key) bool
	// GivenGroupKey returns whether a key is the group key from which the device's key is
	// derived; nil if it is derived from none.
	GivenGroupKey() func(dps.Key) bool
	// KeySecrets are the texts of the keys and of the token.
	KeySecrets(target Target) []dps.Secret
}

// ChainHolder is an Attestation with certificates.
type ChainHolder interface {
	// Certificates returns what is presented, leaf first.
	Certificates() []*x509.Certificate
}

// EndorsementKeyHolder is an Attestation with a TPM.
type EndorsementKeyHolder interface {
	// EndorsementKey returns the marshalled public key, nil if it could not be read.
	EndorsementKey() []byte
}

// SignsWith implements KeyHolder.
func (a keyAttestation) SignsWith(target Target) func(dps.Key) bool {
	return a.deviceKey(target).Equal
}

// GivenGroupKey implements KeyHolder.
func (a keyAttestation) GivenGroupKey() func(dps.Key) bool {
	if !a.group {
		return nil
	}
	return a.key.Equal
}

// KeySecrets implements KeyHolder.
func (a keyAttestation) KeySecrets(target Target) []dps.Secret {
	return []dps.Secret{a.key.Text(), a.deviceKey(target).Text()}
}

// SignsWith implements KeyHolder.
func (a tokenAttestation) SignsWith(Target) func(dps.Key) bool { return a.token.SignedBy }

// GivenGroupKey implements KeyHolder.
func (tokenAttestation) GivenGroupKey() func(dps.Key) bool { return nil }

// KeySecrets implements KeyHolder.
func (a tokenAttestation) KeySecrets(Target) []dps.Secret { return []dps.Secret{a.text} }

// Certificates implements ChainHolder.
func (a *X509) Certificates() []*x509.Certificate { return slices.Clone(a.chain) }
