package advice

import (
	"fmt"
	"net/http"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// keyRules are the causes in a symmetric key.
func keyRules() []Rule {
	return []Rule{
		{
			ID:    cause.SymmetricKeyMismatch,
			Party: ServiceParty,
			Only:  usingKey(),
			Until: Accepted,
			Weigh: weighKeyMismatch,
		},
		{
			ID:    cause.GroupKeyNotDerived,
			Party: ServiceParty,
			Only: Attestations{
				Kinds:     probe.KindsWith(func(t probe.AttestationTraits) bool { return t.DeviceKey }),
				Otherwise: "no device key was given that could be a group key",
			},
			Until: Accepted,
			Weigh: weighGroupKey,
		},
		{
			ID:    cause.DerivedKeyIncorrect,
			Party: ServiceParty,
			Only:  usingKey(),
			Until: Accepted,
			Weigh: weighDerivedKey,
		},
	}
}

// usingKey limits a cause to devices that sign with a symmetric key.
func usingKey() Attestations {
	return Attestations{
		Kinds:     probe.KindsWith(func(t probe.AttestationTraits) bool { return t.SymmetricKey }),
		Otherwise: "no symmetric key was used",
	}
}

// identityRefused reports whether the service refused to believe the device. A 401 with a web page
// came from another server, one with a hub's error refused the service, and one with a challenge is a
// question, unless the TPM has answered it.
func (c *Case) identityRefused() bool {
	if c.class() != http.StatusUnauthorized || !c.shown() {
		return false
	}
	switch c.refusal.body {
	case dps.BodyHubError:
		return false
	case dps.BodyChallenge:
		return c.challengeAnswered() != ""
	}
	return !c.refusal.foreign()
}

// shown reports whether the device had sent its credential when it was refused: a token is sent only
// after the WebSocket that carries it is open, a certificate with the TLS handshake.
func (c *Case) shown() bool { return c.kind().Traits().InHandshake || !c.refusal.ofHandshake() }

func weighKeyMismatch(c *Case) Weight {
	key := c.Evidence.Inputs.Key
	switch {
	case key == nil || !c.identityRefused():
		return Weight{}
	case key.Derived:
		return remark("dpsdiag derived the device key itself, so it is the group key that does not fit")
	case key.Size == dps.DerivedKeySize:
		return doubted(fmt.Sprintf("the key has %d bytes, the size of a derived key; keys made by the service have %d", key.Size, dps.GeneratedKeySize))
	case key.Size == dps.GeneratedKeySize:
		return suggested(fmt.Sprintf("the key has %d bytes, so the service made it: for another enrollment, or for a group", key.Size))
	}
	return Weight{}
}

func weighGroupKey(c *Case) Weight {
	key := c.Evidence.Inputs.Key
	switch {
	case key == nil || !c.identityRefused():
		return Weight{}
	case key.Size == dps.GeneratedKeySize:
		return suggested(fmt.Sprintf("the key has %d bytes, as the key of a group has; a derived key has %d", key.Size, dps.DerivedKeySize))
	case key.Size == dps.DerivedKeySize:
		return doubted(fmt.Sprintf("the key has %d bytes, as every derived key has", key.Size))
	}
	return Weight{}
}

func weighDerivedKey(c *Case) Weight {
	key := c.Evidence.Inputs.Key
	if key == nil || !c.identityRefused() {
		return Weight{}
	}
	id := c.Evidence.Target.RegistrationID
	switch {
	case key.Size == dps.DerivedKeySize && key.Derived:
		return suggested(fmt.Sprintf("the group key has %d bytes, the size of a key that was derived already", key.Size))
	case key.Size == dps.DerivedKeySize:
		return suggested(fmt.Sprintf("the key has %d bytes, as every derived key has", key.Size))
	case id != strings.ToLower(id):
		return suggested("the registration id has upper-case letters, and the derived key depends on case")
	case key.Derived:
		return ruledOut("dpsdiag derived the device key itself, in the documented way")
	}
	return doubted(fmt.Sprintf("the key has %d bytes, a derived key has %d", key.Size, dps.DerivedKeySize))
}
