package certchain

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"dpsdiag/internal/certchain/certtest"
	"dpsdiag/internal/dps"
)

const p12Password = "pass word ä"

func encodeP12(t *testing.T, encoder *pkcs12.Encoder, password string, leaf certtest.Issued, more ...certtest.Issued) []byte {
	t.Helper()
	var rest []*x509.Certificate
	for _, c := range more {
		rest = append(rest, c.Cert)
	}
	data, err := encoder.Encode(leaf.Key, leaf.Cert, rest, password)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestParsePKCS12 reads files with current and with old encryption, with the issuers in any
// order.
func TestParsePKCS12(t *testing.T) {
	t.Parallel()
	root := certtest.Issue(t, "root", nil, certtest.CA)
	middle := certtest.Issue(t, "middle", &root, certtest.CA)
	leaf := certtest.Issue(t, "dev-01", &middle, nil)
	for name, test := range map[string]struct {
		encoder  *pkcs12.Encoder
		password string
	}{
		"modern":                   {pkcs12.Modern, p12Password},
		"modern, empty password":   {pkcs12.Modern, ""},
		"legacy, triple DES":       {pkcs12.LegacyDES, p12Password},
		"legacy, RC2":              {pkcs12.LegacyRC2, p12Password},
		"not encrypted":            {pkcs12.Passwordless, ""},
		"of the latest parameters": {pkcs12.Modern2026, p12Password},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chain, key, err := ParsePKCS12(encodeP12(t, test.encoder, test.password, leaf, root, middle, root), dps.NewSecret(test.password))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, c := range chain {
				names = append(names, Name(c))
			}
			if got := strings.Join(names, " "); got != "dev-01 middle root" || !leaf.Key.PublicKey.Equal(key.Public()) {
				t.Errorf("chain %s, key of the leaf: %t", got, leaf.Key.PublicKey.Equal(key.Public()))
			}
		})
	}
}

// TestParsePKCS12Refuses: each error is one clear line and contains no secret.
func TestParsePKCS12Refuses(t *testing.T) {
	t.Parallel()
	leaf, other := certtest.Issue(t, "dev-01", nil, nil), certtest.Issue(t, "dev-02", nil, nil)
	sound := encodeP12(t, pkcs12.Modern, p12Password, leaf)
	trust, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{leaf.Cert}, p12Password)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		file     []byte
		password string
		want     string
	}{
		"wrong password":    {sound, "pass word a", "the password is wrong"},
		"no password":       {sound, "", "the password is wrong"},
		"needless password": {encodeP12(t, pkcs12.Passwordless, "", leaf), p12Password, "the password is wrong"},
		"legacy and wrong":  {encodeP12(t, pkcs12.LegacyRC2, p12Password, leaf), "x", "the password is wrong"},
		"half of it":        {sound[:len(sound)/2], p12Password, "it is not a PKCS#12 file, or it is incomplete"},
		"more than it":      {append(append([]byte{}, sound...), 0), p12Password, "it is not a PKCS#12 file, or it is incomplete"},
		"a certificate":     {leaf.Cert.Raw, p12Password, "it is not a PKCS#12 file, or it is incomplete"},
		"text":              {[]byte("hello"), p12Password, "it is not a PKCS#12 file, or it is incomplete"},
		"PEM":               {certtest.PEM("CERTIFICATE", leaf.Cert.Raw), p12Password, "it is PEM text, not PKCS#12; use --cert and --cert-key for it"},
		"no key":            {trust, p12Password, "it contains no private key, only certificates"},
		"no certificate":    {plainP12(t, keyBag(t, leaf)), "", "it contains no certificate, only a private key"},
		"two keys":          {plainP12(t, certBag(t, leaf), keyBag(t, leaf), keyBag(t, other)), "", "it contains several private keys; export only the device's"},
		"another's key":     {plainP12(t, certBag(t, leaf), keyBag(t, other)), "", "none of its certificates belongs to the private key"},
		"odd password":      {sound, "\U0001F511", "it cannot be read: "},
	} {
		_, _, err := ParsePKCS12(test.file, dps.NewSecret(test.password))
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || test.password != "" && strings.Contains(err.Error(), test.password) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if got := errors.Is(err, ErrPassword); got != (test.want == ErrPassword.Error()) {
			t.Errorf("%s: is of the password: %t", name, got)
		}
	}
}

// The parts of a PKCS#12 file without encryption (RFC 7292). The encoder can only make
// files with one key and its certificate.
type (
	safeBag struct {
		ID    asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	content struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	plainPFX struct {
		Version  int
		AuthSafe content
	}
)

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// tagged wraps DER in [0] EXPLICIT.
func tagged(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: der}
}

func plainP12(t *testing.T, bags ...safeBag) []byte {
	t.Helper()
	data := func(der []byte) content {
		return content{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, tagged(marshal(t, der))}
	}
	return marshal(t, plainPFX{3, data(marshal(t, []content{data(marshal(t, bags))}))})
}

func keyBag(t *testing.T, c certtest.Issued) safeBag {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	return safeBag{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}, tagged(der)}
}

func certBag(t *testing.T, c certtest.Issued) safeBag {
	t.Helper()
	der := marshal(t, content{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}, tagged(marshal(t, c.Cert.Raw))})
	return safeBag{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}, tagged(der)}
}

// FuzzParsePKCS12: any input gives either a chain with its key or an error.
func FuzzParsePKCS12(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x03}, "")
	f.Fuzz(func(t *testing.T, file []byte, password string) {
		chain, key, err := ParsePKCS12(file, dps.NewSecret(password))
		if (err == nil) != (len(chain) > 0 && key != nil) {
			t.Errorf("%d certificates, key %t, %v", len(chain), key != nil, err)
		}
	})
}
