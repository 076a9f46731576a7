package probe

import (
	"fmt"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/duration"
)

// tokenLifetime is how long a token made by dpsdiag is valid. One hour is what the Node,
// Java and Python SDKs use, so a clock that breaks theirs breaks ours.
const tokenLifetime = time.Hour

// TokenLifetime is how long a token made for a key attestation is valid.
func TokenLifetime() time.Duration { return tokenLifetime }

// keyAttestation signs tokens with a symmetric key. With a group key it derives the
// device's key first.
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
	return Inputs{Key: &KeyFacts{Size: a.key.Size(), Derived: a.group}}
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

// deviceKey is the key of the device itself.
func (a keyAttestation) deviceKey(target Target) dps.Key {
	if a.group {
		return a.key.Derive(target.RegistrationID)
	}
	return a.key
}

// tokenAttestation presents a token that somebody else made.
type tokenAttestation struct {
	text  dps.Secret
	token dps.Token
}

// NewSASToken attests with a ready token, which is checked and sent as it is. A token
// that cannot be taken apart is an error.
func NewSASToken(text dps.Secret) (Attestation, error) {
	token, err := dps.ParseToken(text)
	if err != nil {
		return nil, err
	}
	return tokenAttestation{text: text, token: token}, nil
}

// Kind implements Attestation.
func (a tokenAttestation) Kind() AttestationKind { return KindSASToken }

// Inspect implements Attestation.
func (a tokenAttestation) Inspect(target Target, now time.Time, _ time.Duration) Inputs {
	resource := dps.Resource(target.Scope, target.RegistrationID)
	facts := &TokenFacts{
		Resource:       a.token.DecodedResource(),
		CoversTarget:   a.token.Covers(resource),
		Expiry:         a.token.Expiry,
		Expired:        !a.token.Expiry.After(now),
		InMilliseconds: a.token.LooksLikeMilliseconds(),
		Policy:         a.token.Policy,
	}
	in := Inputs{Token: facts}
	if facts.Expired {
		in.warn(cause.SASTokenExpired, "the token expired at %s, %s ago by the local clock",
			facts.Expiry.Format(time.RFC3339), duration.Rough(now.Sub(facts.Expiry)))
	}
	if !facts.CoversTarget {
		in.warn(cause.SASTokenMalformed, "the token is for %q, the target is %q", facts.Resource, resource)
	}
	if facts.InMilliseconds {
		in.warn(cause.SASTokenMalformed, "the token's expiry looks like milliseconds; the service counts seconds")
	}
	if facts.Policy != "" && facts.Policy != dps.RegistrationPolicy {
		in.warn(cause.SASTokenMalformed, "the token names the policy %q; a device's token names %q or none", facts.Policy, dps.RegistrationPolicy)
	}
	return in
}

// Identify implements Attestation.
func (a tokenAttestation) Identify(Target, time.Time) Identity { return Identity{Token: a.text} }

func (in *Inputs) warn(id cause.ID, format string, args ...any) {
	in.notice(id.String(), format, args...)
}

// notice records what is odd without being a sign of a cause.
func (in *Inputs) notice(name, format string, args ...any) {
	in.Warnings = append(in.Warnings, Warning{ID: name, Detail: fmt.Sprintf(format, args...)})
}
