package emulator

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
)

// Each attestation, registered and then at the hub over each of its transports.
func TestHubTakesRegisteredDevices(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	for _, d := range readIdentities(t, e) {
		t.Run(string(d.Attestation), func(t *testing.T) {
			t.Parallel()
			here, token := movedToHub(e, d), hubTokenOf(t, e, d)
			for _, transport := range hubTransports() {
				want := "CONNACK 5"
				if transport == transportHTTPS {
					want = "404 DeviceNotFound"
				}
				if got := openHub(t, here, transport, d.RegistrationID, token); got != want {
					t.Errorf("before it registers, over %s, the device sees %q, want %q", transport, got, want)
				}
			}
			newClient(t, d).enter().want(t, assigned)
			for _, transport := range hubTransports() {
				if got := openHub(t, here, transport, d.RegistrationID, token); got != hubGood(transport) {
					t.Errorf("over %s the device sees %q", transport, got)
				}
			}
		})
	}
}

// What authenticates a device to the hub and what does not.
func TestHubCredentials(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	devices := map[Attestation]Device{}
	for _, d := range readIdentities(t, e) {
		newClient(t, d).enter().want(t, assigned)
		devices[d.Attestation] = d
	}
	key, later := deviceKey(t, devices[SymmetricKey]), noon.Add(time.Hour)
	_, port, _ := strings.Cut(e.hub(), ":")
	own := e.hub() + "/devices/" + keyDevice
	stranger := devices[X509]
	stranger.CertPEM, stranger.CertKeyPEM = certificateOfAnotherWorld(t)
	tests := map[string]struct {
		device   Device
		deviceID string
		token    dps.Secret
		good     bool
	}{
		"with the port":          {devices[SymmetricKey], keyDevice, hubToken(key, own, later), true},
		"without the port":       {devices[SymmetricKey], keyDevice, hubToken(key, "localhost/devices/"+keyDevice, later), true},
		"in upper case":          {devices[SymmetricKey], keyDevice, hubToken(key, "LOCALHOST:"+port+"/devices/"+keyDevice, later), true},
		"empty policy":           {devices[SymmetricKey], keyDevice, dps.NewSecret(hubToken(key, own, later).Reveal() + "&skn="), true},
		"policy":                 {devices[SymmetricKey], keyDevice, dps.Sign(key, own, later), false},
		"another key":            {devices[SymmetricKey], keyDevice, hubToken(dps.NewKey([]byte("another key of 24 bytes.")), own, later), false},
		"another hub":            {devices[SymmetricKey], keyDevice, hubToken(key, strangeHub+"/devices/"+keyDevice, later), false},
		"another port":           {devices[SymmetricKey], keyDevice, hubToken(key, "localhost:1/devices/"+keyDevice, later), false},
		"another device":         {devices[SymmetricKey], keyDevice, hubToken(key, e.hub()+"/devices/"+groupDevice, later), false},
		"key of another device":  {devices[SymmetricKey], groupDevice, hubToken(key, e.hub()+"/devices/"+groupDevice, later), false},
		"for the registration":   {devices[SymmetricKey], keyDevice, hubToken(key, dps.Resource(defaultScope, keyDevice), later), false},
		"expired":                {devices[SymmetricKey], keyDevice, hubToken(key, own, noon.Add(-time.Second)), false},
		"no token":               {devices[SymmetricKey], keyDevice, dps.NewSecret("secret"), false},
		"nothing":                {devices[SymmetricKey], keyDevice, dps.Secret{}, false},
		"the group key itself":   {devices[GroupKey], groupDevice, hubToken(parseKey(t, devices[GroupKey].GroupKey), e.hub()+"/devices/"+groupDevice, later), false},
		"a key for the leaf":     {devices[SymmetricKey], x509Device, hubToken(key, e.hub()+"/devices/"+x509Device, later), false},
		"another leaf":           {stranger, x509Device, dps.Secret{}, false},
		"a leaf for the key":     {devices[X509], keyDevice, dps.Secret{}, false},
		"the leaf and its token": {devices[X509], x509Device, hubToken(key, e.hub()+"/devices/"+x509Device, later), false},
	}
	for name, test := range tests {
		for _, transport := range hubTransports() {
			t.Run(name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				want := map[bool]string{true: hubGood(transport), false: "CONNACK 5"}[test.good]
				if !test.good && transport == transportHTTPS {
					want = "401 IotHubUnauthorizedAccess"
				}
				if got := openHub(t, movedToHub(e, test.device), transport, test.deviceID, test.token); got != want {
					t.Errorf("the device sees %q, want %q", got, want)
				}
			})
		}
	}
}

