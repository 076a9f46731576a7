package advice

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"

	"dpsdiag/internal/probe"
)

// certificateRules are the causes that lie in the device's own certificate.
func certificateRules() []Rule {
	return []Rule{
		{
			ID:    "cert-cn-registration-id-mismatch",
			Title: "Common name differs from registration id or is missing",
			Meaning: "For a device with a certificate the service takes the identity from the common name of the leaf. The name is absent, " +
				"or it is not the registration id that the device asks for.",
			Confirm: []string{
				"Print the subject of the leaf (openssl x509 -in CERT-FILE -noout -subject) and compare its CN with the registration id, letter by letter",
				"Make sure that the first certificate of the file is the leaf and not a CA",
			},
			Remedies: []string{
				"Reissue the certificate with a CN that equals the registration id (at most 64 characters)",
				"Or leave the registration id out of the device's settings, so that it is taken from the certificate",
			},
			Scenario: "cert-cn-registration-id-mismatch",
			Only:     usingCertificate(),
			Until:    Accepted,
			Weigh:    weighCommonName,
		},
		{
			ID:      "cert-expired",
			Title:   "Device or CA certificate expired",
			Meaning: "A certificate of the device's chain, or the CA certificate that the enrollment names, is outside its validity period while the clock is right.",
			Confirm: []string{
				"Print the dates of the leaf and of every CA above it (openssl x509 -in FILE -noout -dates)",
				"Look at the expiry of the CA certificate in the instance as well: it counts too",
			},
			Remedies: []string{
				"Issue new certificates, and put the new leaf or CA into the enrollment; keep the old one as secondary until every device has changed",
				"Set up renewal well before expiry, and have the device warn ahead of it",
			},
			Scenario: "cert-expired",
			Only:     usingCertificate(),
			Until:    Accepted,
			Weigh:    weighValidity,
		},
		{
			ID:    "cert-wrong-role-or-extensions",
			Title: "Certificate has the wrong role or extensions",
			Meaning: "The certificate presented is a CA certificate, lacks the client authentication usage, or a certificate above it may not sign others. " +
				"Such a chain is no proof of a device's identity.",
			Confirm: []string{
				"Look at basicConstraints, keyUsage and extendedKeyUsage of the leaf (openssl x509 -in CERT-FILE -noout -text)",
				"Check that every certificate above the leaf says CA:TRUE",
			},
			Remedies: []string{
				"Issue an identity certificate: CA:FALSE, key usage digitalSignature, extended key usage clientAuth",
				"Point the device at the identity certificate; a CA certificate belongs into the instance, not onto a device",
			},
			Scenario: "cert-wrong-role-or-extensions",
			Only:     usingCertificate(),
			Until:    Accepted,
			Weigh:    weighRole,
		},
		{
			ID:    "cert-enrollment-mismatch",
			Title: "Individual enrollment holds another certificate",
			Meaning: "The individual enrollment names one certificate and the device presents another: a renewed one, a test one, or the enrollment holds a CA certificate " +
				"where it should hold the leaf.",
			Confirm: []string{
				"Compare the thumbprint of the device's leaf (openssl x509 -in CERT-FILE -noout -fingerprint -sha256) with those in the enrollment",
				"See whether an individual enrollment of this registration id exists beside the group that was meant: it wins over the group",
			},
			Remedies: []string{
				"Put the very leaf that the device presents into the enrollment, as primary or secondary certificate",
				"If devices should be accepted by their CA, delete the individual enrollment and make an enrollment group",
			},
			Scenario: "cert-enrollment-mismatch",
			Only:     usingCertificate(),
			Until:    Accepted,
			Weigh:    weighEnrolledCertificate,
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

// certificateRefused reports whether the service named the certificate as what it refuses.
func (c *Case) certificateRefused() bool {
	return c.hasRow("dps-401002-invalid-cert") || c.hasRow("dps-401002-ca-not-found") || c.hasRow("dps-401002-chain-mismatch")
}

// outOfDate says of every client certificate that was sent and is out of date by the
// service's clock, when it is valid. One must have been sent.
func (c *Case) outOfDate() []string {
	cert := c.Evidence.Inputs.Certificate
	var texts []string
	now := c.serviceTime()
	for _, each := range append([]*x509.Certificate{cert.Leaf}, cert.Chain...) {
		switch {
		case now.After(each.NotAfter):
			texts = append(texts, fmt.Sprintf("%q expired on %s", probe.Name(each), day(each.NotAfter)))
		case now.Before(each.NotBefore):
			texts = append(texts, fmt.Sprintf("%q is valid only from %s on", probe.Name(each), day(each.NotBefore)))
		}
	}
	return texts
}

func weighCommonName(c *Case) Weight {
	cert := c.presented()
	if cert == nil {
		return Weight{}
	}
	id := c.Evidence.Target.RegistrationID
	var fact string
	switch cert.NameMatch {
	case probe.NameMissing:
		fact = "the certificate has no common name"
	case probe.NameDifferent:
		fact = fmt.Sprintf("the certificate's common name is %q, the registration id %q", cert.CommonName, id)
	case probe.NameCase:
		return allowed(fmt.Sprintf("the certificate's common name %q and the registration id %q differ in letter case", cert.CommonName, id))
	default:
		return ruledOut("the certificate's common name is the registration id")
	}
	switch {
	case c.identityRefused():
		return proven(fact)
	case c.class() == http.StatusBadRequest || c.class() == http.StatusNotFound || c.clientIDRejected():
		return suggested(fact)
	}
	return Weight{}
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
			faults = append(faults, fmt.Sprintf("%q stands above the leaf but is no CA certificate", probe.Name(each)))
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
		return suggested(thumbprint, "it is self-signed, so only an individual enrollment that holds exactly this certificate accepts it")
	}
	return remark(thumbprint)
}
