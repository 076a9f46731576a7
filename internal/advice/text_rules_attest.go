package advice

import (
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

// The families of causes that one way to attest can have.

func keyCauses() []string {
	return []string{"symmetric-key-mismatch", "group-key-not-derived", "derived-key-incorrect", "sas-token-malformed"}
}

func certificateCauses() []string {
	return []string{
		"cert-not-trusted-by-enrollment", "cert-chain-incomplete", "ca-not-verified", "cert-cn-registration-id-mismatch", "cert-expired",
		"cert-wrong-role-or-extensions", "cert-enrollment-mismatch", "client-cert-not-presented", "cert-key-pair-mismatch",
	}
}

func tpmCauses() []string {
	return []string{"tpm-ek-mismatch", "tpm-not-available", "tpm-access-denied", "tpm-challenge-unanswered"}
}

// seeAttestation sees that the device attests in that way and no other.
func seeAttestation(kind probe.AttestationKind) func(*textCase) string {
	return func(c *textCase) string {
		if c.attestation != kind {
			return ""
		}
		return quoteFact(c.shown)
	}
}

// seeRefusal sees that the service did not believe the device.
func seeRefusal(c *textCase) string { return quoteMatch(c.matching(refusesIdentity)) }

// seeBlankRefusal sees a refusal where no error says what was refused.
func seeBlankRefusal(c *textCase) string {
	if c.matching(c.saysWhy) != nil {
		return ""
	}
	return seeRefusal(c)
}

// saysWhy reports whether a match is a message of the service that names a reason.
func (c *textCase) saysWhy(m *logtext.Match) bool {
	return c.worth(m) >= worthCase && !refusesIdentity(m) && !namingAny("tpm-challenge-unanswered")(m)
}

func attestationTextRules() []textRule {
	return []textRule{
		{
			id: "key-attestation", why: "the device signs with a symmetric key, so no certificate or TPM of its own is judged",
			see:     seeAttestation(probe.KindSymmetricKey),
			effects: []effect{excludes(certificateCauses()...), excludes(tpmCauses()...)},
		},
		{
			id: "certificate-attestation", why: "the device attests with a certificate, so no key or token is judged",
			see:     seeAttestation(probe.KindX509),
			effects: []effect{excludes(keyCauses()...), excludes("sas-token-expired"), excludes(tpmCauses()...)},
		},
		{
			id: "tpm-attestation", why: "the device attests with its TPM, so neither an enrolled key nor a certificate is judged",
			see:     seeAttestation(probe.KindTPM),
			effects: []effect{excludes("symmetric-key-mismatch", "group-key-not-derived", "derived-key-incorrect"), excludes(certificateCauses()...)},
		},
	}
}

func refusalTextRules() []textRule {
	return []textRule{
		{
			id: "certificate-refused", why: "a certificate was refused and the text does not say for what",
			see: seeBoth(seeAttestation(probe.KindX509), seeBlankRefusal),
			effects: []effect{
				favours(60, "cert-not-trusted-by-enrollment"), favours(44, "cert-enrollment-mismatch"), favours(36, "cert-chain-incomplete"),
				favours(20, "ca-not-verified"), favours(16, "cert-cn-registration-id-mismatch", "enrollment-not-found"), favours(8, "cert-expired"),
			},
		},
		{
			id: "key-refused", why: "a key was refused and the text does not say for what",
			see: seeBoth(seeAttestation(probe.KindSymmetricKey), seeBlankRefusal),
			effects: []effect{
				favours(30, "symmetric-key-mismatch"), favours(26, "group-key-not-derived"), favours(14, "derived-key-incorrect", "device-clock-wrong"),
				favours(10, "enrollment-not-found"),
			},
		},
		{
			id: "tpm-refused", why: "a TPM was refused and the text does not say for what",
			see:     seeBoth(seeAttestation(probe.KindTPM), seeBlankRefusal),
			effects: []effect{favours(45, "tpm-ek-mismatch"), favours(34, "enrollment-not-found"), favours(16, "attestation-mismatch")},
		},
		{
			id: "group-refused", why: "the device belongs to an enrollment group, whose key every device has to derive its own from",
			see: func(c *textCase) string {
				if c.attestation == probe.KindX509 || c.attestation == probe.KindTPM || seeBlankRefusal(c) == "" {
					return ""
				}
				return quoteFact(c.sign(logtext.SignGroup))
			},
			effects: []effect{favours(30, "group-key-not-derived"), favours(18, "derived-key-incorrect")},
		},
		{
			id: "individual-refused", why: "an individual enrollment has a credential of its own",
			see:     seeBoth(seeBlankRefusal, seeSign(logtext.SignIndividual)),
			effects: []effect{favours(12, "symmetric-key-mismatch", "cert-enrollment-mismatch")},
		},
		{
			id: "own-client-refused", why: "the client makes its requests or tokens itself, where derivation and token are easily built wrong",
			see:     seeBoth(seeBlankRefusal, seeSign(logtext.SignRawClient)),
			effects: []effect{favours(14, "derived-key-incorrect", "sas-token-malformed")},
		},
		{
			id: "sdk-token", why: "an SDK makes the token, which it builds right",
			see: unless(seeSign(logtext.SignRawClient), func(c *textCase) string {
				clients := []string{
					logtext.ClientIdentityService, logtext.ClientEdge11, logtext.ClientC, logtext.ClientNode, logtext.ClientPython,
					logtext.ClientJava, logtext.ClientDotNet, logtext.ClientCLI,
				}
				for _, client := range clients {
					if f := c.fact(logtext.KindClient, client); f != nil {
						return quoteFact(f)
					}
				}
				return ""
			}),
			effects: []effect{weakens(0.6, "sas-token-malformed")},
		},
		{
			id: "private-network-refused", why: "where public access is restricted, DPS refuses devices from elsewhere with a plain 401",
			see:     seeBoth(seeAny(seeRefusal, seeMatch(missesNetwork), seeMatch(namingAny("public-network-access-disabled"))), seeSign(logtext.SignPrivate)),
			effects: []effect{favours(70, "public-network-access-disabled")},
		},
	}
}