// certificateOfAnotherWorld is a certificate of the X.509 device that no emulator here
// knows.
func certificateOfAnotherWorld(t *testing.T) (cert []byte, key dps.Secret) {
	t.Helper()
	w, err := newWorld(Config{Now: atNoon, Random: seed()}.withDefaults(), &store{})
	if err != nil {
		t.Fatal(err)
	}
	d := w.device(X509)
	return d.CertPEM, d.CertKeyPEM
}

// What a device gets from the hub in a scenario: now, then again, then after another
// registration.
func TestHubScenarios(t *testing.T) {
	t.Parallel()
	const good = ""
	tests := map[string]struct{ https, mqtt [3]string }{
		"healthy": {},
		"hub-identity-unusable": {
			https: [3]string{"401 IotHubUnauthorizedAccess", "401 IotHubUnauthorizedAccess", "401 IotHubUnauthorizedAccess"},
			mqtt:  [3]string{"CONNACK 5", "CONNACK 5", "CONNACK 5"},
		},
		"hub-protocol-unsupported": {
			https: [3]string{"404", "404", "404"},
			mqtt:  [3]string{"CONNACK 1", "CONNACK 1", "CONNACK 1"},
		},
		"stale-assignment": {
			https: [3]string{"404 DeviceNotFound", "404 DeviceNotFound", good},
			mqtt:  [3]string{"CONNACK 5", "CONNACK 5", good},
		},
		"hub-unavailable": {
			https: [3]string{"503 ServiceUnavailable", good, good},
			mqtt:  [3]string{"CONNACK 3", good, good},
		},
		"hub-unavailable-forever": {
			https: [3]string{"503 ServiceUnavailable", "503 ServiceUnavailable", "503 ServiceUnavailable"},
			mqtt:  [3]string{"CONNACK 3", "CONNACK 3", "CONNACK 3"},
		},
		"hub-throttled": {
			https: [3]string{"429 ThrottlingException", good, good},
			mqtt:  [3]string{"CONNACK 3", good, good},
		},
		"hub-throttled-forever": {
			https: [3]string{"429 ThrottlingException", "429 ThrottlingException", "429 ThrottlingException"},
			mqtt:  [3]string{"CONNACK 3", "CONNACK 3", "CONNACK 3"},
		},
	}
	for _, s := range append([]Scenario{{Name: Healthy}}, hubScenarios()...) {
		test, ok := tests[s.Name]
		if !ok {
			t.Errorf("scenario %s has no row", s.Name)
		}
		for _, transport := range hubTransports() {
			t.Run(s.Name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				e := begin(t, Config{Scenario: s.Name, Files: true})
				for _, d := range readIdentities(t, e) {
					want := test.mqtt
					if transport == transportHTTPS {
						want = test.https
					}
					var got [3]string
					for i := range got {
						if i != 1 {
							newClient(t, d).enter().want(t, assigned)
						}
						got[i] = openHub(t, movedToHub(e, d), transport, d.RegistrationID, hubTokenOf(t, e, d))
						if got[i] == hubGood(transport) {
							got[i] = good
						}
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s (-want +got):\n%s", d.Attestation, diff)
					}
				}
			})
		}
	}
}

// A lookup does not count as a registration.
func TestHubIsNotHealedByLookup(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Scenario: "stale-assignment"})
	d := e.Device()
	c := newClient(t, d)
	c.enter().want(t, assigned)
	c.lookup().want(t, "200 bare assigned")
	if got := openHub(t, atHub(e), transportHTTPS, keyDevice, hubTokenOf(t, e, d)); got != "404 DeviceNotFound" {
		t.Errorf("the device sees %q", got)
	}
}

