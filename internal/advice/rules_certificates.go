package advice

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/certchain"
	"dpsdiag/internal/probe"
)

// certificateRules are the causes in the device's own certificate.
func certificateRules() []Rule {
	return []Rule{
		{
			ID:    cause.CertCNRegistrationIDMismatch,
			Party: ServiceParty,
			Only:  usingCertificate(),
			Until: Accepted,
			Judge: judgeCommonName,
			Weigh: weighCommonName,
		},
		{
			ID:    cause.CertExpired,
			Party: ServiceParty,
			Only:  usingCertificate(),
			Until: Accepted,
			Weigh: weighValidity,
		},
		{
			ID:    cause.CertWrongRoleOrExtensions,
			Party: ServiceParty,
			Only:  usingCertificate(),
			Until: Accepted,
			Weigh: weighRole,
		},
		{
			ID:    cause.CertEnrollmentMismatch,
			Party: ServiceParty,
			Only:  usingCertificate(),
			Until: Accepted,
			Weigh: weighEnrolledCertificate,
		},
	}
}

// usingCertificate limits a cause to devices that present a client certificate.
func usingCertificate() Attestations {
	return Attestations{Kinds: []probe.AttestationKind{probe.KindX509}, Otherwise: "no client certificate was used"}
}

// presented returns the facts of the client certificate if the service has judged it, else
// nil.
func (c *Case) presented() *probe.CertificateFacts {
	if c.refusal == nil {
		return nil
	}
	return c.Evidence.Inputs.Certificate
}

// certificateRefused reports whether the service gave the certificate as the reason of the refusal.
func (c *Case) certificateRefused() bool {
	return c.hasEntry("dps-401002-invalid-cert") || c.hasEntry("dps-401002-ca-not-found") || c.hasEntry("dps-401002-chain-mismatch")
}

// outOfDate says when every client certificate that was sent is valid, for those that are out of date
// by the service's clock. At least one must have been sent.
func (c *Case) outOfDate() []string {
	cert := c.Evidence.Inputs.Certificate
	var texts []string
	now := c.serviceTime()
	for _, each := range append([]*x509.Certificate{cert.Leaf}, cert.Chain...) {
		switch {
		case now.After(each.NotAfter):
			texts = append(texts, fmt.Sprintf("%q expired on %s", certchain.Name(each), day(each.NotAfter)))
		case now.Before(each.NotBefore):
			texts = append(texts, fmt.Sprintf("%q is valid only from %s on", certchain.Name(each), day(each.NotBefore)))
		}
	}
	return texts
}

// otherName says how the common name differs from the registration id, "" if it does not.
func (c *Case) otherName() string {
	cert := c.presented()
	switch {
	case cert == nil:
	case cert.NameMatch == probe.NameMissing:
		return "the certificate has no common name"
	case cert.NameMatch == probe.NameDifferent:
		return fmt.Sprintf("the certificate's common name is %q, the registration id %q", cert.CommonName, c.Evidence.Target.RegistrationID)
	}
	return ""
}

// weighCommonName judges a common name that differs from the registration id at most in letter case.
func weighCommonName(c *Case) Weight {
	cert := c.presented()
	switch {
	case cert == nil || c.otherName() != "":
		return Weight{}
	case cert.NameMatch == probe.NameCase:
		return remark(fmt.Sprintf("the certificate's common name %q and the registration id %q differ in letter case", cert.CommonName, c.Evidence.Target.RegistrationID))
	}
	return ruledOut("the certificate's common name is the registration id")
}

func weighValidity(c *Case) Weight {
	cert := c.presented()
	if cert == nil {
		return Weight{}
	}
	_, known := c.skew()
	late := c.outOfDate()
	switch {
	case len(late) > 0 && c.identityRefused() && known:
		return proven(append(late, c.skewText())...)
	case len(late) > 0 && c.identityRefused():
		return suggested(append(late, c.skewText())...)
	case len(late) > 0:
		return remark(late...)
	case !known:
		return doubted("every certificate that was sent is in date by the local clock")
	case cert.SelfSigned || reachesRoot(cert):
		return ruledOut("every certificate of the chain is in date by the service's clock")
	}
	return doubted("every certificate that was sent is in date by the service's clock; the CA above them was not seen")
}

// reachesRoot reports whether the last certificate sent is its own issuer.
func reachesRoot(cert *probe.CertificateFacts) bool {
	if len(cert.Chain) == 0 {
		return false
	}
	last := cert.Chain[len(cert.Chain)-1]
	return last.Subject.String() == last.Issuer.String()
}

func weighRole(c *Case) Weight {
	cert := c.presented()
	if cert == nil {
		return Weight{}
	}
	var faults []string
	if cert.IsCA {
		faults = append(faults, "the certificate presented is a CA certificate")
	}
	if cert.NoClientAuth {
		faults = append(faults, "its extended key usage does not include client authentication")
	}
	for _, each := range cert.Chain {
		if !each.IsCA {
			faults = append(faults, fmt.Sprintf("%q is above the leaf but is not a CA certificate", certchain.Name(each)))
		}
	}
	switch {
	case len(faults) == 0:
		return ruledOut("the leaf is a device certificate, fit for client authentication, and all above it are CA certificates")
	case c.identityRefused():
		return suggested(faults...)
	}
	return remark(faults...)
}

func weighEnrolledCertificate(c *Case) Weight {
	cert := c.presented()
	if cert == nil || !c.identityRefused() {
		return Weight{}
	}
	sum := sha256.Sum256(cert.Leaf.Raw)
	thumbprint := "the leaf that was presented has the SHA-256 thumbprint " + hex.EncodeToString(sum[:])
	if cert.SelfSigned {
		return suggested(thumbprint, "it is self-signed, so only an individual enrollment with exactly this certificate accepts it")
	}
	return remark(thumbprint)
}
