package inspect

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/service"
)

// bearer is a token of Microsoft Entra ID, as long as the shortest ones are.
const bearer = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2F6dXJlLWRldmljZXMtcHJvdmlzaW9uaW5nLm5ldCIsImV4cCI6NDEwMjQ0NDgwMCwic3ViIjoic29tZWJvZHkgb3Igb3RoZXIifQ.Zmlyc3QtcGFydC1vZi1hLXNpZ25hdHVyZS1hbmQtdGhlLXNlY29uZC1wYXJ0LW9mLWl0"

// leastPiece is how much of a secret may be in no output.
const leastPiece = 8

// hasPieceOf reports whether a text has a piece of a secret.
func hasPieceOf(text, secret string) bool {
	for i := 0; i+leastPiece <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+leastPiece]) {
			return true
		}
	}
	return false
}

// offsets calls do for texts in which a secret is at every offset before, at and behind the place where
// texts are cut.
func offsets(secret string, do func(text string)) {
	for n := range maxText + 40 {
		do(strings.Repeat("x", n) + " " + secret + " end")
		do(strings.Repeat("x", n) + " " + secret)
	}
}

func quotedJSON(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestNoSecretIsCut: a service that repeats a credential, or what is secret in it, gets no piece of it
// into a finding, wherever the text is cut.
func TestNoSecretIsCut(t *testing.T) {
	t.Parallel()
	const signature = "c2VjcmV0LXNpZ25hdHVyZQ%3D%3D"
	plain, err := url.PathUnescape(signature)
	if err != nil {
		t.Fatal(err)
	}
	_, tokenSignature, _ := strings.Cut(bearer[strings.Index(bearer, ".")+1:], ".")
	for name, test := range map[string]struct{ credential, echo, secret string }{
		"token of a policy":               {credential, credential, signature},
		"its signature":                   {credential, signature, signature},
		"its signature, decoded":          {credential, plain, plain},
		"bearer token":                    {"Bearer " + bearer, "Bearer " + bearer, bearer},
		"bearer token without the word":   {"Bearer " + bearer, bearer, bearer},
		"the signature of a bearer token": {"Bearer " + bearer, tokenSignature, tokenSignature},
	} {
		offsets(test.echo, func(text string) {
			quoted := quotedJSON(t, text)
			for place, bodies := range map[string]canned{
				"refusal":      {[]byte(`{"errorCode":401002,"trackingId":"t","message":` + quoted + `,"timestampUtc":"2026-01-01T00:00:00Z"}`), nil},
				"registration": {[]byte(`{"registrationId":` + quoted + `}`), nil},
				"name":         {[]byte(`{"registrationId":"dev-01","deviceId":` + quoted + `,"iotHubs":[` + quoted + `],"lastUpdatedDateTimeUtc":` + quoted + `,"status":"failed","errorMessage":` + quoted + `,"attestation":{"type":` + quoted + `}}`), nil},
			} {
				c := &Client{Host: "service.example", Credential: dps.NewSecret(test.credential), Transport: bodies}
				if place == "refusal" {
					c.Transport = refusing{bodies}
				}
				f := Compare(c.Read(t.Context(), "dev-01", ""), Device{ID: "dev-01", Now: time.Now(), Secrets: []dps.Secret{c.Credential}})
				if shown := fmt.Sprintf("%+v", f); hasPieceOf(shown, test.secret) {
					t.Fatalf("%s in the %s: %s shows it", name, place, shown)
				}
			}
		})
	}
}

// refusing makes every answer a 401.
type refusing struct{ http.RoundTripper }

func (r refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.StatusCode = http.StatusUnauthorized
	}
	return resp, err
}

// TestNoSecretOfTheServiceIsShown: neither what an enrollment or the instance keeps secret gets into a
// finding if the service repeats it.
func TestNoSecretOfTheServiceIsShown(t *testing.T) {
	t.Parallel()
	const (
		function = "SECRETFUNCTIONKEY0123456789abcdefghij=="
		webhook  = "https://f.azurewebsites.net/api/allocate?name=a&code="
		hubKey   = "aHViLWtleS1odWIta2V5LWh1Yi1rZXktaHViLWtleS0="
		hub      = "HostName=hub1.azure-devices.net;SharedAccessKeyName=p;SharedAccessKey=" + hubKey
		policy   = "cG9saWN5LWtleS1wb2xpY3kta2V5LXBvbGljeS1rZXk="
	)
	for name, test := range map[string]struct{ echo, secret string }{
		"the key of a function":          {function, function},
		"the key of a function, escaped": {url.QueryEscape(function), url.QueryEscape(function)},
		"the URL of a webhook":           {webhook + url.QueryEscape(function), url.QueryEscape(function)},
		"the key of a hub":               {hubKey, hubKey},
		"the connection string of a hub": {hub, hubKey},
		"the key of a policy":            {policy, policy},
		"a key of the enrollment":        {keyB, keyB},
	} {
		offsets(test.echo, func(text string) {
			h := side{
				enrollments: []string{individual(`{"type":"symmetricKey","symmetricKey":{"primaryKey":"`+keyA+`","secondaryKey":"`+keyB+`"}}`,
					`,"allocationPolicy":"custom","customAllocationDefinition":{"webhookUrl":"`+webhook+url.QueryEscape(function)+`","apiVersion":`+quotedJSON(t, text)+`}`+
						`,"registrationState":{"registrationId":"dev-01","status":"failed","errorCode":400207,"errorMessage":`+quotedJSON(t, text)+`}`)},
				instance: []string{instanceOf(`,"iotHubs":[{"name":"hub1.azure-devices.net","connectionString":"` + hub + `","authenticationType":` + quotedJSON(t, text) +
					`}],"authorizationPolicies":[{"keyName":"p","rights":"ServiceConfig","primaryKey":"` + policy + `"}]`)},
			}.held(t, "dev-01")
			f := Compare(h, Device{ID: "dev-01", Kind: service.AttestationSymmetricKey, SignsWith: key(t, keyA).Equal, Now: time.Now()})
			if shown := fmt.Sprintf("%+v", f); hasPieceOf(shown, test.secret) {
				t.Fatalf("%s: %s shows it", name, shown)
			}
		})
	}
}
