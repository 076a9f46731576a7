package emulator

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"
)

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del(name)
		if value != "" {
			r.Header[name] = []string{value} // spelled as given
		}
	}
}

// Variations that clients send and the service accepts. Each row is a register call of the
// key device.
func TestToleratedRegisterCalls(t *testing.T) {
	t.Parallel()
	c := newClient(t, begin(t, Config{}).Device())
	path := c.path(dps.RegisterPath)
	lower := func(r *http.Request) { // Java's spelling
		r.Header["authorization"] = r.Header["Authorization"]
		delete(r.Header, "Authorization")
	}
	tests := map[string]struct {
		path, body string
		edit       func(*http.Request)
	}{
		"empty body, as the C# MQTT and AMQP clients":  {path, "", nil},
		"empty body without content type":              {path, "", header("Content-Type", "")},
		"body without content type":                    {path, "{}", header("Content-Type", "")},
		"white space":                                  {path, " \n", nil},
		"null":                                         {path, "null", nil},
		"no member":                                    {path, "{}", nil},
		"id in other case":                             {path, `{"registrationId":"SANDBOX-KEY-01"}`, nil},
		"id null":                                      {path, `{"registrationId":null}`, nil},
		"payload null, as Python":                      {path, `{"payload":null,"registrationId":"sandbox-key-01"}`, nil},
		"payload string, as Java":                      {path, `{"registrationId":"sandbox-key-01","payload":"{\"a\":1}"}`, nil},
		"payload object":                               {path, `{"payload":{"modelId":"dtmi:example:thing;1"}}`, nil},
		"TPM keys and a token":                         {path, `{"tpm":{"endorsementKey":"AToAAQ=="}}`, nil},
		"signing request alone":                        {path, `{"csr":"MIIB"}`, nil},
		"signing request of the first preview":         {path, `{"clientCertificateCsr":"MIIB"}`, nil},
		"content type in upper case":                   {path, "{}", header("Content-Type", "Application/JSON")},
		"header UserAgent, as the C SDK":               {path, "{}", header("UserAgent", "prov_device_client/1.0")},
		"authorization in lower case":                  {path, "{}", lower},
		"host without port":                            {path, "{}", func(r *http.Request) { r.Host = "localhost" }},
		"host with port 443":                           {path, "{}", func(r *http.Request) { r.Host = "global.azure-devices-provisioning.net:443" }},
		"forceRegistration, as Node":                   {path + "&forceRegistration=true", "{}", nil},
		"escaped path in upper case":                   {strings.ReplaceAll(path, "-", "%2D"), "{}", nil},
		"escaped path in lower case":                   {strings.ReplaceAll(path, "-key", "%2dkey"), "{}", nil},
		"scope in lower case":                          {strings.ReplaceAll(path, defaultScope, strings.ToLower(defaultScope)), "{}", nil},
		"preview version":                              {strings.ReplaceAll(path, dps.DefaultAPIVersion, "2025-07-01-preview"), "{}", nil},
		"version of the C SDK":                         {strings.ReplaceAll(path, dps.DefaultAPIVersion, "2021-06-01"), "{}", nil},
		"chunked":                                      {path, "{}", func(r *http.Request) { r.ContentLength = -1 }},
		"body of the largest size the service takes":   {path, `{"payload":{"a":"` + strings.Repeat("x", MaxBody-20) + `"}}`, nil},
		"further headers such as Request-Id":           {path, "{}", header("Request-Id", "6e1d")},
		"Expect: 100-continue":                         {path, "{}", header("Expect", "100-continue")},
		"connection closed after the call":             {path, "{}", func(r *http.Request) { r.Close = true }},
		"two api-versions, the first one sound":        {path + "&api-version=x", "{}", nil},
		"a parameter no one knows before the version":  {strings.Replace(path, "?", "?a=b&", 1), "{}", nil},
		"members in another case, as JSON.NET accepts": {path, `{"RegistrationId":"sandbox-key-01","Payload":{}}`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var edits []func(*http.Request)
			if test.edit != nil {
				edits = append(edits, test.edit)
			}
			c.do(http.MethodPut, test.path, test.body, edits...).want(t, "202 assigning")
		})
	}
}

