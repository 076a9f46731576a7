package probe

import (
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/duration"
)

func sasTokenTraits() AttestationTraits {
	return AttestationTraits{
		Kind: KindSASToken, Called: "the token", Flags: "--sas-token-env TOKEN-VARIABLE", SymmetricKey: true, DeviceKey: true,
		Disbelieved: unauthorized,
		hubLacks: func(Mode, *dps.Registration) string {
			return "a ready SAS token is only for the provisioning service; the hub requires the key"
		},
	}
}

// tokenAttestation presents a token that was made elsewhere.
type tokenAttestation struct {
	text  dps.Secret
	token dps.Token
}

// NewSASToken attests with a ready token, which is checked and sent unchanged. A token that
// cannot be parsed is an error.
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
	in := Inputs{Identity: "SAS token, valid until " + facts.Expiry.Format(time.RFC3339), Token: facts}
	if facts.Expired {
		in.warn(cause.SASTokenExpired, "the token expired at %s, %s ago by the local clock",
			facts.Expiry.Format(time.RFC3339), duration.Rough(now.Sub(facts.Expiry)))
	}
	if !facts.CoversTarget {
		in.warn(cause.SASTokenMalformed, "the token is for %q, the target is %q", facts.Resource, resource)
	}
	if facts.InMilliseconds {
		in.warn(cause.SASTokenMalformed, "the token's expiry looks like milliseconds; the service expects seconds")
	}
	if facts.Policy != "" && facts.Policy != dps.RegistrationPolicy {
		in.warn(cause.SASTokenMalformed, "the token names the policy %q; a device's token names %q or none", facts.Policy, dps.RegistrationPolicy)
	}
	return in
}

// Identify implements Attestation.
func (a tokenAttestation) Identify(Target, time.Time) Identity { return Identity{Token: a.text} }
