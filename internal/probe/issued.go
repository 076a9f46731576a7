package probe

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/duration"
)

// Signing is a request for a certificate with the registration
// (learn.microsoft.com: device certificate issuance).
type Signing struct {
	Request *x509.CertificateRequest
	// Key is the private key of the request; nil if it is not known here, and then the issued
	// certificate cannot be presented to the hub.
	Key crypto.Signer
}

// Issued is the certificate that the service issued with an assignment.
type Issued struct {
	Chain []*x509.Certificate // leaf first; nil if it cannot be read
	// Unreadable says why the chain cannot be read, "" if it can.
	Unreadable string
	// OtherKey says that the leaf is not for the key of the request, OtherName that its common
	// name is not the registration id. Expired and NotYetValid compare its dates with the local
	// clock, corrected by the known error of that clock.
	OtherKey, OtherName, Expired, NotYetValid bool
	// Unlinked is the index of a certificate that the next one did not sign, -1 if there is none.
	Unlinked int
}

// Leaf is the device's certificate, nil if the chain cannot be read.
func (i *Issued) Leaf() *x509.Certificate {
	if len(i.Chain) == 0 {
		return nil
	}
	return i.Chain[0]
}

// Faults say why the device cannot use the certificate; nil if it can.
func (i *Issued) Faults() []string {
	var faults []string
	add := func(is bool, format string, args ...any) {
		if is {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	leaf := i.Leaf()
	if leaf == nil {
		return []string{"the issued chain cannot be read: " + i.Unreadable}
	}
	add(i.OtherKey, "the issued certificate is for another key than that of the signing request")
	add(i.OtherName, "the issued certificate is for %q, not for the device", leaf.Subject.CommonName)
	add(i.Expired, "the issued certificate expired on %s", day(leaf.NotAfter))
	add(i.NotYetValid, "the issued certificate is valid only from %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	if i.Unlinked >= 0 {
		add(true, "in the issued chain %q is not signed by %q, which follows it", certchain.Name(i.Chain[i.Unlinked]), certchain.Name(i.Chain[i.Unlinked+1]))
	}
	return faults
}

// clockTolerance is how far a clock may be behind without anyone noticing: no time at which a
// certificate becomes valid is judged more exactly.
const clockTolerance = 5 * time.Minute

// serviceTime is the time by the service's clock, as far as that is known.
func (r *runner) serviceTime() time.Time {
	if r.run.Clock == nil {
		return r.now()
	}
	return r.now().Add(-r.run.Clock.Skew)
}

// newIssued reads an issued chain. issued is nil if the chain is empty.
func newIssued(chain []string, signing *Signing, registrationID string, now time.Time) (issued *Issued, ders [][]byte) {
	if len(chain) == 0 {
		return nil, nil
	}
	ders, certs, err := certchain.DecodeIssued(chain)
	issued = &Issued{Chain: certs, Unlinked: -1}
	if err != nil {
		issued.Unreadable = err.Error()
		return issued, ders
	}
	leaf := certs[0]
	issued.OtherKey = signing != nil && !certchain.SameKey(leaf.PublicKey, signing.Request.PublicKey)
	issued.OtherName = !strings.EqualFold(leaf.Subject.CommonName, registrationID)
	issued.Expired, issued.NotYetValid = now.After(leaf.NotAfter), now.Add(clockTolerance).Before(leaf.NotBefore)
	issued.Unlinked = firstUnlinked(certs)
	return issued, ders
}

// certificate is what the device presents to its hub: the leaf and what signed it, without a
// self-signed root, which the hub has to know itself.
func (i *Issued) certificate(key crypto.Signer) *tls.Certificate {
	cert := &tls.Certificate{PrivateKey: key, Leaf: i.Leaf()}
	for n, c := range i.Chain {
		if n == 0 || !certchain.SignedBy(c, c) {
			cert.Certificate = append(cert.Certificate, c.Raw)
		}
	}
	return cert
}

// inspect adds what is unusual about a signing request, before anything is sent.
func (s *Signing) inspect(in *Inputs, target Target) {
	if s == nil {
		return
	}
	for _, odd := range dps.CheckCSR(s.Request, target.RegistrationID) {
		in.warn(cause.CSRRejected, "%s", odd)
	}
	if !dps.IssuesCertificates(target.APIVersion) {
		in.warn(cause.CertificateNotIssued, "the api-version %s has no signing requests; %s has", target.APIVersion, dps.IssuingAPIVersion)
	}
}

// csr is the signing request of a register call, nil for none.
func (r *runner) csr() []byte {
	if r.cfg.Signing == nil || r.target.Mode != ModeRegister {
		return nil
	}
	return r.cfg.Signing.Request.Raw
}

// takeIssued keeps the certificate of an assignment and adds it to the finding of the stage,
// which fails if a certificate was requested and there is none that the device can use.
func (r *runner) takeIssued(f Finding, reg *dps.Registration) Finding {
	issued, ders := newIssued(reg.IssuedCertificateChain, r.cfg.Signing, r.target.RegistrationID, r.serviceTime())
	if len(ders) > 0 {
		r.cfg.OnIssued(r.run.Transport, ders)
	}
	f = f.with("connection-profile", string(reg.ConnectionProfile))
	if issued == nil {
		if r.target.Signing && r.target.Mode != ModeLookup {
			r.stop(EndRefused)
			f.Outcome, f.Detail = Failed, f.Detail+", but no certificate was issued"
		}
		return f
	}
	r.run.Issued = issued
	f = issued.addTo(f, r.cfg.Signing != nil)
	if faults := issued.Faults(); len(faults) > 0 {
		r.stop(EndRefused)
		f.Outcome, f.Detail = Failed, f.Detail+"; "+strings.Join(faults, "; ")
		return f
	}
	leaf := issued.Leaf()
	f.Detail += fmt.Sprintf("; certificate issued, valid until %s (%s)", day(leaf.NotAfter), duration.Rough(leaf.NotAfter.Sub(r.serviceTime())))
	return f
}

// addTo adds the facts of the certificate; requested says that its key is known.
func (i *Issued) addTo(f Finding, requested bool) Finding {
	leaf := i.Leaf()
	if leaf == nil {
		return f.with("issued-unreadable", i.Unreadable)
	}
	var names []string
	for _, c := range i.Chain {
		names = append(names, certchain.Name(c))
	}
	f = f.with("issued-chain", strings.Join(names, " < ")).with("issued-key", dps.KeyText(leaf.PublicKey)).
		with("issued-not-before", leaf.NotBefore.UTC().Format(time.RFC3339)).
		with("issued-not-after", leaf.NotAfter.UTC().Format(time.RFC3339)).
		with("issued-serial", leaf.SerialNumber.Text(16))
	if requested {
		return f.with("issued-key-fits", map[bool]string{true: "yes", false: "no"}[!i.OtherKey])
	}
	return f
}

// lacksIssuedKey says why the issued certificate cannot be presented to the hub, "" if it can
// or if there is none.
func (r *runner) lacksIssuedKey() string {
	if r.run.Issued != nil && (r.cfg.Signing == nil || r.cfg.Signing.Key == nil) {
		return "the hub takes the issued certificate, whose private key was not given (--csr-key)"
	}
	return ""
}
