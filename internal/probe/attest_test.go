package probe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"
)

var (
	today    = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	testedOn = Target{Scope: "0ne0045B3C6", RegistrationID: "dev-01"}
)

type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue makes a certificate for name, signed by parent or by itself.
func issue(t *testing.T, name string, parent *issued, change func(*x509.Certificate)) issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: today.AddDate(-1, 0, 0), NotAfter: today.AddDate(1, 0, 0), BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	signer, signerKey := template, key
	if parent != nil {
		signer, signerKey = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, key.Public(), signerKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issued{cert, key}
}

func ca(c *x509.Certificate) { c.IsCA = true }

// TestInspectCertificate: each fault of a chain gives its warning and nothing else.
func TestInspectCertificate(t *testing.T) {
	t.Parallel()
	root := issue(t, "root", nil, ca)
	middle := issue(t, "middle", &root, ca)
	stranger := issue(t, "stranger", nil, ca)
	leaf := func(name string, change func(*x509.Certificate)) []issued {
		return []issued{issue(t, name, &middle, change), middle}
	}
	dated := func(from, to time.Time) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
	}
	tests := map[string]struct {
		chain []issued
		want  []string
	}{
		"good":          {leaf("dev-01", nil), nil},
		"expired":       {leaf("dev-01", dated(today.AddDate(-1, 0, 0), today.AddDate(0, 0, -3))), []string{"cert-expired"}},
		"not yet valid": {leaf("dev-01", dated(today.AddDate(0, 0, 3), today.AddDate(1, 0, 0))), []string{"device-clock-wrong"}},
		"expires soon":  {leaf("dev-01", dated(today.AddDate(-1, 0, 0), today.AddDate(0, 0, 3))), []string{"cert-expires-soon"}},
		"other name":    {leaf("dev-02", nil), []string{"cert-cn-registration-id-mismatch"}},
		"other case":    {leaf("Dev-01", nil), []string{"cert-cn-registration-id-mismatch"}},
		"no name":       {leaf("", nil), []string{"cert-cn-registration-id-mismatch"}},
		"CA":            {leaf("dev-01", ca), []string{"cert-wrong-role-or-extensions"}},
		"server only":   {leaf("dev-01", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), []string{"cert-wrong-role-or-extensions"}},
		"client and other": {leaf("dev-01", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		}), nil},
		"chain of another": {[]issued{issue(t, "dev-01", &middle, nil), stranger}, []string{"cert-chain-incomplete"}},
		"several":          {leaf("DEV-02", dated(today.AddDate(-1, 0, 0), today.AddDate(0, 0, -3))), []string{"cert-expired", "cert-cn-registration-id-mismatch"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var chain []*x509.Certificate
			for _, c := range test.chain {
				chain = append(chain, c.cert)
			}
			a, err := NewX509(chain, test.chain[0].key)
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
	a, b := issue(t, "dev-01", nil, nil), issue(t, "dev-01", nil, nil)
	if _, err := NewX509([]*x509.Certificate{a.cert}, b.key); err == nil || !strings.Contains(err.Error(), "does not belong") {
		t.Errorf("a foreign key gives %v", err)
	}
}

func TestParsePrivateKeyForms(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sec1, _ := x509.MarshalECPrivateKey(ec)
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(ec)
	rsaPKCS8, _ := x509.MarshalPKCS8PrivateKey(rsaKey)
	edPublic, ed, _ := ed25519.GenerateKey(rand.Reader)
	edPKCS8, _ := x509.MarshalPKCS8PrivateKey(ed)
	for name, test := range map[string]struct {
		file []byte
		want interface{ Equal(crypto.PublicKey) bool }
	}{
		"SEC 1":                 {block("EC PRIVATE KEY", sec1), &ec.PublicKey},
		"PKCS#8, EC":            {block("PRIVATE KEY", pkcs8), &ec.PublicKey},
		"PKCS#8, RSA":           {block("PRIVATE KEY", rsaPKCS8), &rsaKey.PublicKey},
		"PKCS#8, Ed25519":       {block("PRIVATE KEY", edPKCS8), edPublic},
		"PKCS#1":                {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), &rsaKey.PublicKey},
		"behind EC parameters":  {slices.Concat(block("EC PARAMETERS", []byte{6, 1, 0}), block("EC PRIVATE KEY", sec1)), &ec.PublicKey},
		"behind a certificate":  {slices.Concat(block("CERTIFICATE", []byte{1}), block("PRIVATE KEY", pkcs8)), &ec.PublicKey},
		"with Windows newlines": {[]byte(strings.ReplaceAll(string(block("PRIVATE KEY", pkcs8)), "\n", "\r\n")), &ec.PublicKey},
	} {
		key, err := ParsePrivateKey(test.file)
		if err != nil || !test.want.Equal(key.Public()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPEMErrorsSayWhatWasFound(t *testing.T) {
	t.Parallel()
	der := issue(t, "dev-01", nil, nil).cert.Raw
	certificates := func(file []byte) error { _, err := ParseCertificates(file); return err }
	key := func(file []byte) error { _, err := ParsePrivateKey(file); return err }
	for _, test := range []struct {
		parse func([]byte) error
		file  []byte
		want  string
	}{
		{certificates, der, "binary DER"},
		{certificates, []byte("hello"), "not a PEM file"},
		{certificates, block("PRIVATE KEY", []byte{1}), "only PRIVATE KEY"},
		{certificates, block("CERTIFICATE", []byte{1}), "certificate 1 in the file cannot be parsed"},
		{certificates, []byte("-----BEGIN CERTIFICATE-----\nMII\n"), "damaged"},
		{key, block("CERTIFICATE", der), "only CERTIFICATE"},
		{key, block("PRIVATE KEY", []byte{1}), "cannot be parsed"},
		{key, block("ENCRYPTED PRIVATE KEY", []byte{1}), "encrypted"},
		{key, []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "encrypted"},
	} {
		if err := test.parse(test.file); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q gives %v, want %q", test.file, err, test.want)
		}
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

// TestPublicRoots: every embedded root parses and is one that the sources name, by the
// thumbprints of azure-iot-sdk-c certs/certs.c.
func TestPublicRoots(t *testing.T) {
	t.Parallel()
	published := []string{
		"a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436", "df3c24f9bfd666761b268073fe06d1cc8d4f82a4", "7e04de896a3e666d00e687d33ffad93be83d349e",
		"999a64c37ff47d9fab95f14769891460eec4c3c5", "73a5e64a3bff8316ff0edccc618a906e4eae4d74",
	}
	entries, err := publicRoots.ReadDir("roots")
	if err != nil || len(entries) != 5 {
		t.Fatalf("%d roots, %v", len(entries), err)
	}
	for _, entry := range entries {
		file, _ := publicRoots.ReadFile("roots/" + entry.Name())
		certs, err := ParseCertificates(file)
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
	if got := issuerOf([]*x509.Certificate{issue(t, "DigiCert Global Root G2", nil, ca).cert}); got != IssuerOther {
		t.Error("a certificate is taken for a public root by its name alone")
	}
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func FuzzParsePEM(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x82, 1, 1})
	f.Fuzz(func(t *testing.T, file []byte) {
		if certs, err := ParseCertificates(file); (err == nil) != (len(certs) > 0) {
			t.Errorf("%d certificates with %v", len(certs), err)
		}
		if key, err := ParsePrivateKey(file); (err == nil) != (key != nil) {
			t.Errorf("key %v with %v", key != nil, err)
		}
	})
}