// A fault of a configuration at the hub, with every answer and every end.
func TestHubFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault       fault
		https, mqtt string
	}{
		"disabled":     {fault{answer: answer{status: 403, code: 403012}}, "403 DeviceDisabled", "CONNACK 5"},
		"403":          {fault{answer: family(403)}, "403 GenericForbidden", "CONNACK 5"},
		"500":          {fault{answer: family(500)}, "500 ServerError", "CONNACK 3"},
		"cut":          {fault{answer: answer{delivery: delivery{manner: cut}}}, "no answer: EOF", "no connection: EOF"},
		"other device": {fault{devices: []string{groupDevice}, answer: family(500)}, "204", "CONNACK 0"},
		"this device":  {fault{devices: []string{strings.ToUpper(keyDevice)}, answer: family(500)}, "500 ServerError", "CONNACK 3"},
		"page": {
			fault{answer: answer{status: 403, foreign: &foreign{contentType: "text/html", text: "blocked"}}},
			"403 blocked", "no connection: non-CONNACK",
		},
	} {
		test.fault.on = []operation{opHub}
		e := beginWith(t, test.fault)
		newClient(t, e.Device()).enter().want(t, assigned)
		for _, transport := range hubTransports() {
			t.Run(name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				want := test.mqtt
				if transport == transportHTTPS {
					want = test.https
				}
				if got := openHub(t, atHub(e), transport, keyDevice, hubTokenOf(t, e, e.Device())); got != want {
					t.Errorf("the device sees %q, want %q", got, want)
				}
			})
		}
	}
}

// A fault with a count does not apply to devices that the hub does not know, and does not
// record them.
func TestHubCountsOnlyItsDevices(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Scenario: "hub-unavailable"})
	for range 2 {
		if got := openHub(t, atHub(e), transportHTTPS, "stranger", dps.Secret{}); got != "404 DeviceNotFound" {
			t.Errorf("a stranger sees %q", got)
		}
	}
	newClient(t, e.Device()).enter().want(t, assigned)
	for _, want := range []string{"503 ServiceUnavailable", "204"} {
		if got := openHub(t, atHub(e), transportHTTPS, keyDevice, hubTokenOf(t, e, e.Device())); got != want {
			t.Errorf("the device sees %q, want %q", got, want)
		}
	}
}

// The calls of the HTTPS API.
func TestHubPaths(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	newClient(t, e.Device()).enter().want(t, assigned)
	c := newClient(t, atHub(e))
	c.token = hubTokenOf(t, e, e.Device())
	own, version := "/devices/"+keyDevice, "?api-version=2021-04-12"
	for name, test := range map[string]struct{ method, path, body, want string }{
		"messages":            {"GET", own + "/messages/devicebound" + version, "", "204"},
		"messages, as docs":   {"GET", own + "/messages/deviceBound" + version, "", "204"},
		"telemetry":           {"POST", own + "/messages/events" + version, `{"t":1}`, "204"},
		"telemetry, largest":  {"POST", own + "/messages/events" + version, strings.Repeat("a", maxHubMessage), "204"},
		"telemetry, too long": {"POST", own + "/messages/events" + version, strings.Repeat("a", maxHubMessage+1), "413 MessageTooLarge"},
		"other method":        {"PUT", own + "/messages/events" + version, "", "405 GenericMethodNotAllowed"},
		"no api-version":      {"GET", own + "/messages/devicebound", "", "400 InvalidProtocolVersion"},
		"odd api-version":     {"GET", own + "/messages/devicebound?api-version=latest", "", "400 InvalidProtocolVersion"},
		"other case of id":    {"GET", "/devices/" + strings.ToUpper(keyDevice) + "/messages/devicebound" + version, "", "404 DeviceNotFound"},
		"no device":           {"GET", "/devices//messages/devicebound" + version, "", "404 GenericNotFound"},
		"escaped":             {"GET", "/devices/" + strings.ReplaceAll(keyDevice, "-", "%2d") + "/messages/devicebound" + version, "", "204"},
		"twin":                {"GET", "/twins/" + keyDevice + version, "", "404 GenericNotFound"},
		"a registration":      {"PUT", c.path(dps.RegisterPath), "{}", "404 GenericNotFound"},
		"root":                {"GET", "/", "", "404 GenericNotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.do(test.method, test.path, test.body)
			if short := shortOfHub(got); short != test.want {
				t.Errorf("answer %q, want %q", short, test.want)
			}
			wantHeader(t, got.header, map[string]string{"Date": "Sun, 01 Mar 2026 12:00:00 GMT"})
		})
	}
}

