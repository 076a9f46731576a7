package inspect

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the service names certificates by their SHA-1 thumbprint
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/service"
)

// authority is a certificate that an enrollment names: that of a device, or of a CA.
type authority struct {
	which string // primary or secondary
	ref   string // its name in the instance; "" for one in the enrollment itself
	cert  *x509.Certificate
	// What the service says of it. Thumbprints are in lower case, "" if not known.
	subject, issuer, sha1, sha256 string
	notAfter                      time.Time
	// listed is the entry in the certificates of the instance, nil if there is none.
	listed *service.CACertificate
}

// calledAuthority returns the name of the certificate for messages.
func (c *comparison) calledAuthority(a *authority) string {
	name := a.subject
	if a.cert != nil {
		name = certchain.Name(a.cert)
	}
	if a.ref != "" {
		return "the " + a.which + " CA certificate " + c.quoted(a.ref)
	}
	return "the " + a.which + " certificate " + c.quoted(name)
}

// authorities are the certificates of an enrollment.
func (c *comparison) authorities(e *Enrollment) []authority {
	held := e.Attestation.X509
	if held == nil {
		return nil
	}
	var list []authority
	for _, certs := range []*service.X509Certificates{held.ClientCertificates, held.SigningCertificates} {
		if certs == nil {
			continue
		}
		for _, each := range []struct {
			which string
			cert  *service.X509CertificateWithInfo
		}{{"primary", certs.Primary}, {"secondary", certs.Secondary}} {
			if each.cert != nil && (each.cert.Info != nil || each.cert.Certificate != "") {
				list = append(list, c.inEnrollment(each.which, each.cert))
			}
		}
	}
	if refs := held.CAReferences; refs != nil {
		for _, each := range []struct{ which, ref string }{{"primary", refs.Primary}, {"secondary", refs.Secondary}} {
			if each.ref != "" {
				list = append(list, c.inInstance(each.which, each.ref))
			}
		}
	}
	return list
}

func (c *comparison) inEnrollment(which string, held *service.X509CertificateWithInfo) authority {
	a := authority{which: which}
	if info := held.Info; info != nil {
		a.subject, a.issuer, a.sha1, a.sha256 = info.SubjectName, info.IssuerName, c.thumbprint(info.SHA1Thumbprint), c.thumbprint(info.SHA256Thumbprint)
		a.notAfter = parseTime(info.NotAfter)
	}
	a.take(parseCertificate(held.Certificate))
	for i := range c.held.Certificates {
		listed := &c.held.Certificates[i]
		if a.sha1 != "" && c.thumbprint(listed.Properties.Thumbprint) == a.sha1 {
			a.listed = listed
			a.take(parseCertificate(listed.Properties.Certificate))
		}
	}
	return a
}

func (c *comparison) inInstance(which, ref string) authority {
	a := authority{which: which, ref: ref}
	for i := range c.held.Certificates {
		if listed := &c.held.Certificates[i]; strings.EqualFold(listed.Name, ref) {
			a.listed, a.subject, a.sha1 = listed, listed.Properties.Subject, c.thumbprint(listed.Properties.Thumbprint)
			a.notAfter = parseTime(listed.Properties.Expiry)
			a.take(parseCertificate(listed.Properties.Certificate))
		}
	}
	return a
}

// take fills in what a certificate itself says, if there is one.
func (a *authority) take(cert *x509.Certificate) {
	if cert == nil {
		return
	}
	a.cert, a.subject, a.issuer = cert, cert.Subject.String(), cert.Issuer.String()
	a.sha1, a.sha256, a.notAfter = sha1Of(cert), sha256Of(cert), cert.NotAfter
}

// is reports whether a certificate is this one. The thumbprints decide.
func (a *authority) is(cert *x509.Certificate) bool {
	if a.sha256 != "" {
		return a.sha256 == sha256Of(cert)
	}
	return a.sha1 != "" && a.sha1 == sha1Of(cert)
}

// thumbprintText shows a thumbprint, the longer one if it is known.
func (a *authority) thumbprintText() string {
	switch {
	case a.sha256 != "":
		return "SHA-256 " + short(a.sha256)
	case a.sha1 != "":
		return "SHA-1 " + short(a.sha1)
	}
	return "without a thumbprint"
}

// short is the beginning of a thumbprint, enough to tell two apart.
func short(sum string) string {
	if len(sum) > 16 {
		return sum[:16] + "..."
	}
	return sum
}

func sha1Of(cert *x509.Certificate) string {
	sum := sha1.Sum(cert.Raw) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

func sha256Of(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}

// thumbprint normalises a thumbprint: hexadecimal in any case, with or without colons. Secrets are
// removed before the letter case changes.
func (c *comparison) thumbprint(text string) string {
	return strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(c.clip(text)))
}

