package service

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"

	"github.com/google/go-cmp/cmp"
)

// testKey is a key of 32 bytes. testURL is a webhook's URL with the function's key in its query.
const (
	testKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	testURL = "https://f.example/api/x?code=c2VjcmV0"
)

// record is an enrollment in which every member has a value, so that a test notices when one is
// lost.
const record = `{"registrationId":"dev-01","deviceId":"d","registrationState":{"registrationId":"dev-01","status":"failed","errorCode":400207,"errorMessage":"m","payload":{"a":1}},` +
	`"optionalDeviceInformation":{"x":1},"attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":"` + testKey + `"}},"capabilities":{"iotEdge":true},` +
	`"iotHubHostName":"h","initialTwin":{"tags":{"t":1},"properties":{"desired":{"p":2}}},"etag":"\"e\"","provisioningStatus":"disabled",` +
	`"reprovisionPolicy":{"updateHubAssignment":false,"migrateDeviceData":true},"createdDateTimeUtc":"c","lastUpdatedDateTimeUtc":"l","allocationPolicy":"custom",` +
	`"iotHubs":["h"],"customAllocationDefinition":{"webhookUrl":"` + testURL + `","apiVersion":"2021-10-01"},"credentialPolicyName":"p"}`

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEnrollmentRoundTrip(t *testing.T) {
	e := decode[IndividualEnrollment](t, record)
	if diff := cmp.Diff(decode[map[string]any](t, record), decode[map[string]any](t, string(e.Reveal()))); diff != "" {
		t.Errorf("Reveal (-want +got):\n%s", diff)
	}
	if e.Enabled() {
		t.Error("a disabled enrollment is enabled")
	}
	group := decode[EnrollmentGroup](t, strings.Replace(record, `"registrationId"`, `"enrollmentGroupId"`, 1))
	if got := string(group.Reveal()); group.EnrollmentGroupID != "dev-01" || !strings.Contains(got, testKey) || !strings.Contains(got, `"enrollmentGroupId":"dev-01"`) {
		t.Errorf("group: %s", got)
	}
}

// TestNothingPrintsASecret: no secret is in the JSON of a value or in its text in any format of
// package fmt.
func TestNothingPrintsASecret(t *testing.T) {
	e := decode[IndividualEnrollment](t, record)
	c, err := ParseConnectionString(dps.NewSecret("HostName=a.azure-devices-provisioning.net;SharedAccessKeyName=p;SharedAccessKey=" + testKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{e, &e, e.Attestation, c, &c, c.Text(), c.Token(time.Now())} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(b), fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%s", v)} {
			if strings.Contains(text, testKey) || strings.Contains(text, testURL) || strings.Contains(text, "sig=") {
				t.Errorf("%T shows its secret: %s", v, text)
			}
		}
	}
}

func TestReprovisionPolicyDefaults(t *testing.T) {
	for text, want := range map[string]ReprovisionPolicy{
		`{}`:                            {true, true},
		`{"migrateDeviceData":false}`:   {true, false},
		`{"updateHubAssignment":false}`: {false, true},
	} {
		if got := decode[ReprovisionPolicy](t, text); got != want {
			t.Errorf("%s = %+v, want %+v", text, got, want)
		}
	}
}

func TestParseConnectionString(t *testing.T) {
	for _, text := range []string{
		"HostName=My.azure-devices-provisioning.net;SharedAccessKeyName=reader;SharedAccessKey=" + testKey,
		" sharedaccesskey=" + testKey + ";sharedaccesskeyname=reader;hostname=My.azure-devices-provisioning.net;\n",
	} {
		c, err := ParseConnectionString(dps.NewSecret(text))
		if err != nil {
			t.Fatal(err)
		}
		if c.Host != "My.azure-devices-provisioning.net" || c.Policy != "reader" || c.Key.Text().Reveal() != testKey {
			t.Errorf("%q = %+v", text, c)
		}
		again, err := ParseConnectionString(c.Text())
		if err != nil || again.Host != c.Host || again.Policy != c.Policy {
			t.Errorf("the result of Text is parsed as %+v, %v", again, err)
		}
	}
	if c, err := ParseConnectionString(dps.NewSecret("HostName=localhost:8443;SharedAccessKeyName=p;SharedAccessKey=" + testKey)); err != nil || c.Host != "localhost:8443" {
		t.Errorf("with a port: %+v, %v", c, err)
	}
}

