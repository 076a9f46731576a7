package probe

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
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
		"HostName=h;SharedAccessKey=abc=;x=y":    "HostName=h;SharedAccessKey=[redacted];x=y",
		`{"registrationId":"a","payload":{"model":1}}`:         `{"registrationId":"a","payload":{"model":1}}`,
		`{"message":"m","authenticationKey":"AAA=","x":1}`:     `{"message":"m","authenticationKey":"[redacted]","x":1}`,
		`{"tpm": {"endorsementKey":"A","storageRootKey":"B"}}`: `{"tpm": "[redacted]"}`,
		`{"payload":{"apiKey":"a\"b","Password" : "c"}}`:       `{"payload":{"apiKey":"[redacted]","Password" : "[redacted]"}}`,
		`{"x":1,"authenticationKey":"cut off`:                  `{"x":1,"authenticationKey":"[redacted]"`,
		`{"x":1,"authenticationKey":"cut off \`:                `{"x":1,"authenticationKey":"[redacted]"`,
		`{"tpm":{"authenticationKey":"cut`:                     `{"tpm":"[redacted]"`,
		`{"symmetricKey":{"enrollmentGroupId":"line-3"}}`:      `{"symmetricKey":{"enrollmentGroupId":"line-3"}}`,
	} {
		if diff := cmp.Diff(want, newRedactor(newSecretPatterns(), Identity{Token: token}).members(text)); diff != "" {
			t.Errorf("redact(%q) (-want +got):\n%s", text, diff)
		}
	}
}

// TestRedactorWritesIntoCopies: the value from a transport may be in use elsewhere, so it
// is not changed.
func TestRedactorWritesIntoCopies(t *testing.T) {
	t.Parallel()
	const echo, clean = "sig=c2VjcmV0", "sig=[redacted]"
	r := newRedactor(newSecretPatterns(), Identity{})
	retryAfter, failure, mechanisms := &RetryAfter{Text: echo, Valid: true}, &netfail.Failure{Kind: netfail.Other, Text: echo}, []string{echo}
	answer := r.answer(Answer{Server: echo, RetryAfter: retryAfter, Failure: failure})
	want := Answer{Server: clean, RetryAfter: &RetryAfter{Text: clean, Valid: true}, Failure: &netfail.Failure{Kind: netfail.Other, Text: clean}}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	opening := r.opening(Opening{Said: echo, Mechanisms: mechanisms, RetryAfter: retryAfter, Failure: failure})
	if diff := cmp.Diff(Opening{Said: clean, Mechanisms: []string{clean}, RetryAfter: want.RetryAfter, Failure: want.Failure}, opening); diff != "" {
		t.Errorf("opening (-want +got):\n%s", diff)
	}
	if retryAfter.Text != echo || failure.Text != echo || mechanisms[0] != echo {
		t.Errorf("what was handed over became %q, %q, %q", retryAfter.Text, failure.Text, mechanisms[0])
	}
	if got := r.opening(Opening{}); got.Mechanisms != nil || got.RetryAfter != nil || got.Failure != nil {
		t.Errorf("of nothing came %+v", got)
	}
}

// FuzzRedactWithoutShortcuts: that a pattern is left out where its words are missing changes no
// result.
func FuzzRedactWithoutShortcuts(f *testing.F) {
	for _, text := range []string{
		"SharedAccessSignature sr=x&sig=y&se=1", "sharedACCESSsignature%20sig%3Dabc", "\u017fig=abc", "\u017fharedAccess\u212aey=abc; SIG%253Dx",
		`{"Author\u212aey":"x"}`, `{"apiKEY" : "x","tpm":{"a":1}}`, `{"TPM":{`, "a=b%", "c2VjcmV0LXNlY3JldC", "text c2VjcmV0",
	} {
		f.Add(text)
	}
	patterns := newSecretPatterns()
	secret := dps.NewSecret("c2VjcmV0LXNlY3JldC1zZWNyZXQ=")
	f.Fuzz(func(t *testing.T, text string) {
		r := newRedactor(patterns, Identity{Secrets: []dps.Secret{secret}})
		if got, want := r.members(text), plainly(r, text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	})
}

// plainly does what members does, with every pattern.
func plainly(r *redactor, text string) string {
	if strings.Contains(text, `\`) {
		text = r.quoted().ReplaceAllStringFunc(text, r.scrubLiteral)
	}
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, redacted)
		for n := len(secret) - 1; n >= leastSecret; n-- {
			if rest, ok := strings.CutSuffix(text, secret[:n]); ok {
				text = rest + redacted
				break
			}
		}
	}
	text = r.values().ReplaceAllString(r.tokens().ReplaceAllString(text, redacted), "$1$2"+redacted)
	text = r.tpmMember().ReplaceAllString(text, `$1"`+redacted+`"`)
	return r.secretMembers().ReplaceAllString(text, `$1"`+redacted+`"`)
}
