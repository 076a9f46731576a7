package logtext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/logtext"
)

// TestWrappedLines: a message that is broken by a line end is found, on the line where it begins.
func TestWrappedLines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"between words":           {"dps: CA certificate\nnot found.", []string{"dps-401002-ca-not-found 1"}},
		"within a word":           {"dps: CA certific\nate not found.", []string{"dps-401002-ca-not-found 1"}},
		"with an indentation":     {"dps: CA certificate\n      not found.", []string{"dps-401002-ca-not-found 1"}},
		"by PowerShell":           {"dps: CA certificate\r\n    + not found.", []string{"dps-401002-ca-not-found 1"}},
		"by PowerShell 7":         {"dps: CA certificate\n     | not found.", []string{"dps-401002-ca-not-found 1"}},
		"in a quotation":          {"> dps: CA certificate\n> not found.", []string{"dps-401002-ca-not-found 1"}},
		"in a string":             {`{"log":"dps: CA certificate not \nfound."}`, []string{"dps-401002-ca-not-found 1"}},
		"before the number":       {"dps: HTTP status code:\n429", []string{"http-429 1"}},
		"within the number":       {"dps: errorCode: 4042\n01", []string{"dps-404201 1"}},
		"a number that is whole":  {"dps: HTTP status code: 429\n2024 was the year", []string{"http-429 1"}},
		"after a line in between": {"dps: CA certificate\n\nnot found.", nil},
		"a line of another program": {
			"May 1 08:00:00 gw aziot-identityd[1]: CA certificate\nMay 1 08:00:00 gw other[2]: not found.", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, matches(scan(t, c.text).Matches)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestWrapperHidesNothing: an error that begins within a wrapper and ends after it counts in addition
// to the wrapper.
func TestWrapperHidesNothing(t *testing.T) {
	t.Parallel()
	want := []string{"mbedtls-2700 1", "freertos-tls-conn 1"}
	got := matches(scan(t, "AzureIoTDemo: Failed to perform TLS handshake: lMbedtlsError[-9984]= <No-Low-Level-Code>").Matches)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWrappedSecret: a secret whose name is before the searched text is not shown.
func TestWrappedSecret(t *testing.T) {
	t.Parallel()
	const secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
	found := scan(t, "SharedAccessKey="+secret+strings.Repeat("-", 120)+" dps: CA certificate\nnot found.")
	if len(found.Matches) == 0 {
		t.Fatal("the message is not found")
	}
	for _, text := range texts(found) {
		if strings.Contains(text, secret[:8]) {
			t.Errorf("%q shows a part of the secret", text)
		}
	}
}

// TestSecretAcrossLines: of a secret that a terminal wrapped, the rest on the next line is not shown.
func TestSecretAcrossLines(t *testing.T) {
	t.Parallel()
	const rest = "aHVudGVy"
	for name, begin := range map[string]string{
		"signature": "SharedAccessSignature sr=a&sig=MDEyMzQ1Njc4OTAx", "key": "SharedAccessKey=MDEyMzQ1Njc4OTAx",
		"header": "Authorization: Bearer 0.MDEyMzQ1Njc4OTAx", "web token": "eyJhbGciOiJub25lIn0.eyJzdWIi", "in quotes": `{"primaryKey": "MDEyMzQ1Njc4OTAx`,
	} {
		for _, margin := range []string{"", "   ", "  | "} {
			found := scan(t, "dps: 401002 Unauthorized, "+begin+"\n"+margin+rest+"%3D&x dps: 401002 Unauthorized: CA certificate not found\n")
			all := texts(found)
			for _, line := range found.Sample {
				all = append(all, logtext.Quote(line.Text))
			}
			for _, text := range all {
				if strings.Contains(text, rest) {
					t.Errorf("%s: %q shows the rest", name, text)
				}
			}
		}
	}
	const next = "dps: 401002 Unauthorized, SharedAccessKey=MDEyMzQ1Njc4OTAx\n2026-01-01T08:00:00 dps: 401002 CA certificate not found"
	if shown := strings.Join(texts(scan(t, next)), "\n"); !strings.Contains(shown, "2026-01-01T08") {
		t.Errorf("a time is hidden: %s", shown)
	}
}

// TestCutSecrets: no part of a secret is shown where a text is cut.
func TestCutSecrets(t *testing.T) {
	t.Parallel()
	const key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	const shown = 240 // bytes of a line
	for _, secret := range []string{key, "Bearer a.b-hunter2_token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln", "password: hunter2-and-more"} {
		for at := shown - len(secret) - 10; at < shown+10; at++ {
			line := strings.Repeat("- ", at)[:at] + " " + secret + " dps: 401002 Unauthorized " + secret + " and more"
			for _, text := range append(texts(scan(t, line)), logtext.Quote(line)) {
				for part := strings.LastIndexByte(secret, ' ') + 1; part+8 <= len(secret); part++ {
					if word := secret[part : part+8]; strings.Contains(text, word) {
						t.Fatalf("%q shows %q of %q", text, word, secret)
					}
				}
			}
		}
	}
}

// TestSecretBesideAPhrase: of the words around a phrase, those of a secret are hidden although its name is
// further away.
func TestSecretBesideAPhrase(t *testing.T) {
	t.Parallel()
	for _, phrase := range []string{"SymmetricKeyRegistration", "X509 certificate authentication", "TPM attestation"} {
		found := scan(t, "dps: device provisioning with the password: hunter-of-secrets "+phrase+" and more words")
		if len(found.Facts) == 0 {
			t.Errorf("%s: no fact", phrase)
		}
		for _, text := range texts(found) {
			if strings.Contains(text, "hunter") {
				t.Errorf("%s: %q shows the password", phrase, text)
			}
		}
	}
}
