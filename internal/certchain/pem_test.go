package certchain

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/certchain/certtest"
)

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
		"SEC 1":                 {certtest.PEM("EC PRIVATE KEY", sec1), &ec.PublicKey},
		"PKCS#8, EC":            {certtest.PEM("PRIVATE KEY", pkcs8), &ec.PublicKey},
		"PKCS#8, RSA":           {certtest.PEM("PRIVATE KEY", rsaPKCS8), &rsaKey.PublicKey},
		"PKCS#8, Ed25519":       {certtest.PEM("PRIVATE KEY", edPKCS8), edPublic},
		"PKCS#1":                {certtest.PEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), &rsaKey.PublicKey},
		"after EC parameters":   {slices.Concat(certtest.PEM("EC PARAMETERS", []byte{6, 1, 0}), certtest.PEM("EC PRIVATE KEY", sec1)), &ec.PublicKey},
		"after a certificate":   {slices.Concat(certtest.PEM("CERTIFICATE", []byte{1}), certtest.PEM("PRIVATE KEY", pkcs8)), &ec.PublicKey},
		"with Windows newlines": {[]byte(strings.ReplaceAll(string(certtest.PEM("PRIVATE KEY", pkcs8)), "\n", "\r\n")), &ec.PublicKey},
	} {
		key, err := ParseKey(test.file)
		if err != nil || !test.want.Equal(key.Public()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPEMErrorsSayWhatWasFound(t *testing.T) {
	t.Parallel()
	der := certtest.Issue(t, "dev-01", nil, nil).Cert.Raw
	certificates := func(file []byte) error { _, err := ParsePEM(file); return err }
	key := func(file []byte) error { _, err := ParseKey(file); return err }
	for _, test := range []struct {
		parse func([]byte) error
		file  []byte
		want  string
	}{
		{certificates, der, "binary DER"},
		{certificates, []byte("hello"), "not a PEM file"},
		{certificates, certtest.PEM("PRIVATE KEY", []byte{1}), "only PRIVATE KEY"},
		{certificates, certtest.PEM("CERTIFICATE", []byte{1}), "certificate 1 in the file cannot be parsed"},
		{certificates, []byte("-----BEGIN CERTIFICATE-----\nMII\n"), "damaged"},
		{key, certtest.PEM("CERTIFICATE", der), "only CERTIFICATE"},
		{key, certtest.PEM("PRIVATE KEY", []byte{1}), "cannot be parsed"},
		{key, certtest.PEM("ENCRYPTED PRIVATE KEY", []byte{1}), "encrypted"},
		{key, []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "encrypted"},
	} {
		if err := test.parse(test.file); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q gives %v, want %q", test.file, err, test.want)
		}
	}
}

func FuzzParsePEM(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x82, 1, 1})
	f.Fuzz(func(t *testing.T, file []byte) {
		if certs, err := ParsePEM(file); (err == nil) != (len(certs) > 0) {
			t.Errorf("%d certificates with %v", len(certs), err)
		}
		if key, err := ParseKey(file); (err == nil) != (key != nil) {
			t.Errorf("key %v with %v", key != nil, err)
		}
	})
}