// parseCertificate reads a certificate as it was written: PEM, or base64 of PEM or DER. It is
// nil for anything else.
func parseCertificate(text string) *x509.Certificate {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	data := []byte(text)
	if !strings.HasPrefix(text, "-----BEGIN") {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil
		}
		data = decoded
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN")) {
		certs, err := certchain.ParsePEM(data)
		if err != nil {
			return nil
		}
		return certs[0]
	}
	cert, err := x509.ParseCertificate(data)
	if err != nil {
		return nil
	}
	return cert
}

// parseTime reads a time of the service, zero if it is in no known form.
func parseTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.RFC1123} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// timeText is a time of the service for a person.
func (c *comparison) timeText(text string) string {
	t := parseTime(text)
	if t.IsZero() {
		return c.clip(text)
	}
	return t.Format("2006-01-02 15:04 UTC")
}

// chainMatch is how the device's chain relates to the CA of a group.
type chainMatch struct {
	result Result
	// depth is how many certificates of the chain are below the CA: the closest CA decides.
	depth int
	how   string
}

// matchChain compares the device's chain with the CAs of an enrollment.
func (c *comparison) matchChain(e *Enrollment) chainMatch {
	list := c.authorities(e)
	if len(list) == 0 {
		return chainMatch{result: NotRead, how: "the enrollment shows no certificates"}
	}
	if len(c.device.Chain) == 0 {
		return chainMatch{result: NotCompared, how: "the device's certificates were not given"}
	}
	var best chainMatch
	for i := range list {
		m := c.matchAuthority(&list[i])
		if best.result == "" || rankChain(m.result) < rankChain(best.result) || m.result == best.result && m.depth < best.depth {
			best = m
		}
	}
	return best
}

// rankChain orders the results of a comparison, the best first.
func rankChain(r Result) int {
	return slices.Index([]Result{ChainSame, ChainByName, ChainOtherKey, NotRead, ChainOther}, r)
}

func (c *comparison) matchAuthority(a *authority) chainMatch {
	chain := c.device.Chain
	if a.ref != "" && a.listed == nil {
		return chainMatch{result: NotRead, how: c.calledAuthority(a) + " is not known: " + CertificatesCommand + " shows it"}
	}
	for i, cert := range chain {
		switch {
		case i > 0 && a.is(cert):
			return chainMatch{ChainSame, i, "the chain contains " + c.calledAuthority(a)}
		case a.cert != nil && certchain.SignedBy(cert, a.cert):
			return chainMatch{ChainSame, i + 1, c.quoted(certchain.Name(cert)) + " is signed by " + c.calledAuthority(a)}
		}
	}
	for i, cert := range chain {
		if !sameName(cert.Issuer.String(), a.subject) {
			continue
		}
		if a.cert != nil || i+1 < len(chain) && certchain.SignedBy(cert, chain[i+1]) && (a.sha1 != "" || a.sha256 != "") {
			return chainMatch{ChainOtherKey, i + 1, "the issuer of " + c.quoted(certchain.Name(cert)) + " has the name of " + c.calledAuthority(a) + ", but is another certificate"}
		}
		return chainMatch{ChainByName, i + 1, "the issuer of " + c.quoted(certchain.Name(cert)) + " has the name of " + c.calledAuthority(a) + "; whether it has its key was not shown"}
	}
	top := chain[len(chain)-1]
	return chainMatch{ChainOther, 0, fmt.Sprintf("the chain ends below %s, the enrollment names %s", c.quoted(top.Issuer.String()), c.quoted(a.subject))}
}

// sameName compares distinguished names, which programs write in two orders, with and without
// a space after a comma. The management API may show the common name alone.
func sameName(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	left, right := nameParts(a), nameParts(b)
	if slices.Equal(left, right) {
		return true
	}
	return !strings.Contains(b, "=") && slices.Contains(left, "cn="+strings.ToLower(b))
}

func nameParts(name string) []string {
	var parts []string
	for part := range strings.SplitSeq(strings.ToLower(name), ",") {
		parts = append(parts, strings.TrimSpace(part))
	}
	slices.Sort(parts)
	return parts
}

