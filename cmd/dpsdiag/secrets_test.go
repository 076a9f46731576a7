package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// secretsOf are the secrets of a device, as bytes: what it holds, what is inside that and
// what is derived from it.
func secretsOf(d emulator.Device) [][]byte {
	var secrets [][]byte
	for _, text := range []dps.Secret{d.Key, d.GroupKey, d.Token, d.CertKeyPEM} {
		if !text.IsZero() {
			secrets = append(secrets, []byte(text.Reveal()))
		}
		if raw, err := base64.StdEncoding.DecodeString(text.Reveal()); err == nil && len(raw) > 0 {
			secrets = append(secrets, raw)
		}
	}
	if group, err := dps.ParseKey(d.GroupKey); err == nil {
		derived := group.Derive(d.RegistrationID).Text().Reveal()
		secrets = append(secrets, []byte(derived))
	}
	if block, _ := pem.Decode([]byte(d.CertKeyPEM.Reveal())); block != nil {
		secrets = append(secrets, block.Bytes)
	}
	return secrets
}

// leaks are the forms in which a secret stands in a text. Long ones are looked for in
// pieces, since a line break may part them.
func leaks(secret []byte, text string) map[string]bool {
	found := map[string]bool{}
	flat := strings.Join(strings.Fields(text), "")
	forms := map[string]string{
		"raw":         string(secret),
		"cleaned":     report.Clean(string(secret)),
		"base64":      base64.StdEncoding.EncodeToString(secret),
		"URL base64":  base64.RawURLEncoding.EncodeToString(secret),
		"hexadecimal": hex.EncodeToString(secret),
		"HEXADECIMAL": strings.ToUpper(hex.EncodeToString(secret)),
		"URL-encoded": url.QueryEscape(string(secret)),
		"url-encoded": strings.ToLower(url.QueryEscape(string(secret))),
	}
	for name, form := range forms {
		for _, piece := range pieces(strings.Join(strings.Fields(form), "")) {
			if strings.Contains(flat, piece) {
				found[name] = true
			}
		}
	}
	// Every token has a signature, also those that the probe makes and forgets.
	for _, part := range []string{"SharedAccessSignature sr=", "&sig=", "%26sig%3D"} {
		if strings.Contains(text, part) {
			found["token"] = true
		}
	}
	return found
}

// pieces cuts a form into overlapping parts that are long enough to be no accident.
func pieces(form string) []string {
	const size = 24
	if len(form) <= size {
		return []string{form}
	}
	var parts []string
	for start := 0; start+size <= len(form); start += size / 2 {
		parts = append(parts, form[start:start+size])
	}
	return parts
}

// TestLeaksAreFound shows that the search above finds what it looks for.
func TestLeaksAreFound(t *testing.T) {
	t.Parallel()
	key := []byte("\x00\x01secret bytes of a key+/=\xff with enough of them")
	for name, text := range map[string]string{
		"raw":         "x " + string(key) + " y",
		"base64":      "x" + base64.StdEncoding.EncodeToString(key),
		"broken line": "x" + base64.StdEncoding.EncodeToString(key)[:30] + "\n     " + base64.StdEncoding.EncodeToString(key)[30:],
		"hexadecimal": hex.EncodeToString(key),
		"HEXADECIMAL": strings.ToUpper(hex.EncodeToString(key)),
		"URL-encoded": url.QueryEscape(string(key)),
		"token":       "SharedAccessSignature sr=a&sig=b",
	} {
		if len(leaks(key, text)) == 0 {
			t.Errorf("%s: not found in %q", name, text)
		}
	}
	if found := leaks(key, "an ordinary report of 401002 Unauthorized"); len(found) > 0 {
		t.Errorf("found %v where nothing is", found)
	}
}
