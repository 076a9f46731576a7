package dps

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
)

func request(t *testing.T, key crypto.Signer, commonName string, names ...string) *x509.CertificateRequest {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: commonName}, DNSNames: names}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func TestCheckCSR(t *testing.T) {
	t.Parallel()
	good, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	forged := request(t, good, "dev-01")
	forged.Signature[len(forged.Signature)-1] ^= 1
	for name, test := range map[string]struct {
		csr  *x509.CertificateRequest
		want []string
	}{
		"good":         {request(t, good, "dev-01"), nil},
		"another name": {request(t, good, "Dev-01"), []string{`is "Dev-01"`}},
		"P-256":        {request(t, small, "dev-01"), []string{"a key of EC P-256"}},
		"RSA":          {request(t, old, "dev-01"), []string{"a key of RSA 2048"}},
		"forged":       {forged, []string{"the signature"}},
		"too long":     {request(t, good, "dev-01", strings.Split(strings.Repeat("a-long-name.example ", 400), " ")[:400]...), []string{"bytes in base64, 8192"}},
		"two faults":   {request(t, small, ""), []string{`is ""`, "P-256"}},
	} {
		got := CheckCSR(test.csr, "dev-01")
		for i, part := range test.want {
			if i >= len(got) || !strings.Contains(got[i], part) {
				t.Errorf("%s: %q, want %q", name, got, test.want)
			}
		}
		if len(got) != len(test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestIssuesCertificates(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"2019-03-31": false, "2021-06-01": false, "2021-11-01-preview": false, "2025-07-01-preview": true,
		"2026-11-01": true, IssuingAPIVersion: true, "": false, "x": false, "newest": false, "2026-13-01": false,
	} {
		if got := IssuesCertificates(version); got != want {
			t.Errorf("%q: %t", version, got)
		}
	}
}