// chooseByChain finds the group whose CA is above the device's certificate, the closest one.
func (c *comparison) chooseByChain() {
	groups := c.groupsOf(service.AttestationX509)
	type match struct {
		group *Enrollment
		chainMatch
	}
	var matching []match
	unread := ""
	for _, g := range groups {
		m := c.matchChain(g)
		switch m.result {
		case ChainSame, ChainByName, ChainOtherKey:
			matching = append(matching, match{g, m})
		case NotRead, NotCompared:
			unread = "the CA of " + c.called(g) + " cannot be compared: " + m.how
		}
	}
	slices.SortStableFunc(matching, func(a, b match) int {
		if d := rankChain(a.result) - rankChain(b.result); d != 0 {
			return d
		}
		return a.depth - b.depth
	})
	switch {
	case len(matching) > 0:
		best := matching[0]
		var list []*Enrollment
		for _, m := range matching {
			if m.result == best.result && m.depth == best.depth {
				list = append(list, m.group)
			}
		}
		if best.result == ChainOtherKey {
			list = list[:1]
		}
		c.take(list)
	case unread != "":
		c.found, c.why = NotCompared, unread
	case len(c.device.Chain) == 1:
		leaf := c.device.Chain[0]
		c.nowhere(len(groups), LeafToNoGroup, fmt.Sprintf("no group has the CA %s, which issued the device's certificate; no certificate above it was presented", c.quoted(leaf.Issuer.String())))
	default:
		c.nowhere(len(groups), ChainToNoGroup, "no CA of the device's chain is that of a group: "+c.names(groups))
	}
}

func (c *comparison) certificate() Check {
	check, ok := c.attests(CheckCertificate, service.AttestationX509)
	if !ok {
		return check
	}
	if !c.entry.ownCertificate() {
		return c.chain()
	}
	list := c.authorities(c.entry)
	switch {
	case len(list) == 0:
		return skipped(CheckCertificate, NotRead, "the enrollment shows no certificates")
	case len(c.device.Chain) == 0:
		return skipped(CheckCertificate, NotCompared, "the device's certificate was not given")
	}
	leaf := c.device.Chain[0]
	var enrolled []string
	for i := range list {
		if list[i].is(leaf) {
			return passed(CheckCertificate, CertificateSame, "it is the enrolled %s certificate, by thumbprint", list[i].which).with("sha1", sha1Of(leaf)).with("sha256", sha256Of(leaf))
		}
		enrolled = append(enrolled, list[i].which+" "+list[i].thumbprintText())
	}
	return failed(CheckCertificate, CertificateOther, "the device presents the certificate with the thumbprint SHA-256 %s (SHA-1 %s); %s holds %s",
		short(sha256Of(leaf)), short(sha1Of(leaf)), c.called(c.entry), strings.Join(enrolled, " and ")).with("sha1", sha1Of(leaf)).with("sha256", sha256Of(leaf))
}

// chain compares the chain of the device with the CAs of a group.
func (c *comparison) chain() Check {
	m := c.matchChain(c.entry)
	switch m.result {
	case ChainSame:
		return passed(CheckCertificate, m.result, "%s", m.how)
	case ChainByName:
		return warned(CheckCertificate, m.result, "%s", m.how)
	case ChainOther:
		if len(c.device.Chain) == 1 && !selfIssued(c.device.Chain[0]) {
			return failed(CheckCertificate, ChainMaybeIncomplete, "the device presents its certificate alone: %s", m.how)
		}
		return failed(CheckCertificate, m.result, "no certificate of the device's chain is the CA of %s: %s", c.called(c.entry), m.how)
	case ChainOtherKey:
		return failed(CheckCertificate, m.result, "%s", m.how)
	}
	return skipped(CheckCertificate, m.result, "%s", m.how)
}

func selfIssued(cert *x509.Certificate) bool { return bytes.Equal(cert.RawSubject, cert.RawIssuer) }

// commonName compares the name in the device's certificate with the registration id.
func (c *comparison) commonName() Check {
	if c.device.Kind != service.AttestationX509 {
		return notMeant(CheckCommonName, "the device uses no certificate")
	}
	if len(c.device.Chain) == 0 {
		return skipped(CheckCommonName, NotCompared, "the device's certificate was not given")
	}
	name := c.device.Chain[0].Subject.CommonName
	if !strings.EqualFold(name, c.device.ID) {
		return failed(CheckCommonName, NameOther, "the common name is %s, the registration id %s", c.quoted(name), c.quoted(c.device.ID))
	}
	return passed(CheckCommonName, NameSame, "the common name is the registration id")
}

