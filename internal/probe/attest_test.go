package probe

import (
	"crypto/sha1"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/certchain/certtest"
	"dpsdiag/internal/dps"
)

var (
	today    = certtest.Now()
	testedOn = Target{Scope: "0ne0045B3C6", RegistrationID: "dev-01"}
)

// TestInspectCertificate: each problem in a chain causes its warning and no other.
func TestInspectCertificate(t *testing.T) {
	t.Parallel()
	root := certtest.Issue(t, "root", nil, certtest.CA)
	middle := certtest.Issue(t, "middle", &root, certtest.CA)
	stranger := certtest.Issue(t, "stranger", nil, certtest.CA)
	leaf := func(name string, change func(*x509.Certificate)) []certtest.Issued {
		return []certtest.Issued{certtest.Issue(t, name, &middle, change), middle}
	}
	dated := func(from, to time.Time) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
	}
	tests := map[string]struct {
		chain []certtest.Issued
		want  []string
	}{
		"good":          {leaf("dev-01", nil), nil},
		"expired":       {leaf("dev-01", dated(today.AddDate(-1, 0, 0), today.AddDate(0, 0, -3))), []string{"cert-expired"}},
		"not yet valid": {leaf("dev-01", dated(today.AddDate(0, 0, 3), today.AddDate(1, 0, 0))), []string{"device-clock-wrong"}},
		"expires soon":  {leaf("dev-01", dated(today.AddDate(-1, 0, 0), today.AddDate(0, 0, 3))), []string{"cert-expires-soon"}},
		"other name":    {leaf("dev-02", nil), []string{"cert-cn-registration-id-mismatch"}},
		"other case":    {leaf("Dev-01", nil), []string{"cert-cn-registration-id-mismatch"}},
		"no name":       {leaf("", nil), []string{"cert-cn-registration-id-mismatch"}},
		"CA":            {leaf("dev-01", certtest.CA), []string{"cert-wrong-role-or-extensions"}},
		"server only":   {leaf("dev-01", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), []string{"cert-wrong-role-or-extensions"}},
		"client and other": {leaf("dev-01", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		}), nil},
		"chain of another": {[]certtest.Issued{certtest.Issue(t, "dev-01", &middle, nil), stranger}, []string{"cert-chain-incomplete"}},
		"several":          {leaf("DEV-02", dated(today.AddDate(-1, 0, 0), today.AddDate(0, 0, -3))), []string{"cert-expired", "cert-cn-registration-id-mismatch"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var chain []*x509.Certificate
			for _, c := range test.chain {
				chain = append(chain, c.Cert)
			}
			a, err := NewX509(chain, test.chain[0].Key)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range a.Inspect(testedOn, today, DefaultExpiresIn).Warnings {
				got = append(got, w.ID)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("warnings %q, want %q", got, test.want)
			}
		})
	}
}

func TestNewX509RefusesForeignKey(t *testing.T) {
	t.Parallel()
	a, b := certtest.Issue(t, "dev-01", nil, nil), certtest.Issue(t, "dev-01", nil, nil)
	if _, err := NewX509([]*x509.Certificate{a.Cert}, b.Key); err == nil || !strings.Contains(err.Error(), "does not belong") {
		t.Errorf("a foreign key gives %v", err)
	}
}

func TestInspectToken(t *testing.T) {
	t.Parallel()
	key := dps.NewKey([]byte("0123456789abcdef"))
	for name, test := range map[string]struct {
		token dps.Secret
		want  []string
	}{
		"good":           {dps.Sign(key, "0ne0045B3C6/registrations/dev-01", today.Add(time.Hour)), nil},
		"expired":        {dps.Sign(key, "0ne0045B3C6/registrations/dev-01", today.Add(-time.Hour)), []string{"sas-token-expired"}},
		"other resource": {dps.Sign(key, "hub.azure-devices.net/devices/dev-01", today.Add(time.Hour)), []string{"sas-token-malformed"}},
		"milliseconds":   {dps.NewSecret("SharedAccessSignature sr=0ne0045B3C6%2fregistrations%2fdev-01&sig=c2ln&se=1780315200000"), []string{"sas-token-malformed"}},
		"hub policy":     {dps.NewSecret("SharedAccessSignature sr=0ne0045B3C6%2fregistrations%2fdev-01&sig=c2ln&se=1890315200&skn=iothubowner"), []string{"sas-token-malformed"}},
	} {
		a, err := NewSASToken(test.token)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range a.Inspect(testedOn, today, 0).Warnings {
			got = append(got, w.ID)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: warnings %q, want %q", name, got, test.want)
		}
	}
}

// TestPublicRoots: every embedded root can be parsed and is one of the documented roots, by
// the thumbprints in azure-iot-sdk-c certs/certs.c and of DigiCert.
func TestPublicRoots(t *testing.T) {
	t.Parallel()
	published := []string{
		"a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436", "df3c24f9bfd666761b268073fe06d1cc8d4f82a4", "7e04de896a3e666d00e687d33ffad93be83d349e",
		"999a64c37ff47d9fab95f14769891460eec4c3c5", "73a5e64a3bff8316ff0edccc618a906e4eae4d74",
		"17f3de5e9f0f19e98ef61f32266e20c407ae30ee", "a78849dc5d7c758c8cde399856b3aad0b2a57135",
	}
	entries, err := publicRoots.ReadDir("roots")
	if err != nil || len(entries) != len(published) {
		t.Fatalf("%d roots, %v", len(entries), err)
	}
	for _, entry := range entries {
		file, _ := publicRoots.ReadFile("roots/" + entry.Name())
		certs, err := x509.ParseCertificates(file)
		if err != nil || len(certs) != 1 || !certs[0].IsCA {
			t.Errorf("%s: %v", entry.Name(), err)
			continue
		}
		if thumbprint := fmt.Sprintf("%x", sha1.Sum(certs[0].Raw)); !slices.Contains(published, thumbprint) {
			t.Errorf("%s has the thumbprint %s", entry.Name(), thumbprint)
		}
		if got := issuerOf(certs); got != IssuerKnown {
			t.Errorf("%s is not recognised as itself", entry.Name())
		}
	}
	if got := issuerOf([]*x509.Certificate{certtest.Issue(t, "DigiCert Global Root G2", nil, certtest.CA).Cert}); got != IssuerOther {
		t.Error("a certificate is taken for a public root by its name alone")
	}
}