func TestParseConnectionStringRefuses(t *testing.T) {
	const rest = ";SharedAccessKeyName=p;SharedAccessKey=" + testKey
	for text, want := range map[string]string{
		"":                                    "is empty",
		" \n":                                 "is empty",
		"HostName=h.azure-devices.net" + rest: "of an IoT hub;",
		"HostName=h.azure-devices.cn" + rest:  "of an IoT hub;",
		"HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=" + testKey:   "of a device at an IoT hub",
		"HostName=h.azure-devices.net;DeviceId=d;ModuleId=m;SharedAccessKey=x": "of a module at an IoT hub",
		"Endpoint=sb://x.servicebus.windows.net/" + rest:                       "of an event hub",
		"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + testKey:   "of a storage account",
		"HostName=a.azure-devices-provisioning.net;SharedAccessKey=" + testKey: "has no SharedAccessKeyName",
		"SharedAccessKeyName=p;SharedAccessKey=" + testKey:                     "has no HostName",
		"HostName=a;SharedAccessKeyName=p":                                     "has no SharedAccessKey;",
		"HostName=a;SharedAccessKeyName=p;SharedAccessKey=***":                 "SharedAccessKey of the connection string: the key is not base64",
		"HostName=a;HostName=b" + rest:                                         "twice",
		"HostName=a;nonsense" + rest:                                           "without a name or a value",
		"HostName=https://a" + rest:                                            "not a bare host name",
		"HostName=a:b:c" + rest:                                                "not a host name with a port",
		"HostName=global.azure-devices-provisioning.net" + rest:                "global device endpoint",
		"SharedAccessSignature sr=a&sig=c2ln&se=1&skn=p":                       "a SAS token",
		"Bearer eyJ0":                       "a bearer token",
		"eyJ0eXAi":                          "a bearer token",
		`{"connectionString":"HostName=a"}`: "this is JSON",
		`"HostName=a` + rest + `"`:          "quotation marks",
		"HostName=a\n" + rest:               "line break",
		"nonsense":                          "without a name or a value",
	} {
		c, err := ParseConnectionString(dps.NewSecret(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseConnectionString(%q) = %v, want an error with %q", text, err, want)
			continue
		}
		if strings.Contains(err.Error(), testKey) || c.Host != "" {
			t.Errorf("ParseConnectionString(%q): %v with %+v", text, err, c)
		}
	}
}

func TestTokenNamesItsPolicy(t *testing.T) {
	c, err := ParseConnectionString(dps.NewSecret("HostName=My.azure-devices-provisioning.net;SharedAccessKeyName=a b;SharedAccessKey=" + testKey))
	if err != nil {
		t.Fatal(err)
	}
	token, err := dps.ParseToken(c.Token(time.Unix(1767225600, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if token.Policy != "a+b" || token.Resource != "my.azure-devices-provisioning.net" || !token.SignedBy(c.Key) || !token.Expiry.Equal(time.Unix(1767225600, 0)) {
		t.Errorf("token %s for policy %q", token.Resource, token.Policy)
	}
}

func TestPath(t *testing.T) {
	if got := Path(Enrollments, "dev/01", AttestationSegment); got != "/enrollments/dev%2F01/attestationmechanism" {
		t.Error(got)
	}
}

func FuzzParseConnectionString(f *testing.F) {
	f.Add("HostName=a.azure-devices-provisioning.net;SharedAccessKeyName=p;SharedAccessKey=" + testKey)
	f.Add("hostname=;=;deviceid=x")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseConnectionString(dps.NewSecret(text))
		if err != nil {
			return
		}
		if again, err := ParseConnectionString(c.Text()); err != nil || again.Host != c.Host || again.Policy != c.Policy {
			t.Errorf("the Text of %q is not parsed to the same: %v", text, err)
		}
	})
}

func FuzzEnrollment(f *testing.F) {
	f.Add([]byte(record))
	f.Add([]byte(`{"attestation":null,"initialTwin":{"tags":1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e IndividualEnrollment
		if json.Unmarshal(b, &e) != nil {
			return
		}
		var again IndividualEnrollment
		if err := json.Unmarshal(e.Reveal(), &again); err != nil {
			t.Errorf("%s: %v", e.Reveal(), err)
		}
	})
}
