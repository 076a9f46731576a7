package logtext

import "testing"

func TestRedact(t *testing.T) {
	t.Parallel()
	const key = "Z3JvdXAta2V5LW9mLXRoZS1lbnJvbGxtZW50LWluLWJhc2U2NA=="
	for text, want := range map[string]string{
		"plain text with nothing to hide":                           "plain text with nothing to hide",
		"key " + key + " end":                                       "key [hidden] end",
		"thumbprint 90BC284C60C9756BE82B5ECB69D348EADF21600C":       "thumbprint 90BC284C60C9756BE82B5ECB69D348EADF21600C",
		"SharedAccessSignature sr=a&sig=kf0s%3D&se=17":              "SharedAccessSignature sr=a&sig=[hidden]&se=17",
		"HostName=h;SharedAccessKeyName=n;SharedAccessKey=c2hvcnQ=": "HostName=h;SharedAccessKeyName=n;SharedAccessKey=[hidden]",
		`symmetric_key = { value = "c2hvcnQ=" }`:                    `symmetric_key = { value = "[hidden]" }`,
		`symmetric_key: "c2hvcnQ="`:                                 `symmetric_key: "[hidden]"`,
		`-symmKey "c2hvcnQ="`:                                       `-symmKey "[hidden]"`,
		`"primaryKey":"c2hvcnQ=","x":1`:                             `"primaryKey":"[hidden]","x":1`,
		`symmetric_key = { uri = "file:///etc/key" }`:               `symmetric_key = { uri = "file:///etc/key" }`,
		"Starting provisioning edge device via symmetric_key now":   "Starting provisioning edge device via symmetric_key now",
		"PWD: XXXX | CLEAN: 1":                                      "PWD: [hidden] | CLEAN: 1",
		"password=hunter2":                                          "password=[hidden]",
		"via http://u:hunter2@proxy:8080/ and socks5://u:p@ss@h":    "via http://u:[hidden]@proxy:8080/ and socks5://u:[hidden]@h",
		"https://h:8883/a@b, amqps://user@h:5671, http://u:@h":      "https://h:8883/a@b, amqps://user@h:5671, http://u:@h",
		"symmetric_key = <key>":                                     "symmetric_key = <key>",
	} {
		if got := redact(text); got != want {
			t.Errorf("redact(%q)\n got %q\nwant %q", text, got, want)
		}
	}
}