// validity looks at the dates of the device's certificates and of the enrolled ones.
func (c *comparison) validity() Check {
	if c.device.Kind != service.AttestationX509 && (c.entry == nil || c.entry.Attestation.Type != service.AttestationX509) {
		return notMeant(CheckValidity, "no certificate is used")
	}
	var list []authority
	if c.entry != nil {
		list = c.authorities(c.entry)
	}
	expired, later := c.outOfDate()
	needed, spare := c.enrolledExpired(list)
	expired = append(expired, needed...)
	dated := func(a authority) bool { return !a.notAfter.IsZero() }
	switch {
	case len(c.device.Chain) == 0 && !slices.ContainsFunc(list, dated):
		return skipped(CheckValidity, NotRead, "no dates are known")
	case len(expired) > 0:
		return failed(CheckValidity, ValidityExpired, "%s", strings.Join(append(expired, later...), "; "))
	case len(later) > 0:
		return failed(CheckValidity, ValidityNotYet, "%s", strings.Join(later, "; "))
	case len(spare) > 0:
		return passed(CheckValidity, ValidityInDate, "every certificate that the device needs is in date; %s", strings.Join(spare, "; "))
	}
	return passed(CheckValidity, ValidityInDate, "every certificate that is known is in date")
}

// outOfDate says which certificates of the device have expired, and which are not valid yet.
func (c *comparison) outOfDate() (expired, later []string) {
	for _, cert := range c.device.Chain {
		switch now := c.device.Now; {
		case now.After(cert.NotAfter):
			expired = append(expired, fmt.Sprintf("the device's certificate %s expired on %s", c.quoted(certchain.Name(cert)), day(cert.NotAfter)))
		case now.Before(cert.NotBefore):
			later = append(later, fmt.Sprintf("the device's certificate %s is valid from %s", c.quoted(certchain.Name(cert)), day(cert.NotBefore)))
		}
	}
	return expired, later
}

// enrolledExpired says which certificates of the enrollment have expired: those that the device needs,
// and those that it does not need, since its own matches another one. While nothing matches, the
// secondary one may be a former one, and is not needed.
func (c *comparison) enrolledExpired(list []authority) (needed, spare []string) {
	matched := slices.ContainsFunc(list, c.matches)
	for i := range list {
		a := &list[i]
		if a.notAfter.IsZero() || !c.device.Now.After(a.notAfter) || slices.ContainsFunc(c.device.Chain, a.is) {
			continue // in date, or reported as one of the device
		}
		text := fmt.Sprintf("%s of the enrollment expired on %s", c.calledAuthority(a), day(a.notAfter))
		switch {
		case matched && !c.matches(*a):
			spare = append(spare, text)
		case matched || len(list) == 1 || a.which == "primary":
			needed = append(needed, text)
		}
	}
	return needed, spare
}

// matches reports whether the device's certificate or its chain is known to match one of the enrollment.
func (c *comparison) matches(a authority) bool {
	if len(c.device.Chain) == 0 {
		return false
	}
	if c.entry.ownCertificate() {
		return a.is(c.device.Chain[0])
	}
	return c.matchAuthority(&a).result == ChainSame
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// ca looks at the CA certificates of the instance that the enrollment relies on.
func (c *comparison) ca() Check {
	switch {
	case c.entry == nil && c.device.Kind != service.AttestationX509 && c.device.Kind != "":
		return notMeant(CheckCA, "the device uses no certificate")
	case c.entry == nil:
		return c.unread(CheckCA)
	case c.entry.Attestation.Type != service.AttestationX509:
		return notMeant(CheckCA, "%s is enrolled", c.kindText(c.entry.Attestation.Type))
	case c.entry.ownCertificate():
		return notMeant(CheckCA, "the certificate of the device itself is enrolled")
	case c.held.Certificates == nil:
		return skipped(CheckCA, NotRead, "the service API does not show whether a CA is verified: give --certificates FILE with the output of %s", CertificatesCommand)
	}
	return c.verified(c.authorities(c.entry))
}

// ownCertificate reports whether the certificate of the device itself is enrolled.
func (e *Enrollment) ownCertificate() bool {
	return !e.Group && e.Attestation.X509 != nil && e.Attestation.X509.ClientCertificates != nil
}

// verified looks at the CAs of an enrollment.
func (c *comparison) verified(list []authority) Check {
	var verified []string
	for i := range list {
		a := &list[i]
		switch {
		case a.ref != "" && a.listed == nil:
			return failed(CheckCA, CAMissing, "%s relies on %s, which the instance does not have", c.called(c.entry), c.calledAuthority(a))
		case a.listed != nil && !a.listed.Properties.IsVerified:
			return failed(CheckCA, CAUnverified, "the CA certificate %s of the instance, on which %s relies, is not verified", c.quoted(a.listed.Name), c.called(c.entry))
		case a.listed != nil:
			verified = append(verified, a.listed.Name)
		}
	}
	if len(verified) == 0 {
		return passed(CheckCA, CAVerified, "the enrollment holds its CA itself; it needs no verification by name")
	}
	return passed(CheckCA, CAVerified, "verified: %s", c.quotedList(verified))
}