// What the service refuses. Each row is a call of the key device with a valid token, unless
// it changes that.
func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	c := newClient(t, begin(t, Config{}).Device())
	register, lookup := c.path(dps.RegisterPath), c.path(dps.LookupPath)
	poll := dps.OperationPath(defaultScope, keyDevice, "4.0.0") + "?" + dps.Query(dps.DefaultAPIVersion)
	tests := map[string]struct {
		method, path, body string
		edit               func(*http.Request)
		want               string
	}{
		"unknown scope":         {"PUT", strings.Replace(register, defaultScope, "0neFFFFFFFF", 1), "", nil, "404 empty"},
		"scope empty":           {"PUT", strings.Replace(register, defaultScope, "", 1), "", nil, "404 empty"},
		"id empty":              {"PUT", strings.Replace(register, keyDevice, "", 1), "", nil, "400 400004 Invalid RegistrationId"},
		"id ends in full stop":  {"PUT", strings.Replace(register, keyDevice, "a.", 1), "", nil, "400 400004 Invalid RegistrationId"},
		"id with a space":       {"PUT", strings.Replace(register, keyDevice, "a%20b", 1), "", nil, "400 400004 Invalid RegistrationId"},
		"id with a slash":       {"PUT", strings.Replace(register, keyDevice, "a%2Fb", 1), "", nil, "400 400004 Invalid RegistrationId"},
		"id too long":           {"PUT", strings.Replace(register, keyDevice, strings.Repeat("a", 129), 1), "", nil, "400 400004 Invalid RegistrationId"},
		"id no ASCII":           {"PUT", strings.Replace(register, keyDevice, "%C3%BC", 1), "", nil, "400 400004 Invalid RegistrationId"},
		"id of another device":  {"PUT", register, `{"registrationId":"other"}`, nil, "400 400004 The registrationId of the body is not that of the request."},
		"version missing":       {"PUT", strings.Split(register, "?")[0], "", nil, "400 400004 Unsupported API version ."},
		"version no date":       {"PUT", strings.Replace(register, "2019-03-31", "latest", 1), "", nil, "400 400004 Unsupported API version latest."},
		"version of other mark": {"PUT", strings.Replace(register, "2019-03-31", "2019-03-31-beta", 1), "", nil, "400 400004 Unsupported API version 2019-03-31-beta."},

		"body cut off":            {"PUT", register, `{"registrationId":`, nil, "400 400012 Deserialization error."},
		"body an array":           {"PUT", register, `[]`, nil, "400 400012 Deserialization error."},
		"body a string":           {"PUT", register, `"sandbox-key-01"`, nil, "400 400012 Deserialization error."},
		"body with more after it": {"PUT", register, `{}{}`, nil, "400 400012 Deserialization error."},
		"body with other members": {"PUT", register, `{"registrationId":"sandbox-key-01","modelId":"a"}`, nil, "400 400012 Deserialization error."},
		"id a number":             {"PUT", register, `{"registrationId":1}`, nil, "400 400012 Deserialization error."},
		"payload an array":        {"PUT", register, `{"payload":[1]}`, nil, "400 400012 Deserialization error."},
		"payload a number":        {"PUT", register, `{"payload":1}`, nil, "400 400012 Deserialization error."},
		"payload true":            {"PUT", register, `{"payload":true}`, nil, "400 400012 Deserialization error."},
		"TPM key no base64":       {"PUT", register, `{"tpm":{"endorsementKey":"!"}}`, nil, "400 400012 Deserialization error."},
		"body too large":          {"PUT", register, strings.Repeat(" ", MaxBody+1), nil, "413 413000 Request Entity Too Large"},
		"body is a form":          {"PUT", register, `a=b`, header("Content-Type", "application/x-www-form-urlencoded"), "415 415000 Unsupported Media Type"},
		"content type malformed":  {"PUT", register, `{}`, header("Content-Type", ";"), "415 415000 Unsupported Media Type"},
		"lookup with a form":      {"POST", lookup, `a=b`, header("Content-Type", "text/plain"), "415 415000 Unsupported Media Type"},

		"register by POST":        {"POST", register, "", nil, "405 405000 Method Not Allowed"},
		"lookup by GET":           {"GET", lookup, "", nil, "405 405000 Method Not Allowed"},
		"poll by PUT":             {"PUT", poll, "", nil, "405 405000 Method Not Allowed"},
		"root":                    {"GET", "/", "", nil, "404 404000 Not Found"},
		"path of the hub":         {"GET", "/devices/a/messages/events", "", nil, "404 404000 Not Found"},
		"path with more":          {"PUT", strings.Replace(register, "?", "/now?", 1), "", nil, "404 404000 Not Found"},
		"operation unknown":       {"GET", poll, "", nil, "404 404000 Operation not found."},
		"operation empty":         {"GET", strings.Replace(poll, "4.0.0", "", 1), "", nil, "404 404000 Operation not found."},
		"lookup before register":  {"POST", lookup, "", nil, "404 404202 Registration not found."},
		"no credential":           {"PUT", register, "", header("Authorization", ""), "401 401002 Unauthorized"},
		"TPM where a key is":      {"PUT", register, `{"tpm":{"endorsementKey":"AToAAQ=="}}`, header("Authorization", ""), "401 401002 Unauthorized"},
		"another scheme":          {"PUT", register, "", header("Authorization", "Bearer abc"), "401 401002 Unauthorized"},
		"token of another device": {"PUT", strings.Replace(register, keyDevice, "other", 1), "", nil, "401 401002 Unauthorized"},
		"poll without credential": {"GET", poll, "", header("Authorization", ""), "401 401002 Unauthorized"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var edits []func(*http.Request)
			if test.edit != nil {
				edits = append(edits, test.edit)
			}
			got := c.do(test.method, test.path, test.body, edits...)
			got.want(t, test.want)
			wantSoundAnswer(t, got)
		})
	}
}

