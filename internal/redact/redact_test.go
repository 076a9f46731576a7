package redact

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	token := dps.NewSecret("SharedAccessSignature sr=a%2Fregistrations%2Fb&sig=c2VjcmV0&se=1&skn=registration")
	for text, want := range map[string]string{
		"":                                       "",
		"plain text":                             "plain text",
		"echo: " + token.Reveal() + " end":       "echo: [redacted] end",
		"SharedAccessSignature sr=x&sig=y&se=1":  "[redacted]",
		"https://h.invalid/?se=1&sig=abc%2B&x=1": "https://h.invalid/?se=1&sig=[redacted]&x=1",
		"sig%3Dabc":                              "sig%3D[redacted]",
		"se%3D1%26sig%3Dabc":                     "se%3D1%26sig%3D[redacted]",
		"se%253D1%2526sig%253Dabc":               "se%253D1%2526sig%253D[redacted]",
		"{sig=abc}":                              "{sig=[redacted]",
		`{"issuedCertificateChain":["MIIBsIg==","MII+sig=","MII/SIg="]}`: `{"issuedCertificateChain":["MIIBsIg==","MII+sig=","MII/SIg="]}`,
		"HostName=h;SharedAccessKey=abc=;x=y":                            "HostName=h;SharedAccessKey=[redacted];x=y",
		`{"registrationId":"a","payload":{"model":1}}`:                   `{"registrationId":"a","payload":{"model":1}}`,
		`{"message":"m","authenticationKey":"AAA=","x":1}`:               `{"message":"m","authenticationKey":"[redacted]","x":1}`,
		`{"tpm": {"endorsementKey":"A","storageRootKey":"B"}}`:           `{"tpm": "[redacted]"}`,
		`{"payload":{"apiKey":"a\"b","Password" : "c"}}`:                 `{"payload":{"apiKey":"[redacted]","Password" : "[redacted]"}}`,
		`{"x":1,"authenticationKey":"cut off`:                            `{"x":1,"authenticationKey":"[redacted]"`,
		`{"x":1,"authenticationKey":"cut off \`:                          `{"x":1,"authenticationKey":"[redacted]"`,
		`{"tpm":{"authenticationKey":"cut`:                               `{"tpm":"[redacted]"`,
		`{"symmetricKey":{"enrollmentGroupId":"line-3"}}`:                `{"symmetricKey":{"enrollmentGroupId":"line-3"}}`,
	} {
		if diff := cmp.Diff(want, New(NewPatterns(), token).Members(text)); diff != "" {
			t.Errorf("redact(%q) (-want +got):\n%s", text, diff)
		}
	}
}

// TestHide: a secret is hidden in each spelling of its characters.
func TestHide(t *testing.T) {
	t.Parallel()
	const secret = `p&ss<w"/+=`
	for text, want := range map[string]string{
		"a " + secret + " b": "a [redacted] b",
		"a p&amp;ss&lt;w&quot;/&#43;= b, p&#38;ss&#x3c;w&#34;&#x2F;+&#61;": "a [redacted] b, [redacted]",
		"a p%26ss%3cw%22%2f%2b%3d b p%2526ss%253Cw%2522%252F%252B%253D":    "a [redacted] b [redacted]",
		`a p\u0026ss\u003cw\"\/+= b`:                                       "a [redacted] b",
		"%70%26%73%73%3c%77%22%2f%2b%3d&":                                  "[redacted]&",
		"100% & more; \\ %zz &none; \\u12":                                 "100% & more; \\ %zz &none; \\u12",
		"":                                                                 "",
	} {
		if got := Hide(text, "", secret); got != want {
			t.Errorf("Hide(%q) = %q, want %q", text, got, want)
		}
	}
	key := dps.NewSecret("c2VjcmV0+LXNl/Y3JldC1zZWNyZXQ=")
	for _, text := range []string{"cut: c2VjcmV0&#43;LXNl&#x2F;Y3Jl", "c2VjcmV0%2bLXNl%2fY3JldC1zZWNyZXQ%3d", `c2VjcmV0\u002bLXNl\/Y3JldC1zZWNyZXQ=`} {
		if got := New(NewPatterns(), key).Scrub(text); strings.Contains(got, "LXNl") || !strings.HasSuffix(got, Mark) {
			t.Errorf("%q became %q", text, got)
		}
	}
	// Many do not take time that grows with the square of the length.
	many := strings.Repeat("c2VjcmV0%2bLXNl%2fY3JldC1zZWNyZXQ%3d ", 1<<20/36)
	if got := New(NewPatterns(), key).Scrub(many); strings.Contains(got, "LXNl") {
		t.Errorf("a secret is left among many")
	}
}

// FuzzRedactWithoutShortcuts: that a pattern is left out where its words are missing changes no
// result.
func FuzzRedactWithoutShortcuts(f *testing.F) {
	for _, text := range []string{
		"SharedAccessSignature sr=x&sig=y&se=1", "sharedACCESSsignature%20sig%3Dabc", "\u017fig=abc", "\u017fharedAccess\u212aey=abc; SIG%253Dx",
		`{"Author\u212aey":"x"}`, `{"apiKEY" : "x","tpm":{"a":1}}`, `{"TPM":{`, "a=b%", "c2VjcmV0LXNlY3JldC", "text c2VjcmV0", "c2VjcmV0LXNlc2VjcmV0LXNl",
		`{"key" : {},"token": "x","key":"y"}`, "c2VjcmV0%2dLXNl", "c2VjcmV0LXNlY3JldC1zZWNyZXQ&#61; &#99;2VjcmV0LXNl", `\u00632VjcmV0LXNl`,
	} {
		f.Add(text)
	}
	patterns := NewPatterns()
	secret := dps.NewSecret("c2VjcmV0LXNlY3JldC1zZWNyZXQ=")
	f.Fuzz(func(t *testing.T, text string) {
		r := New(patterns, secret)
		if got, want := r.Members(text), plainly(r, text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	})
}

// plainly does what Members does, with every pattern.
func plainly(r *Redactor, text string) string {
	if strings.Contains(text, `\`) {
		text = r.quoted().ReplaceAllStringFunc(text, r.scrubLiteral)
	}
	plain, _ := unescaped(text)
	if r.mayRepeat(plain) {
		text = cutSpelled(Hide(text, r.secrets...), r.secrets)
	}
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, Mark)
		for n := len(secret) - 1; n >= leastSecret; n-- {
			if rest, ok := strings.CutSuffix(text, secret[:n]); ok {
				text = rest + Mark
				break
			}
		}
	}
	text = r.values().ReplaceAllString(r.tokens().ReplaceAllString(text, Mark), "$1$2"+Mark)
	text = r.tpmMember().ReplaceAllString(text, `$1"`+Mark+`"`)
	return r.secretMembers().ReplaceAllString(text, `$1"`+Mark+`"`)
}
