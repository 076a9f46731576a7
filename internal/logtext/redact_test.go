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
		// The forms in which programs print what they hold.
		`{'symmetricKey': {'primaryKey': 'hunter2', 'secondaryKey': b'hunter3'}}`:  `{'symmetricKey': {'primaryKey': '[hidden]', 'secondaryKey': b'[hidden]'}}`,
		`"symmetricKey": {"primaryKey": "hunter2"}, "x": "y"`:                      `"symmetricKey": {"primaryKey": "[hidden]"}, "x": "y"`,
		`{"symmetricKey":{"enrollmentGroupId":"line-3"}}`:                          `{"symmetricKey":{"enrollmentGroupId":"line-3"}}`,
		`{\"primaryKey\":\"hunter2\",\"x\":\"y\"}`:                                 `{\"primaryKey\":\"[hidden]\",\"x\":\"y\"}`,
		"SymmetricKey(primaryKey=hunter2, secondaryKey=hunter3)":                   "SymmetricKey(primaryKey=[hidden], secondaryKey=[hidden])",
		"<PrimaryKey>hunter2</PrimaryKey> <password>":                              "<PrimaryKey>[hidden]</PrimaryKey> <password>",
		`passphrase="two words; and \"more\"", x`:                                  `passphrase="[hidden]", x`,
		"AccountName=a;AccountKey=hunter2;x":                                       "AccountName=a;AccountKey=[hidden];x",
		"dpsdiag probe --key hunter2 --key-file a.key --key - --group-key=hunter3": "dpsdiag probe --key [hidden] --key-file a.key --key - --group-key=[hidden]",
		// Percent-encoded, once and twice.
		"SharedAccessSignature%20sr%3Da%26sig%3Dhunter2%26se%3D1": "SharedAccessSignature%20sr%3Da%26sig%3D[hidden]%26se%3D1",
		"sig%253Dhunter2%2526se":                                  "sig%253D[hidden]%2526se",
		"%7B%22primaryKey%22%3A%22hunter2%22%7D":                  "%7B%22primaryKey%22%3A%22[hidden]%22%7D",
		"the rest MjM0NTY3ODkwMTIzNDU2Nzg5MDE%3D&se=1":            "the rest [hidden]%3D&se=1",
		"https://f.example/api?code=hunter2&x=1 and ?code=401002": "https://f.example/api?code=[hidden]&x=1 and ?code=401002",
		"https://f.example/?code=401002":                          "https://f.example/?code=401002",
		// Of headers.
		"Authorization: Basic dXNlcjpodW50ZXIy, Basic authentication": "Authorization: Basic [hidden], Basic authentication",
		"Authorization: Bearer a.b-hunter2_token":                     "Authorization: Bearer [hidden]",
		"the bearer authentication_token is missing":                  "the bearer authentication_token is missing",
		"token eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln end":          "token [hidden] end",
		// A key of 16 bytes, and words of its length.
		"key MDEyMzQ1Njc4OUFCQ0RFRg== end":                   "key [hidden] end",
		"aVeryLongNameOfAParameter=value, ThumbprintOf1Key=": "aVeryLongNameOfAParameter=value, ThumbprintOf1Key=",
	} {
		if got := redact(text); got != want {
			t.Errorf("redact(%q)\n got %q\nwant %q", text, got, want)
		}
	}
}
