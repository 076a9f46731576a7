package dps

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The published example of group key derivation
// (learn.microsoft.com: concepts-symmetric-key-attestation).
const (
	exampleGroupKey   = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
	exampleID         = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6"
	exampleDerivedKey = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="
)

func mustKey(t testing.TB, text string) Key {
	t.Helper()
	key, err := ParseKey(NewSecret(text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestDeriveMatchesPublishedExample(t *testing.T) {
	if got := mustKey(t, exampleGroupKey).Derive(exampleID).Text().Reveal(); got != exampleDerivedKey {
		t.Errorf("derived key = %s, want %s", got, exampleDerivedKey)
	}
}

// TestSignedBy accepts the three spellings of the resource that official SDKs sign. The
// signatures were not computed with this code.
func TestSignedBy(t *testing.T) {
	key := mustKey(t, exampleDerivedKey)
	tests := map[string]struct{ sr, sig string }{
		"upper-case escapes": {"0ne00000A0A%2Fregistrations%2F" + exampleID, "rtvhKDIMpR1F9AQgr2xbuAQi0bzBqoNE0OqQIPwIImg%3D"},
		"lower-case escapes": {"0ne00000A0A%2fregistrations%2f" + exampleID, "%2FDjNzXx3Qd3IfsX%2B54YYASR8nwUr7KkJl8nB7RjPo1k%3D"},
		"not escaped":        {"0ne00000A0A/registrations/" + exampleID, "Zyr0Jcch/zHShw/lYr6c4V/xPB4lQefyv8T+qkOqHbE="},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, form := range []string{"sr=%s&sig=%s&se=1767225600&skn=registration", "sr=%s&sig=%s&se=1767225600&skn=", "sr=%s&sig=%s&se=1767225600", "sr=%s&se=1767225600&sig=%s"} {
				args := []any{test.sr, test.sig}
				token, err := ParseToken(NewSecret("SharedAccessSignature " + fmt.Sprintf(form, args...)))
				if err != nil {
					t.Fatalf("%s: %v", form, err)
				}
				if !token.SignedBy(key) {
					t.Errorf("%s: signature not recognised", form)
				}
				if !token.Covers("0NE00000a0a/registrations/" + exampleID) {
					t.Errorf("%s: does not cover its resource", form)
				}
				if token.SignedBy(mustKey(t, exampleGroupKey)) {
					t.Errorf("%s: another key passes", form)
				}
			}
		})
	}
}

func TestSignRoundTrip(t *testing.T) {
	key := mustKey(t, exampleGroupKey)
	expiry := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	token, err := ParseToken(Sign(key, Resource("0ne00000A0A", "dev:01"), expiry))
	if err != nil {
		t.Fatal(err)
	}
	if !token.SignedBy(key) || !token.Covers("0ne00000A0A/registrations/dev:01") || !token.Expiry.Equal(expiry) || token.Policy != RegistrationPolicy {
		t.Errorf("round trip gives %+v", token.Resource)
	}
	if token.Covers("0ne00000A0A/registrations/dev:02") {
		t.Error("the token covers another device")
	}
}

func TestParseTokenRefuses(t *testing.T) {
	const sig = "c2lnbmF0dXJl"
	for text, want := range map[string]string{
		"":                         "does not begin",
		"Bearer abc":               "does not begin",
		"SharedAccessSignature sr": "field without a value",
		"SharedAccessSignature sr=a&sr=b&sig=" + sig + "&se=1": "twice",
		"SharedAccessSignature sig=" + sig + "&se=1":           "no resource",
		"SharedAccessSignature sr=a&sig=" + sig + "&se=soon":   "not a whole number",
		"SharedAccessSignature sr=a&sig=%zz&se=1":              "not URL-encoded",
		"SharedAccessSignature sr=a&sig=***&se=1":              "not base64",
		"SharedAccessSignature sr=a&se=1":                      "not base64",
	} {
		if _, err := ParseToken(NewSecret(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseToken(%q) = %v, want an error with %q", text, err, want)
		}
	}
}

func TestLooksLikeMilliseconds(t *testing.T) {
	token, err := ParseToken(NewSecret("SharedAccessSignature sr=a&sig=c2ln&se=1767225600000"))
	if err != nil || !token.LooksLikeMilliseconds() {
		t.Errorf("milliseconds not recognised (%v)", err)
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("SharedAccessSignature sr=a%2Fregistrations%2Fb&sig=c2ln&se=1767225600&skn=registration")
	f.Add("sharedaccesssignature se=1&sig=/+==&sr=x")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseToken(NewSecret(text))
		if err != nil {
			if token.Resource != "" || token.signature != nil {
				t.Errorf("an error came with a value")
			}
			return
		}
		if token.Resource == "" || len(token.signature) == 0 {
			t.Errorf("accepted without resource or signature: %q", text)
		}
	})
}
