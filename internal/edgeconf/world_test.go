package edgeconf

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// plainKey is the symmetric key of the test data; plainPIN and the others are its other
// secrets. No output may contain any of them.
const plainKey = "a key that no output may ever have in it: 0123456789, abcdefghij"

// textKey is plainKey in base64.
const textKey = "YSBrZXkgdGhhdCBubyBvdXRwdXQgbWF5IGV2ZXIgaGF2ZSBpbiBpdDogMDEyMzQ1Njc4OSwgYWJjZGVmZ2hpag=="

// checkNoSecret fails if output contains a secret of the test data.
func checkNoSecret(t *testing.T, output string) {
	t.Helper()
	for _, secret := range []string{plainKey, textKey, strings.TrimRight(textKey, "="), "PIN-0815", "PROXY-PASSWORD", "EST-PASSWORD", "EK-PASSWORD", "OWNER-PASSWORD", "PASS-PHRASE"} {
		if strings.Contains(output, secret) {
			t.Errorf("the secret %q is in the output:\n%s", secret, output)
		}
	}
}

// disk is a file system in memory. Some contents are placeholders; see content.
type disk map[string]string

func (d disk) read(path string) ([]byte, error) {
	text, ok := d[path]
	switch strings.TrimSpace(text) {
	case "DENIED":
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
	case "EMPTY":
		return nil, nil
	}
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// newDisk makes a disk from all files of an archive except the last, and returns the path
// of the first.
func newDisk(t *testing.T, archive *txtar.Archive) (d disk, first string) {
	t.Helper()
	d = disk{}
	for _, f := range archive.Files[:len(archive.Files)-1] {
		d[f.Name] = content(t, string(f.Data))
	}
	return d, archive.Files[0].Name
}

// content replaces placeholders for data that cannot be in an archive: CERTIFICATE NAME,
// PRIVATE KEY, KEY for plainKey and BYTES COUNT.
func content(t *testing.T, text string) string {
	t.Helper()
	line := strings.TrimSpace(text)
	if name, ok := strings.CutPrefix(line, "CERTIFICATE "); ok {
		return certificate(t, name)
	}
	var count int
	if _, err := fmt.Sscanf(line, "BYTES %d", &count); err == nil {
		return string(bytes.Repeat([]byte{0xff}, count))
	}
	switch line {
	case "PRIVATE KEY":
		return privateKey(t)
	case "KEY":
		return plainKey
	}
	return text
}

func certificate(t *testing.T, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func privateKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// describe writes settings as text for comparison, with everything but the secrets.
func describe(s *Settings) string {
	var out strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&out, "%-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	value := func(name string, v Value) {
		if !v.IsZero() {
			line(name, "%s", v.Text)
		}
	}
	line("schema", "%s", s.schema)
	value("endpoint", s.Endpoint)
	value("id scope", s.IDScope)
	value("registration id", s.RegistrationID)
	a := &s.Attestation
	line("attestation", "%s", a.Kind)
	if a.Key.Size() > 0 {
		known := map[bool]string{true: "the one of the test data", false: "another"}
		line("key", "%d bytes, %s", a.Key.Size(), known[a.Key.Text().Reveal() == textKey])
	}
	if a.Kind == TPM2 {
		line("tpm", "%q, endorsement %q, owner %q", s.TPM.Path, s.TPM.EndorsementAuth, s.TPM.OwnerAuth)
	}
	for _, p := range s.Proxies {
		line("proxy", "%s of %s: %s", p.Variable, p.User, p.Shown)
	}
	for _, origin := range s.Origins() {
		line("origin", "%s: %s", origin.Name, origin.From)
	}
	for _, o := range []*Obstacle{s.Obstacle, a.Obstacle} {
		if o != nil {
			line("obstacle", "%s: %s (%s)", cmp.Or(o.Problem, "no problem"), o.Detail, o.Origin)
		}
	}
	if o := s.Missing(); o != nil {
		line("missing", "%s", o.Detail)
		line("hint", "%s", o.Hint)
	}
	for _, r := range Lint(s) {
		line("remark", "%s: %s", r.Problem, r.Detail)
	}
	return out.String()
}
