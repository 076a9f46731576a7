package edgeconf

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"

	"dpsdiag/internal/dps"
)

// Lint returns the mistakes and unusual values in the settings, before anything is sent, in
// the order of the source. It does no I/O.
func Lint(s *Settings) []Remark {
	n := notes{remarks: slices.Clone(s.remarks)}
	for _, o := range []*Obstacle{s.Obstacle, s.Attestation.Obstacle} {
		if o != nil && o.Problem != "" {
			n.add(o.Problem, "", o.Origin, "%s", o.Detail)
		}
	}
	n.lintEndpoint(s.Endpoint, s.IDScope)
	n.lintScope(s.IDScope)
	n.lintRegistrationID(s.RegistrationID)
	n.lintCommonName(s)
	n.lintProxies(s.Proxies)
	slices.SortStableFunc(n.remarks, func(a, b Remark) int {
		return cmp.Or(cmp.Compare(a.Origin.File, b.Origin.File), cmp.Compare(a.Origin.Line, b.Origin.Line), cmp.Compare(a.Origin.Column, b.Origin.Column))
	})
	return n.remarks
}

// templateScope is the id scope in the templates of IoT Edge and the identity service.
const templateScope = "0ab1234C5D6"

func (n *notes) lintScope(v Value) {
	if v.IsZero() {
		return
	}
	trimmed := strings.TrimSpace(v.Text)
	switch lower := strings.ToLower(trimmed); {
	case trimmed != v.Text:
		n.add(ProblemIDScope, settingIDScope, v.Origin, "%s has white space at its beginning or end", v.Origin)
	case v.Text == templateScope:
		n.add(ProblemIDScope, settingIDScope, v.Origin, "%s is the sample of IoT Edge's template, not the id scope of a DPS instance", v.Origin)
	case strings.Contains(v.Text, "."):
		n.add(ProblemIDScope, settingIDScope, v.Origin, "%s is %s, a host name; the id scope is on the overview page of the DPS instance, such as 0ne0045B3C6", v.Origin, show(v.Text))
	case strings.HasPrefix(lower, "one") || strings.HasPrefix(lower, "ocn") || strings.HasPrefix(lower, "ous"):
		n.add(ProblemIDScope, settingIDScope, v.Origin, "%s is %s, which begins with the letter O; id scopes begin with the digit 0", v.Origin, show(v.Text))
	default:
		remarks, err := dps.CheckIDScope(v.Text)
		n.pass(ProblemIDScope, settingIDScope, v.Origin, remarks, err)
	}
}

func (n *notes) lintRegistrationID(v Value) {
	if v.IsZero() {
		return
	}
	switch trimmed := strings.TrimSpace(v.Text); {
	case trimmed != v.Text:
		n.add(ProblemRegistrationID, settingRegistrationID, v.Origin, "%s has white space at its beginning or end", v.Origin)
	case len(trimmed) > 1 && strings.ContainsAny(trimmed[:1], `"'`) && trimmed[0] == trimmed[len(trimmed)-1]:
		n.add(ProblemRegistrationID, settingRegistrationID, v.Origin, "%s is %s: the inner quotation marks are a part of the id", v.Origin, show(trimmed))
	default:
		remarks, err := dps.CheckRegistrationID(v.Text)
		n.pass(ProblemRegistrationID, settingRegistrationID, v.Origin, remarks, err)
	}
}

// pass adds remarks from the service's rules for a value.
func (n *notes) pass(problem Problem, setting settingName, origin Origin, remarks []string, err error) {
	if err != nil {
		remarks = append(remarks, err.Error())
	}
	for _, remark := range remarks {
		n.add(problem, setting, origin, "%s: %s", origin, remark)
	}
}

// lintCommonName compares the registration id with the certificate's common name, which the
// service uses as the id.
func (n *notes) lintCommonName(s *Settings) {
	id, file := s.RegistrationID, s.Attestation.Certificate
	name, ok := commonName([]byte(file.Content.Reveal()))
	if id.IsZero() || !ok || name == id.Text {
		return
	}
	how := ""
	if strings.EqualFold(name, id.Text) {
		how = " by letter case"
	}
	n.add(ProblemCommonName, settingRegistrationID, id.Origin, "%s is %s and differs%s from the common name %q of %s, which the service uses",
		id.Origin, show(id.Text), how, name, showPath(file.Path))
}

// commonName returns the common name of the first certificate in PEM text.
func commonName(text []byte) (string, bool) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", false
		}
		return certificate.Subject.CommonName, true
	}
	return "", false
}
