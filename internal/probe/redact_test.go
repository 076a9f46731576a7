package probe

import (
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
		if diff := cmp.Diff(want, newRedactor(Identity{Token: token}).members(text)); diff != "" {
			t.Errorf("redact(%q) (-want +got):\n%s", text, diff)
		}
	}
}
