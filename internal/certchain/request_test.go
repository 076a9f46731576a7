package certchain

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/certchain/certtest"
)

func TestParseRequestForms(t *testing.T) {
	t.Parallel()
	key, text, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseKey(text); err != nil || !SameKey(again.Public(), key.Public()) {
		t.Errorf("the key in PEM is another one (%v)", err)
	}
	csr, err := NewRequest("dev-01", key)
	if err != nil {
		t.Fatal(err)
	}
	coded := base64.StdEncoding.EncodeToString(csr.Raw)
	for name, file := range map[string][]byte{
		"PEM":                    certtest.PEM("CERTIFICATE REQUEST", csr.Raw),
		"the older PEM":          certtest.PEM("NEW CERTIFICATE REQUEST", csr.Raw),
		"PEM after a key":        slices.Concat(text, certtest.PEM("CERTIFICATE REQUEST", csr.Raw)),
		"DER":                    csr.Raw,
		"base64":                 []byte(coded),
		"base64 in lines":        []byte(coded[:60] + "\r\n" + coded[60:] + "\n"),
		"PEM, Windows newlines":  []byte(strings.ReplaceAll(string(certtest.PEM("CERTIFICATE REQUEST", csr.Raw)), "\n", "\r\n")),
		"PEM, and text above it": slices.Concat([]byte("Certificate Request:\n    Data:\n"), certtest.PEM("CERTIFICATE REQUEST", csr.Raw)),
	} {
		got, err := ParseRequest(file)
		if err != nil || got.Subject.CommonName != "dev-01" || !SameKey(got.PublicKey, key.Public()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"a certificate":        {certtest.PEM("CERTIFICATE", certtest.Issue(t, "dev-01", nil, nil).Cert.Raw), "it contains no CERTIFICATE REQUEST block, only CERTIFICATE"},
		"a certificate in DER": {certtest.Issue(t, "dev-01", nil, nil).Cert.Raw, "not a PKCS#10"},
		"text":                 {[]byte("hello, world"), "not a PEM file"},
		"half":                 {csr.Raw[:len(csr.Raw)/2], "not a PKCS#10"},
		"other base64":         {[]byte("aGVsbG8="), "not a PKCS#10"},
		"nothing":              {nil, "not a PKCS#10"},
	} {
		if _, err := ParseRequest(test.file); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestDecodeIssued(t *testing.T) {
	t.Parallel()
	root := certtest.Issue(t, "root", nil, certtest.CA)
	leaf := certtest.Issue(t, "dev-01", &root, nil)
	chain := []string{base64.StdEncoding.EncodeToString(leaf.Cert.Raw), base64.StdEncoding.EncodeToString(root.Cert.Raw)}
	ders, certs, err := DecodeIssued(chain)
	if err != nil || len(certs) != 2 || !certs[0].Equal(leaf.Cert) {
		t.Fatalf("%v", err)
	}
	if again, err := ParsePEM(EncodePEM(ders)); err != nil || !slices.Equal([]bool{again[0].Equal(leaf.Cert), again[1].Equal(root.Cert)}, []bool{true, true}) {
		t.Errorf("in PEM: %v", err)
	}
	if ders, _, err := DecodeIssued([]string{chain[0], "AAAA"}); err == nil || len(ders) != 2 || !strings.Contains(err.Error(), "certificate 2") {
		t.Errorf("no certificate: %v", err)
	}
	if ders, _, err := DecodeIssued([]string{"-----BEGIN"}); err == nil || ders != nil {
		t.Errorf("no base64: %v", err)
	}
}