// wantSoundAnswer checks the properties of every answer of the service.
func wantSoundAnswer(t *testing.T, got wire) {
	t.Helper()
	if got.err != nil {
		t.Fatal(got.err)
	}
	id, code := got.header.Get("X-Ms-Request-Id"), got.header.Get("X-Ms-Error-Code")
	if len(id) != 36 {
		t.Errorf("request id is %q", id)
	}
	if e := got.body.Error; e != nil {
		if e.TrackingID != id || fmt.Sprint(e.ErrorCode) != code {
			t.Errorf("body has tracking id %s and code %d, header has %s and %s", e.TrackingID, e.ErrorCode, id, code)
		}
		if e.ErrorCode/1000 != got.status {
			t.Errorf("status %d with code %d", got.status, e.ErrorCode)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.0000000Z", e.Timestamp); err != nil || e.Message == "" {
			t.Errorf("timestamp %q, message %q", e.Timestamp, e.Message)
		}
	} else if code != "" {
		t.Errorf("error code %s without an error body", code)
	}
	switch kind := got.header.Get("Content-Type"); {
	case got.text == "" && kind != "":
		t.Errorf("no body, but content type %q", kind)
	case got.text != "" && kind != "application/json; charset=utf-8":
		t.Errorf("content type %q", kind)
	case got.text != "" && !json.Valid([]byte(got.text)):
		t.Errorf("not JSON: %q", got.text)
	}
}

func TestWrongMethodIsToldTheRightOne(t *testing.T) {
	t.Parallel()
	c := newClient(t, begin(t, Config{}).Device())
	for path, want := range map[string]string{
		c.path(dps.RegisterPath):                            "PUT",
		c.path(dps.LookupPath):                              "POST",
		dps.OperationPath(defaultScope, keyDevice, "4.0.0"): "GET",
	} {
		if got := c.do(http.MethodDelete, path, ""); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != want {
			t.Errorf("DELETE %s: %s, Allow %q, want %s", path, got, got.header.Get("Allow"), want)
		}
	}
}

// A poll of the Node SDK has a body, which is ignored.
func TestPollWithBody(t *testing.T) {
	t.Parallel()
	c := newClient(t, begin(t, Config{}).Device())
	operation := c.register().body.Operation
	path := dps.OperationPath(defaultScope, keyDevice, operation.OperationID) + "?" + dps.Query(dps.DefaultAPIVersion)
	for _, body := range []string{"{}", " ", "nonsense"} {
		if got := c.do(http.MethodGet, path, body); got.status >= 300 {
			t.Errorf("body %q: %s", body, got)
		}
	}
}

// An operation belongs to the registration that began it.
func TestPollOfAnotherDevicesOperation(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	devices := readIdentities(t, e)
	operation := newClient(t, devices[0]).register().body.Operation
	newClient(t, devices[1]).poll(operation.OperationID).want(t, "404 404000 Operation not found.")
}

// Two identities on one connection are kept separate.
func TestOneConnectionTwoIdentities(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	devices := readIdentities(t, e)
	first, second := newClient(t, devices[0]), newClient(t, devices[1])
	second.http = first.http
	wrong := *first
	wrong.token = second.token

	first.enter().want(t, "200 assigned")
	wrong.register().want(t, "401 401002 Unauthorized")
	second.enter().want(t, "200 assigned")
	first.lookup().want(t, "200 bare assigned")
	wrong.lookup().want(t, "401 401002 Unauthorized")
	if got := second.lookup(); got.body.Registration.RegistrationID != groupDevice {
		t.Errorf("lookup of the second device is about %s", got.body.Registration.RegistrationID)
	}
}

// A certificate belongs to its connection, whatever the previous one used: sessions are not
// resumed.
func TestNextConnectionHasItsOwnCertificate(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Scenario: "ca-not-verified"})
	with := newClient(t, e.Device())
	cache := tls.NewLRUClientSessionCache(4)
	without := newClient(t, Device{Endpoint: e.Device().Endpoint, Roots: e.Device().Roots, Scope: defaultScope, RegistrationID: x509Device, Attestation: X509})
	for _, c := range []*client{with, without} {
		c.http.Transport.(*http.Transport).TLSClientConfig.ClientSessionCache = cache
	}
	with.register().want(t, "401 401002 CA certificate not found.")
	without.register().want(t, "401 401002 Unauthorized")
}

func TestPlainHTTPIsToldSo(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	conn, err := net.Dial("tcp", e.Ready().Endpoints.HTTPS)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", answer.StatusCode)
	}
}

// No input blocks the next device.
func TestGarbageDoesNotHurt(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	d := e.Device()
	for _, text := range []string{"", "\x00", "\x16\x03\x01\xff\xff", strings.Repeat("\xff", 1<<16), "GET / HTTP/9.9\r\n\r\n"} {
		conn, err := net.Dial("tcp", d.at(transportHTTPS))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, text) // the server may have closed the connection
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"nonsense\r\n\r\n", "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"} {
		conn, err := tls.Dial("tcp", d.at(transportHTTPS), newClient(t, d).http.Transport.(*http.Transport).TLSClientConfig)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, text)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode < 400 {
			t.Errorf("answer to %q: %s", text, answer.Status)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	newClient(t, d).enter().want(t, "200 assigned")
}
