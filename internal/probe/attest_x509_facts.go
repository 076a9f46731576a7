package probe

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/duration"
)

// Inspect implements Attestation: the facts of the chain, and a warning for each reason
// that the service may have to refuse it. They are only warnings: the service decides, and
// its clock may show that ours is wrong.
func (a *X509) Inspect(target Target, now time.Time, expiresIn time.Duration) Inputs {
	facts := a.facts(target.RegistrationID, now)
	identity := fmt.Sprintf("certificate %q %s, valid until %s", certchain.Name(facts.Leaf), describeChain(facts.Chain), day(facts.Leaf.NotAfter))
	in := Inputs{Identity: identity, Certificate: facts, Warnings: slices.Clone(a.remarks)}
	warnValidity(&in, facts, a.chain, now, expiresIn)
	warnName(&in, facts, target.RegistrationID)
	warnRole(&in, facts)
	if facts.Unlinked >= 0 {
		in.warn(cause.CertChainIncomplete, "%q is not signed by %q, which follows it in the chain",
			certchain.Name(a.chain[facts.Unlinked]), certchain.Name(a.chain[facts.Unlinked+1]))
	}
	return in
}

func describeChain(chain []*x509.Certificate) string {
	switch len(chain) {
	case 0:
		return "alone"
	case 1:
		return "and its issuer"
	}
	return fmt.Sprintf("and %d issuers", len(chain))
}

func (a *X509) facts(registrationID string, now time.Time) *CertificateFacts {
	leaf, last := a.chain[0], a.chain[len(a.chain)-1]
	facts := &CertificateFacts{
		Leaf:         leaf,
		Chain:        a.chain[1:],
		CommonName:   leaf.Subject.CommonName,
		NameMatch:    matchName(leaf.Subject.CommonName, registrationID),
		SelfSigned:   certchain.SignedBy(leaf, leaf),
		IsCA:         leaf.BasicConstraintsValid && leaf.IsCA,
		NoClientAuth: lacksClientAuth(leaf),
		Unlinked:     firstUnlinked(a.chain),
		Top:          last.Issuer.String(),
	}
	for _, c := range a.chain {
		if now.After(c.NotAfter) {
			facts.Expired = append(facts.Expired, c)
		}
		if now.Before(c.NotBefore) {
			facts.NotYetValid = append(facts.NotYetValid, c)
		}
	}
	return facts
}

func matchName(commonName, registrationID string) NameMatch {
	switch {
	case commonName == "":
		return NameMissing
	case commonName == registrationID:
		return NameSame
	case strings.EqualFold(commonName, registrationID):
		return NameCase
	}
	return NameDifferent
}

func firstUnlinked(chain []*x509.Certificate) int {
	for i := range chain[1:] {
		if !certchain.SignedBy(chain[i], chain[i+1]) {
			return i
		}
	}
	return -1
}

// lacksClientAuth follows RFC 5280 4.2.1.12: without the extension every usage is allowed.
func lacksClientAuth(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return false
	}
	return !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) && !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

func warnValidity(in *Inputs, facts *CertificateFacts, chain []*x509.Certificate, now time.Time, expiresIn time.Duration) {
	for _, c := range facts.Expired {
		in.warn(cause.CertExpired, "%q expired on %s, %s ago by the local clock", certchain.Name(c), day(c.NotAfter), duration.Rough(now.Sub(c.NotAfter)))
	}
	for _, c := range facts.NotYetValid {
		in.warn(cause.DeviceClockWrong, "%q is valid from %s, %s from now by the local clock", certchain.Name(c), day(c.NotBefore), duration.Rough(c.NotBefore.Sub(now)))
	}
	for _, c := range chain {
		if left := c.NotAfter.Sub(now); left >= 0 && left < expiresIn {
			in.notice(cause.CertExpiresSoon, "%q expires on %s, in %s", certchain.Name(c), day(c.NotAfter), duration.Rough(left))
		}
	}
}

func warnName(in *Inputs, facts *CertificateFacts, registrationID string) {
	const id = cause.CertCNRegistrationIDMismatch
	switch facts.NameMatch {
	case NameMissing:
		in.warn(id, "the certificate has no common name; the service takes the registration id from it")
	case NameDifferent:
		in.warn(id, "the certificate's common name is %q, the registration id %q", facts.CommonName, registrationID)
	case NameCase:
		in.warn(id, "the certificate's common name %q and the registration id %q differ in letter case", facts.CommonName, registrationID)
	}
	if len(facts.CommonName) > dps.MaxCommonName {
		in.warn(id, "the certificate's common name has %d characters; X.509 allows %d", len(facts.CommonName), dps.MaxCommonName)
	}
}

func warnRole(in *Inputs, facts *CertificateFacts) {
	const id = cause.CertWrongRoleOrExtensions
	if facts.IsCA {
		in.warn(id, "the certificate presented is a CA certificate, not a device certificate")
	}
	if facts.NoClientAuth {
		in.warn(id, "the certificate's extended key usage does not include client authentication")
	}
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
