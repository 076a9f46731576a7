package advice

import (
	"dpsdiag/internal/cause"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

// seeAttestation finds that the device attests in that way and no other.
func seeAttestation(kind probe.AttestationKind) func(*textCase) string {
	return func(c *textCase) string {
		if c.attempt.Attestation.Value != kind {
			return ""
		}
		return c.attempt.Attestation.At
	}
}

// seeRefusal finds that the service did not believe the device.
func seeRefusal(c *textCase) string { return quoteMatch(c.matching(refusesIdentity)) }

// seeBlankRefusal finds a refusal if no match says what was refused.
func seeBlankRefusal(c *textCase) string {
	if c.matching(c.saysWhy) != nil {
		return ""
	}
	return seeRefusal(c)
}

// saysWhy reports whether a match is a message of the service that gives a reason.
func (c *textCase) saysWhy(m *logtext.Match) bool {
	return c.worth(m) >= exact && !refusesIdentity(m) && !namingAny(cause.TPMChallengeUnanswered)(m)
}

func refusalTextRules() []textRule {
	return []textRule{
		{
			id: "certificate-refused", why: "a certificate was refused and the text does not say why",
			see: seeBoth(seeAttestation(probe.KindX509), seeBlankRefusal),
			effects: []effect{
				favours(worded, cause.CertNotTrustedByEnrollment), favours(worded, cause.CertEnrollmentMismatch), favours(hinted, cause.CertChainIncomplete),
				favours(faint, cause.CertExpired),
			},
		},
		{
			id: "tpm-refused", why: "a TPM was refused and the text does not say why",
			see:     seeBoth(seeAttestation(probe.KindTPM), seeBlankRefusal),
			effects: []effect{favours(worded, cause.TPMEKMismatch)},
		},
		{
			id: "own-client-refused", why: "the client builds its own requests or tokens, and derivation and token are easily done wrong",
			see:     seeBoth(seeBlankRefusal, seeSign(logtext.SignRawClient)),
			effects: []effect{favours(faint, cause.DerivedKeyIncorrect, cause.SASTokenMalformed)},
		},
		{
			id: "sdk-token", why: "an SDK builds the token, and does it correctly",
			see: unless(seeSign(logtext.SignRawClient), func(c *textCase) string {
				clients := []string{
					logtext.ClientIdentityService, logtext.ClientEdge11, logtext.ClientC, logtext.ClientNode, logtext.ClientPython,
					logtext.ClientJava, logtext.ClientDotNet, logtext.ClientUnifiedC, logtext.ClientCLI,
				}
				for _, client := range clients {
					if f := c.fact(logtext.KindClient, client); f != nil {
						return quoteFact(f)
					}
				}
				return ""
			}),
			effects: []effect{weakens(cause.SASTokenMalformed)},
		},
	}
}