// The complete body of a refusal.
func TestHubErrorBody(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	got := newClient(t, atHub(e)).do(http.MethodGet, "/devices/a%25b/messages/devicebound?api-version=2021-04-12", "")
	if got.body.Hub == nil {
		t.Fatalf("answer %s: %q", got, got.text)
	}
	tracking, after, _ := strings.Cut(strings.TrimPrefix(got.body.Hub.ExceptionMessage, "Tracking ID:"), "-")
	want := dps.HubError{Message: "ErrorCode:DeviceNotFound;a%b", ExceptionMessage: "Tracking ID:" + tracking + "-" + after}
	if diff := cmp.Diff(want, *got.body.Hub); diff != "" || len(tracking) != 32 || after != "G:0-TimeStamp:03/01/2026 12:00:00" {
		t.Errorf("tracking id %q, then %q; (-want +got):\n%s", tracking, after, diff)
	}
	wantHeader(t, got.header, map[string]string{"Content-Type": "application/json; charset=utf-8", "Retry-After": ""})
	throttling := begin(t, Config{Scenario: "hub-throttled-forever"})
	got = newClient(t, atHub(throttling)).do(http.MethodGet, "/devices/a/messages/devicebound?api-version=2021-04-12", "")
	wantHeader(t, got.header, map[string]string{"Retry-After": "1"})
}

// The hub keeps one connection per device, over any transport; HTTPS does not count.
func TestHubKeepsOneConnection(t *testing.T) {
	t.Parallel()
	for _, first := range hubTransports()[1:] {
		for _, second := range hubTransports() {
			t.Run(first+" then "+second, func(t *testing.T) {
				t.Parallel()
				e := begin(t, Config{})
				newClient(t, e.Device()).enter().want(t, assigned)
				c := newClient(t, atHub(e))
				c.token = hubTokenOf(t, e, e.Device())
				lost := make(chan struct{})
				device := c.hubMQTT(first, keyDevice, func(mqtt.Client, error) { close(lost) })
				t.Cleanup(func() { device.Disconnect(0) })
				if connected := device.Connect(); !connected.WaitTimeout(hang) || connected.Error() != nil {
					t.Fatal(connected.Error())
				}
				openHub(t, atHub(e), second, keyDevice, dps.NewSecret("a wrong one")) // disconnects nobody
				if got := openHub(t, atHub(e), second, keyDevice, c.token); got != hubGood(second) {
					t.Fatalf("the second connection sees %q", got)
				}
				if second == transportHTTPS {
					sent := device.Publish("devices/"+keyDevice+"/messages/events/", 1, false, "still here")
					if !sent.WaitTimeout(hang) || sent.Error() != nil {
						t.Errorf("after a call over HTTPS: %v", sent.Error())
					}
					return
				}
				select {
				case <-lost:
				case <-testContext(t).Done():
					t.Error("the first connection goes on")
				}
			})
		}
	}
}

// A configuration's hubs: the stub by its name, others unchanged.
func TestHubsOfAConfiguration(t *testing.T) {
	t.Parallel()
	const text = `
[[hubs]]
name = "localhost"
[[hubs]]
name = "north.hub.example"
[[enrollments]]
registration_id = "here"
device_id = "North Hall#7"
primary_key = "c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgcHJpbWFyeSAg"
secondary_key = "c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgc2Vjb25kYXJ5"
hubs = ["localhost"]
[[enrollments]]
registration_id = "there"
primary_key = "c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgcHJpbWFyeSAg"
hubs = ["north.hub.example"]
[[faults]]
on = ["hub"]
registration_ids = ["here"]
times = 1
status = 503
retry_after = 9
`
	file, err := ParseFile("t.toml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	e := begin(t, Config{File: file})
	d := e.Device()
	d.Key = dps.NewSecret("c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgcHJpbWFyeSAg")
	for id, want := range map[string]string{"here": e.hub(), "there": "north.hub.example"} {
		d.RegistrationID = id
		if got := newClient(t, d).enter().body.Operation.Registration.AssignedHub; got != want {
			t.Errorf("%s is assigned to %q, want %q", id, got, want)
		}
	}
	keys := file.enrollments[0].keys
	plain, escaped := e.hub()+"/devices/North Hall#7", e.hub()+"/devices/"+url.PathEscape("North Hall#7")
	for i, test := range []struct {
		key                      dps.Key
		deviceID, resource, want string
	}{
		{keys[0], "North Hall#7", plain, "503 GenericServiceUnavailable"},
		{keys[0], "North Hall#7", plain, "204"},
		{keys[1], "North Hall#7", plain, "204"},
		{keys[0], "North Hall#7", escaped, "204"},
		{keys[0], "north hall#7", plain, "404 DeviceNotFound"},
		{keys[0], "there", e.hub() + "/devices/there", "404 DeviceNotFound"},
	} {
		token := hubToken(test.key, test.resource, noon.Add(time.Hour))
		if got := openHub(t, atHub(e), transportHTTPS, test.deviceID, token); got != test.want {
			t.Errorf("call %d: the device sees %q, want %q", i, got, test.want)
		}
	}
}
