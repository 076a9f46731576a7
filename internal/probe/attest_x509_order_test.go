package probe

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/certchain/certtest"
)

// TestChainIsPutRight: whatever the order of the certificates and whatever else is in the
// file, the chain of the device's certificate is sent, in order and once, and problems of
// the file are reported.
func TestChainIsPutRight(t *testing.T) {
	t.Parallel()
	root := certtest.Issue(t, "root", nil, certtest.CA)
	upper := certtest.Issue(t, "upper", &root, certtest.CA)
	lower := certtest.Issue(t, "lower", &upper, certtest.CA)
	leaf := certtest.Issue(t, "dev-01", &lower, nil)
	stranger := certtest.Issue(t, "stranger", nil, certtest.CA)
	for name, test := range map[string]struct {
		given []certtest.Issued
		sent  string
		want  []string // the beginnings of the warnings
	}{
		"in order":              {[]certtest.Issued{leaf, lower, upper}, "dev-01 lower upper", nil},
		"up to the root":        {[]certtest.Issued{leaf, lower, upper, root}, "dev-01 lower upper root", nil},
		"alone":                 {[]certtest.Issued{leaf}, "dev-01", nil},
		"the other way round":   {[]certtest.Issued{root, upper, lower, leaf}, "dev-01 lower upper root", []string{`the certificate of the private key is not the first but comes after "root"`}},
		"issuers exchanged":     {[]certtest.Issued{leaf, upper, lower}, "dev-01 lower upper", []string{`the certificates are not in order but come as "dev-01", "upper", "lower"`}},
		"twice":                 {[]certtest.Issued{leaf, lower, leaf, upper}, "dev-01 lower upper", []string{`"dev-01" occurs twice`}},
		"twice and exchanged":   {[]certtest.Issued{leaf, upper, lower, upper}, "dev-01 lower upper", []string{"the certificates are not in order", `"upper" occurs twice`}},
		"a stranger at the end": {[]certtest.Issued{leaf, lower, stranger}, "dev-01 lower stranger", []string{`"lower" is not signed by "stranger"`}},
		"a stranger between":    {[]certtest.Issued{leaf, stranger, lower}, "dev-01 lower stranger", []string{"the certificates are not in order", `"lower" is not signed by "stranger"`}},
		"one is missing":        {[]certtest.Issued{leaf, upper}, "dev-01 upper", []string{`"dev-01" is not signed by "upper"`}},
		"many": {
			[]certtest.Issued{upper, root, stranger, certtest.Issue(t, "a", nil, certtest.CA), certtest.Issue(t, "b", nil, certtest.CA), lower, leaf},
			"dev-01 lower upper root stranger a b",
			[]string{`the certificate of the private key is not the first`, `"root" is not signed by "stranger"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var certs []*x509.Certificate
			for _, c := range test.given {
				certs = append(certs, c.Cert)
			}
			a, err := NewX509(certs, leaf.Key)
			if err != nil {
				t.Fatal(err)
			}
			var sent []string
			for _, der := range a.Identify(testedOn, today).Certificate.Certificate {
				c, err := x509.ParseCertificate(der)
				if err != nil {
					t.Fatal(err)
				}
				sent = append(sent, certchain.Name(c))
			}
			if diff := cmp.Diff(test.sent, strings.Join(sent, " ")); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			warnings := a.Inspect(testedOn, today, DefaultExpiresIn).Warnings
			if len(warnings) != len(test.want) {
				t.Fatalf("warnings %q, want %q", warnings, test.want)
			}
			for i, w := range warnings {
				if w.ID != "cert-chain-incomplete" || !strings.HasPrefix(w.Detail, test.want[i]) {
					t.Errorf("warning %+v, want %q", w, test.want[i])
				}
			}
		})
	}
}

// TestOrderWarningIsBounded: a bundle of a hundred certificates is not listed in full.
func TestOrderWarningIsBounded(t *testing.T) {
	t.Parallel()
	leaf := certtest.Issue(t, "dev-01", nil, nil)
	certs := []*x509.Certificate{certtest.Issue(t, "other", nil, certtest.CA).Cert, leaf.Cert}
	for range 8 {
		certs = append(certs, certtest.Issue(t, "root", nil, certtest.CA).Cert)
	}
	a, err := NewX509(certs, leaf.Key)
	if err != nil {
		t.Fatal(err)
	}
	detail := a.Inspect(testedOn, today, DefaultExpiresIn).Warnings[0].Detail
	if want := `the probe sends "dev-01", "other", "root", "root", "root", and 5 more`; !strings.HasSuffix(detail, want) {
		t.Errorf("%s", detail)
	}
}
