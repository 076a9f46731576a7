package probe

import (
	"fmt"
	"time"

	"dpsdiag/internal/dps"
)

// tokenLifetime is how long a token made by dpsdiag is valid. The Node, Java and Python
// SDKs also use one hour, so a clock error that breaks their tokens breaks ours too.
const tokenLifetime = time.Hour

// TokenLifetime returns how long a token made for a key attestation is valid.
func TokenLifetime() time.Duration { return tokenLifetime }

func symmetricKeyTraits() AttestationTraits {
	return AttestationTraits{
		Kind: KindSymmetricKey, Called: "the token signed with the key", Flags: "--key-file KEY-FILE", SymmetricKey: true, DeviceKey: true,
		Disbelieved: unauthorized,
	}
}

func groupKeyTraits() AttestationTraits {
	return AttestationTraits{
		Kind: KindGroupKey, Called: "the token signed with the derived key", Flags: "--group-key-file GROUP-KEY-FILE", SymmetricKey: true,
		Disbelieved: unauthorized,
	}
}

// keyAttestation signs tokens with a symmetric key. With a group key it first derives the
// device's key.
type keyAttestation struct {
	key   dps.Key
	group bool
}

// NewSymmetricKey attests with the key of an individual enrollment, or with a device key
// that was derived elsewhere.
func NewSymmetricKey(key dps.Key) Attestation { return keyAttestation{key: key} }

// NewGroupKey attests with the key of an enrollment group; the device's key is derived
// from the registration id.
func NewGroupKey(key dps.Key) Attestation { return keyAttestation{key: key, group: true} }

// Kind implements Attestation.
func (a keyAttestation) Kind() AttestationKind {
	if a.group {
		return KindGroupKey
	}
	return KindSymmetricKey
}

// Inspect implements Attestation.
func (a keyAttestation) Inspect(Target, time.Time, time.Duration) Inputs {
	identity := fmt.Sprintf("symmetric key of %d bytes", a.key.Size())
	if a.group {
		identity = fmt.Sprintf("device key derived from a group key of %d bytes", a.key.Size())
	}
	return Inputs{Identity: identity, Key: &KeyFacts{Size: a.key.Size(), Derived: a.group}}
}

// Identify implements Attestation.
func (a keyAttestation) Identify(target Target, now time.Time) Identity {
	key, secrets := a.deviceKey(target), []dps.Secret{a.key.Text()}
	if a.group {
		secrets = append(secrets, key.Text())
	}
	resource := dps.Resource(target.Scope, target.RegistrationID)
	return Identity{Token: dps.Sign(key, resource, now.Add(tokenLifetime)), Secrets: secrets}
}

// SignForHub implements HubSigner.
func (a keyAttestation) SignForHub(target Target, hub, deviceID string, now time.Time) dps.Secret {
	return dps.SignHub(a.deviceKey(target), hub, deviceID, now.Add(tokenLifetime))
}

// deviceKey returns the key of the device itself.
func (a keyAttestation) deviceKey(target Target) dps.Key {
	if a.group {
		return a.key.Derive(target.RegistrationID)
	}
	return a.key
}
