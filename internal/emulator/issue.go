package emulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"dpsdiag/internal/dps"
)

// Limits and default of the validity that a policy gives to certificates, in days
// (learn.microsoft.com: certificate renewal).
const (
	leastIssuedDays   = 7
	mostIssuedDays    = 90
	defaultIssuedDays = 30
)

// sandboxPolicy is the policy of the ready enrollments.
const sandboxPolicy = "sandbox-policy"

// issuance is a certificate policy: the certificates that an enrollment's devices get for
// their signing requests.
type issuance struct {
	policy string // its name or resource id
	days   int    // that a certificate is valid
}

// issuingAuthority signs the certificates of devices, as the credential of a device registry
// namespace does. It is a root CA with one intermediate CA for all policies.
type issuingAuthority struct {
	root, intermediate *certified
}

// issuedFault is what is wrong with issued certificates in a scenario.
type issuedFault string

// The faults of issued certificates. An unsynchronised one is good, but the hub does not
// have its authority yet.
const (
	issuedExpired        issuedFault = "expired"
	issuedOtherKey       issuedFault = "other-key"
	issuedUnsynchronised issuedFault = "unsynchronised"
	issuedRefused        issuedFault = "refused" // every signing request is refused
)

// newAuthority makes an authority with keys on P-384, the documented curve of issued certificates
// (learn.microsoft.com: certificate renewal).
func (w *world) newAuthority() (a *issuingAuthority, err error) {
	mint := w.mint
	mint.curve = elliptic.P384()
	a = &issuingAuthority{}
	if a.root, err = w.store.authority(filepath.Join(enrolledDir, "issuing-root"), "dpsdiag sandbox issuing root", mint); err != nil {
		return nil, err
	}
	if a.intermediate, err = mint.authority("dpsdiag sandbox issuing intermediate", a.root); err != nil {
		return nil, err
	}
	return a, nil
}

// signingRequest returns the signing request of a call that is to be signed, nil for none. A
// lookup must not have one. That a request is ignored if the enrollment has no policy or the
// api-version does not know it is inferred from a public walkthrough, where no certificate
// came back (pjgpetecodes/skittlesorter; azure-rest-api-specs deviceprovisioningservices/data-plane,
// device/models.tsp).
func (s *service) signingRequest(c *caller, op operation, csr string) (*x509.CertificateRequest, *refusal) {
	switch {
	case csr == "":
		return nil, nil
	case op == opLookup:
		return nil, badSigningRequest("a lookup must not have one")
	case c.enrollment.issuance == nil || !dps.IssuesCertificates(c.apiVersion):
		return nil, nil
	}
	return s.checkRequest(c, csr)
}

// checkRequest refuses a signing request. Which rules the service applies is documented,
// that it answers 400 is documented for a lookup and assumed for the rest, and so is the
// code: no public document has the codes of DPS for a signing request.
func (s *service) checkRequest(c *caller, csr string) (*x509.CertificateRequest, *refusal) {
	if len(csr) > dps.MaxCSR {
		return nil, badSigningRequest(fmt.Sprintf("it has more than %d bytes", dps.MaxCSR))
	}
	der, err := base64.StdEncoding.DecodeString(csr)
	if err != nil {
		return nil, badSigningRequest("it is not base64 of DER; lines of PEM do not belong into it")
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, badSigningRequest("it is not PKCS#10")
	}
	key, isEC := request.PublicKey.(*ecdsa.PublicKey)
	switch {
	case s.issued == issuedRefused:
		return nil, badSigningRequest("the scenario refuses every signing request")
	case request.Subject.CommonName != c.registrationID:
		return nil, badSigningRequest(fmt.Sprintf("its common name is %q", request.Subject.CommonName))
	case !isEC || key.Curve != elliptic.P384(): // documented; in a blog, RSA was accepted
		return nil, badSigningRequest("its key is not EC P-384")
	case request.CheckSignature() != nil:
		return nil, badSigningRequest("its signature is wrong")
	}
	return request, nil
}

// badSigningRequest refuses a call because of its signing request. The code is the generic
// one of the status and the message says no more, because neither is known.
func badSigningRequest(why string) *refusal {
	return bare(http.StatusBadRequest, "the signing request: "+why)
}

// issue signs a request under the policy of an enrollment and returns the chain as the
// service writes it: base64 of DER, leaf first, root last.
func (s *service) issue(request *x509.CertificateRequest, policy *issuance) ([]string, error) {
	now := s.now()
	template := &x509.Certificate{
		SerialNumber: s.random.serial(),
		Subject:      pkix.Name{CommonName: request.Subject.CommonName},
		// A few minutes earlier, for clocks that are slightly behind. That the service does the
		// same is assumed.
		NotBefore:             now.Add(-5 * time.Minute),
		NotAfter:              now.AddDate(0, 0, policy.days),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	public := request.PublicKey
	switch s.issued {
	case issuedExpired:
		template.NotBefore, template.NotAfter = now.AddDate(0, 0, -policy.days-1), now.AddDate(0, 0, -1)
	case issuedOtherKey:
		other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make another key: %w", err)
		}
		public = &other.PublicKey
	}
	authority, err := s.issuing()
	if err != nil {
		return nil, fmt.Errorf("make the issuing authority: %w", err)
	}
	issuer := authority.intermediate
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.cert, public, issuer.key)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate: %w", err)
	}
	var chain []string
	for _, each := range [][]byte{der, issuer.cert.Raw, authority.root.cert.Raw} {
		chain = append(chain, base64.StdEncoding.EncodeToString(each))
	}
	return chain, nil
}

// verifyIssued checks a certificate that the service issued: the hub knows the authority, not
// the certificate. That it also compares the name is assumed.
func (s *service) verifyIssued(c hubClaim) *refusal {
	chain := c.credential.chain
	if len(chain) == 0 {
		return badToken("the device has an issued certificate and did not present it")
	}
	authority, err := s.issuing()
	if err != nil {
		return badToken("there is no issuing authority: %v", err)
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	if s.issued != issuedUnsynchronised {
		roots.AddCert(authority.root.cert)
	}
	addAll(intermediates, chain[1:])
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: s.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return badToken("the certificate is not an issued one that the hub can verify: %v", err)
	}
	if !strings.EqualFold(chain[0].Subject.CommonName, c.deviceID) {
		return badToken("the certificate is that of %q", chain[0].Subject.CommonName)
	}
	return nil
}
