package emulator

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	srv "dpsdiag/internal/service"

	"github.com/google/go-cmp/cmp"
)

// operator is a caller of the service API that uses plain net/http.
type operator struct {
	*client
	owner srv.ConnectionString
}

func newOperator(t *testing.T, e *Emulator) *operator {
	t.Helper()
	owner := e.Owner()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: e.Device().Roots, Time: atNoon}}
	t.Cleanup(transport.CloseIdleConnections)
	c := &client{t: t, device: e.Device(), http: &http.Client{Transport: transport}, token: owner.Token(noon.Add(time.Hour))}
	return &operator{c, owner}
}

// call sends a request with an api-version.
func (o *operator) call(method, path, body string, edits ...func(*http.Request)) wire {
	o.t.Helper()
	return o.do(method, path+"?api-version="+srv.APIVersion, body, edits...)
}

// asPolicy signs with another policy.
func asPolicy(name string, key dps.Key, host string) func(*http.Request) {
	return header("Authorization", dps.SignPolicy(key, name, host, noon.Add(time.Hour)).Reveal())
}

// brief summarises an answer: its status, and the code and message of an error.
func (w wire) brief() string {
	if w.body.Error != nil {
		return fmt.Sprintf("%d %d %s", w.status, w.body.Error.ErrorCode, w.body.Error.Message)
	}
	return strconv.Itoa(w.status)
}

func (w wire) wantBrief(t *testing.T, want string) {
	t.Helper()
	if got := w.brief(); got != want {
		t.Errorf("answer is %q, want %q", got, want)
	}
}

// read decodes the body of an answer.
func read[T any](t *testing.T, w wire) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(w.text), &v); err != nil {
		t.Fatalf("%d %s: %v", w.status, w.text, err)
	}
	return v
}

const (
	anyKey    = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	newDevice = `{"registrationId":"dev-01","attestation":{"type":"symmetricKey"}}`
	newGroup  = `{"enrollmentGroupId":"line-1","attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":"` + anyKey + `"}}}`
)

// keyed is the record of a device with a key.
func keyed(id, more string) string {
	return fmt.Sprintf(`{"registrationId":%q,"attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":%q}}%s}`, id, anyKey, more)
}

// TestAPIAnswers has every path with every kind of answer.
func TestAPIAnswers(t *testing.T) {
	t.Parallel()
	const (
		enrolled   = "/enrollments/" + keyDevice
		group      = "/enrollmentGroups/" + keyGroup
		query      = `{"query":"SELECT * FROM enrollments"}`
		noSuch     = "404 404201 Enrollment not found."
		noRecord   = "404 404202 Registration not found."
		conflict   = "409 409201 Enrollment already exists"
		stale      = "412 412000 Precondition Failed"
		notAllowed = "405 405000 Method Not Allowed"
		noJSON     = "415 415000 Unsupported Media Type"
		unreadable = "400 400012 Deserialization error."
	)
	bulk := func(mode string, records ...string) string {
		return fmt.Sprintf(`{"mode":%q,"enrollments":[%s]}`, mode, strings.Join(records, ","))
	}
	tests := []struct {
		name, method, path, body, want string
		edits                          []func(*http.Request)
	}{
		{"read", "GET", enrolled, "", "200", nil},
		{"read in another case", "GET", "/Enrollments/SANDBOX-KEY-01", "", "200", nil},
		{"read nothing", "GET", "/enrollments/nobody", "", noSuch, nil},
		{"create", "PUT", "/enrollments/dev-01", newDevice, "200", nil},
		{"create unless it exists", "PUT", "/enrollments/dev-01", newDevice, "200", []func(*http.Request){header("If-None-Match", "*")}},
		{"create what exists", "PUT", enrolled, keyed(keyDevice, ""), conflict, nil},
		{"create what exists, with the ETag in the body alone", "PUT", enrolled, keyed(keyDevice, `,"etag":"x"`), conflict, nil},
		{"create what must not exist", "PUT", enrolled, keyed(keyDevice, ""), stale, []func(*http.Request){header("If-None-Match", "*")}},
		{"update whatever is there", "PUT", enrolled, keyed(keyDevice, ""), "200", []func(*http.Request){header("If-Match", "*")}},
		{"update with a stale ETag", "PUT", enrolled, keyed(keyDevice, ""), stale, []func(*http.Request){header("If-Match", `"old"`)}},
		{"update nothing", "PUT", "/enrollments/dev-01", newDevice, stale, []func(*http.Request){header("If-Match", "*")}},
		{"create without id in the path", "PUT", "/enrollments", newDevice, notAllowed, nil},
		{"create without id, with a slash", "PUT", "/enrollments/", newDevice, notAllowed, nil},
		{"patch", "PATCH", enrolled, newDevice, notAllowed, nil},
		{"read a whole collection", "GET", "/enrollments", "", notAllowed, nil},
		{"read the state of nobody", "GET", "/registrations", "", notAllowed, nil},
		{"query with GET", "GET", "/registrations/" + keyGroup + "/query", "", notAllowed, nil},
		{"read keys with GET", "GET", enrolled + "/attestationmechanism", "", notAllowed, nil},
		{"text", "PUT", "/enrollments/dev-01", newDevice, noJSON, []func(*http.Request){header("Content-Type", "text/plain")}},
		{"no content type", "PUT", "/enrollments/dev-01", newDevice, noJSON, []func(*http.Request){header("Content-Type", "")}},
		{"form", "POST", "/enrollments/query", query, noJSON, []func(*http.Request){header("Content-Type", "application/x-www-form-urlencoded")}},
		{"another charset", "PUT", "/enrollments/dev-01", newDevice, noJSON, []func(*http.Request){header("Content-Type", "application/json; charset=utf-16")}},
		{"compressed", "PUT", "/enrollments/dev-01", newDevice, noJSON, []func(*http.Request){header("Content-Encoding", "gzip")}},
		{"no body", "PUT", "/enrollments/dev-01", "", unreadable, nil},
		{"half a body", "PUT", "/enrollments/dev-01", newDevice[:20], unreadable, nil},
		{"wrong type", "PUT", "/enrollments/dev-01", `{"registrationId":1}`, unreadable, nil},
		{"more than JSON", "PUT", "/enrollments/dev-01", newDevice + "x", unreadable, nil},
		{"too large", "PUT", "/enrollments/dev-01", strings.Repeat(" ", maxAPIBody+1), "413 413000 Request Entity Too Large", nil},
		{"delete", "DELETE", enrolled, "", "204", nil},
		{"delete nothing", "DELETE", "/enrollments/nobody", "", noSuch, nil},
		{"delete with a stale ETag", "DELETE", enrolled, "", stale, []func(*http.Request){header("If-Match", "old")}},
		{"delete all", "DELETE", "/enrollments", "", notAllowed, nil},
		{"keys", "POST", enrolled + "/attestationmechanism", "", "200", nil},
		{"keys of nobody", "POST", "/enrollments/nobody/attestationmechanism", "", noSuch, nil},
		{"query", "POST", "/enrollments/query", query, "200", nil},
		{"query of the CLI", "POST", "/enrollments/query", `{"query":"SELECT *"}`, "200", nil},
		{"query of something else", "POST", "/enrollments/query", `{"query":"SELECT * FROM devices"}`, "400 400004 The query is invalid.", nil},
		{"query of nothing", "POST", "/enrollments/query", `{"query":""}`, "400 400004 The query is invalid.", nil},
		{"query that is not a query", "POST", "/enrollments/query", `[]`, unreadable, nil},
		{"page of no size", "POST", "/enrollments/query", query, "400 400004 The page size is invalid.", []func(*http.Request){header("x-ms-max-item-count", "0")}},
		{"page after nothing", "POST", "/enrollments/query", query, "400 400004 The continuation token is invalid.", []func(*http.Request){header("x-ms-continuation", "bm9uc2Vuc2U")}},
		{"bulk", "POST", "/enrollments", bulk("create", newDevice), "200", nil},
		{"bulk of the Node.js SDK", "POST", "/enrollments", bulk("updateIfMatchEtag", newDevice), "200", nil},
		{"bulk of eleven", "POST", "/enrollments", bulk("create", slices.Repeat([]string{newDevice}, 11)...), "400 400004 The number of records is invalid.", nil},
		{"bulk of nothing", "POST", "/enrollments", bulk("create"), "400 400004 The number of records is invalid.", nil},
		{"bulk of groups as devices", "POST", "/enrollments", `{"mode":"create","enrollmentGroups":[` + newGroup + `]}`, "400 400004 The number of records is invalid.", nil},
		{"bulk without mode", "POST", "/enrollments", bulk("", newDevice), unreadable, nil},
		{"read a group", "GET", group, "", "200", nil},
		{"read no group", "GET", "/enrollmentGroups/nothing", "", noSuch, nil},
		{"create a group", "PUT", "/enrollmentGroups/line-1", newGroup, "200", nil},
		{"create a group that exists", "PUT", group, strings.Replace(newGroup, "line-1", keyGroup, 1), conflict, nil},
		{"delete a group", "DELETE", group, "", "204", nil},
		{"keys of a group", "POST", group + "/attestationmechanism", "", "200", nil},
		{"query groups", "POST", "/enrollmentGroups/query", `{"query":"select * from enrollmentgroups;"}`, "200", nil},
		{"bulk of groups", "POST", "/enrollmentGroups", `{"mode":"create","enrollmentGroups":[` + newGroup + `]}`, "200", nil},
		{"state of nobody", "GET", "/registrations/nobody", "", noRecord, nil},
		{"state before a registration", "GET", "/registrations/" + keyDevice, "", noRecord, nil},
		{"delete no state", "DELETE", "/registrations/" + keyDevice, "", noRecord, nil},
		{"write a state", "PUT", "/registrations/" + keyDevice, "{}", notAllowed, nil},
		{"states of a group", "POST", "/registrations/" + keyGroup + "/query", `{"query":"SELECT *"}`, "200", nil},
		{"states of no group", "POST", "/registrations/nothing/query", `{"query":"SELECT *"}`, noSuch, nil},
		{"states of a bad query", "POST", "/registrations/" + keyGroup + "/query", `{"query":"*"}`, "400 400004 The query is invalid.", nil},
		{"unknown path", "GET", enrolled + "/secrets", "", "404 404000 Not Found", nil},
		{"path too long", "GET", enrolled + "/a/b", "", "404 404000 Not Found", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := newOperator(t, begin(t, Config{}))
			got := o.call(test.method, test.path, test.body, test.edits...)
			got.wantBrief(t, test.want)
			if tracking := got.header.Get("X-Ms-Request-Id"); got.body.Error != nil && (tracking == "" || got.body.Error.TrackingID != tracking) {
				t.Errorf("tracking id %q in the header, %q in the body", tracking, got.body.Error.TrackingID)
			}
			if allow := got.header.Get("Allow"); (got.status == http.StatusMethodNotAllowed) != (allow != "") {
				t.Errorf("%d with Allow: %q", got.status, allow)
			}
		})
	}
}

// TestAPIValidation has every error in a record.
func TestAPIValidation(t *testing.T) {
	t.Parallel()
	w, err := newWorld(Config{Now: atNoon, Random: seed()}.withDefaults(), &store{})
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(text []byte) string { return base64.StdEncoding.EncodeToString(text) }
	leaf, root := encoded(certsPEM(w.leaf.cert)), encoded(certsPEM(w.root.cert))
	unnamed, err := w.mint.device("a name", w.root, nil)
	if err != nil {
		t.Fatal(err)
	}
	device := func(attestation, more string) string {
		return fmt.Sprintf(`{"registrationId":"dev-01","attestation":%s%s}`, attestation, more)
	}
	group := func(attestation string) string {
		return fmt.Sprintf(`{"enrollmentGroupId":"line-1","attestation":%s}`, attestation)
	}
	client := func(certificate string) string {
		return fmt.Sprintf(`{"type":"x509","x509":{"clientCertificates":{"primary":{"certificate":%q}}}}`, certificate)
	}
	signing := func(certificate string) string {
		return fmt.Sprintf(`{"type":"x509","x509":{"signingCertificates":{"primary":{"certificate":%q}}}}`, certificate)
	}
	const key = `{"type":"symmetricKey"}`
	ek := base64.StdEncoding.EncodeToString(endorsementKey(t))
	tests := map[string]struct{ body, want string }{
		"ids differ":             {strings.Replace(newDevice, "dev-01", "dev-02", 1), "400 400004 The id of the body is not that of the request."},
		"no attestation":         {device("null", ""), "400 400004 " + messageAttestation},
		"none":                   {device(`{"type":"none"}`, ""), "400 400004 " + messageAttestation},
		"TPM without key":        {device(`{"type":"tpm"}`, ""), "400 400004 " + messageAttestation},
		"TPM":                    {device(`{"type":"tpm","tpm":{"endorsementKey":"`+ek+`"}}`, ""), "200"},
		"TPM that is none":       {device(`{"type":"tpm","tpm":{"endorsementKey":"AAAA"}}`, ""), "400 400004 " + messageEndorsement},
		"TPM of a group":         {group(`{"type":"tpm","tpm":{"endorsementKey":"` + ek + `"}}`), "400 400004 " + messageAttestation},
		"key that is none":       {device(`{"type":"symmetricKey","symmetricKey":{"primaryKey":"x","secondaryKey":"y"}}`, ""), "400 400004 " + messageKey},
		"certificate":            {device(client(leaf), ""), "200"},
		"certificate as PEM":     {device(client(string(certsPEM(w.leaf.cert))), ""), "200"},
		"certificate as DER":     {device(client(encoded(w.leaf.cert.Raw)), ""), "200"},
		"empty certificate":      {device(client(""), ""), "400 400004 " + messageAttestation},
		"no certificate":         {device(`{"type":"x509","x509":{"clientCertificates":{}}}`, ""), "400 400004 " + messageAttestation},
		"two in one":             {device(client(encoded(certsPEM(w.leaf.cert, w.root.cert))), ""), "400 400004 " + messageCertificateText},
		"not base64":             {device(client("***"), ""), "400 400004 " + messageCertificateText},
		"base64 of nothing":      {device(client("AAAA"), ""), "400 400004 " + messageCertificateText},
		"info alone":             {device(`{"type":"x509","x509":{"clientCertificates":{"primary":{"info":{"sha256Thumbprint":"00"}}}}}`, ""), "400 400004 " + messageCertificateText},
		"name with a blank":      {device(client(encoded(certsPEM(unnamed.cert))), ""), "400 400004 " + messageCommonName},
		"device with a CA":       {device(signing(root), ""), "400 400004 " + messageAttestation},
		"group":                  {group(signing(root)), "200"},
		"group with a device":    {group(signing(leaf)), "400 400004 " + messageAttestation},
		"group by name":          {group(`{"type":"x509","x509":{"caReferences":{"primary":"sandbox-certificates-ca"}}}`), "200"},
		"group by unknown name":  {group(`{"type":"x509","x509":{"caReferences":{"primary":"nothing"}}}`), "400 400004 " + messageCAReference},
		"group by no name":       {group(`{"type":"x509","x509":{"caReferences":{}}}`), "400 400004 " + messageAttestation},
		"policy unknown":         {device(key, `,"allocationPolicy":"random"`), "400 400012 Deserialization error."},
		"custom without webhook": {device(key, `,"allocationPolicy":"custom"`), "400 400004 " + messageNoWebhook},
		"custom without version": {device(key, `,"allocationPolicy":"custom","customAllocationDefinition":{"webhookUrl":"https://x"}`), "400 400004 " + messageNoWebhook},
		"custom":                 {device(key, `,"allocationPolicy":"custom","customAllocationDefinition":{"webhookUrl":"https://x","apiVersion":"2021-10-01"}`), "200"},
		"hubs without policy":    {device(key, `,"iotHubs":["localhost"]`), "400 400004 " + messageNoPolicy},
		"hub that is not linked": {device(key, `,"allocationPolicy":"static","iotHubs":["other.azure-devices.net"]`), "400 400004 " + messageHub},
		"hub":                    {device(key, `,"allocationPolicy":"Static","iotHubs":["localhost"]`), "200"},
		"hub host name":          {device(key, `,"iotHubHostName":"localhost"`), "200"},
		"status unknown":         {device(key, `,"provisioningStatus":"asleep"`), "400 400012 Deserialization error."},
		"tags that are a list":   {device(key, `,"initialTwin":{"tags":[1]}`), "400 400004 " + messageTwin},
		"desired is text":        {device(key, `,"initialTwin":{"properties":{"desired":"x"}}`), "400 400004 " + messageTwin},
		"information is a list":  {device(key, `,"optionalDeviceInformation":[]`), "400 400004 " + messageTwin},
		"twin of nulls":          {device(key, `,"initialTwin":{"tags":null,"properties":{"desired":null}}`), "200"},
		"members of the future":  {device(key, `,"tomorrow":true,"credentialPolicyName":"p"`), "200"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperator(t, begin(t, Config{}))
			path := "/enrollments/dev-01"
			if strings.Contains(test.body, "enrollmentGroupId") {
				path = "/enrollmentGroups/line-1"
			}
			o.call("PUT", path, test.body).wantBrief(t, test.want)
		})
	}
	o := newOperator(t, begin(t, Config{}))
	o.call("PUT", "/enrollments/dev.", keyed("dev.", "")).wantBrief(t, "400 400004 Invalid RegistrationId")
	o.call("PUT", "/enrollmentGroups/a%20b", strings.Replace(newGroup, "line-1", "a b", 1)).wantBrief(t, "400 400004 "+messageGroupID)
}

// TestAPIAuthorization has every credential.
func TestAPIAuthorization(t *testing.T) {
	t.Parallel()
	file, err := ParseFile("t.toml", []byte(`
[[policies]]
name = "reader"
rights = ["EnrollmentRead", "RegistrationStatusRead"]
[[policies]]
name = "writer"
rights = ["enrollmentwrite"]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	e := begin(t, Config{File: file})
	o := newOperator(t, e)
	key := func(name string) dps.Key {
		at := slices.IndexFunc(e.service.policies, func(p accessPolicy) bool { return p.name == name })
		return e.service.policies[at].key
	}
	host := o.owner.Resource()
	const (
		refused = "401 401002 Unauthorized"
		missing = "403 403000 Forbidden"
		record  = "/enrollments/" + keyDevice
	)
	sas := func(key dps.Key, policy, resource string, until time.Time) func(*http.Request) {
		return header("Authorization", dps.SignPolicy(key, policy, resource, until).Reveal())
	}
	tests := map[string]struct {
		method, path, want string
		edit               func(*http.Request)
	}{
		"owner":                      {"GET", record, "200", asPolicy(ownerPolicy, key(ownerPolicy), host)},
		"owner in another case":      {"GET", record, "200", asPolicy("ProvisioningServiceOwner", key(ownerPolicy), host)},
		"for localhost":              {"GET", record, "200", asPolicy(ownerPolicy, key(ownerPolicy), "localhost")},
		"reader reads":               {"GET", record, "200", asPolicy("reader", key("reader"), host)},
		"reader deletes":             {"DELETE", record, missing, asPolicy("reader", key("reader"), host)},
		"reader reads keys":          {"POST", record + "/attestationmechanism", missing, asPolicy("reader", key("reader"), host)},
		"reader deletes a state":     {"DELETE", "/registrations/x", missing, asPolicy("reader", key("reader"), host)},
		"writer reads":               {"GET", record, missing, asPolicy("writer", key("writer"), host)},
		"writer reads a state":       {"GET", "/registrations/x", missing, asPolicy("writer", key("writer"), host)},
		"writer reads keys":          {"POST", record + "/attestationmechanism", "200", asPolicy("writer", key("writer"), host)},
		"no credential":              {"GET", record, refused, header("Authorization", "")},
		"unknown policy":             {"GET", record, refused, asPolicy("nobody", key("reader"), host)},
		"key of another policy":      {"GET", record, refused, asPolicy(ownerPolicy, key("reader"), host)},
		"no policy":                  {"GET", record, refused, header("Authorization", dps.SignHub(key(ownerPolicy), host, "d", noon.Add(time.Hour)).Reveal())},
		"expired":                    {"GET", record, refused, sas(key(ownerPolicy), ownerPolicy, host, noon)},
		"for another instance":       {"GET", record, refused, asPolicy(ownerPolicy, key(ownerPolicy), "other.azure-devices-provisioning.net")},
		"token of a device":          {"GET", record, refused, header("Authorization", tokenOf(t, e.Device(), noon).Reveal())},
		"nonsense":                   {"GET", record, refused, header("Authorization", "nonsense")},
		"own bearer token":           {"GET", record, "200", header("Authorization", "Bearer "+e.service.bearer.Reveal())},
		"bearer token of Entra ID":   {"GET", record, refused, header("Authorization", "Bearer eyJ0eXAiOiJKV1QifQ.e30.c2ln")},
		"empty bearer token":         {"GET", record, refused, header("Authorization", "Bearer ")},
		"wrong method comes first":   {"PATCH", record, "405 405000 Method Not Allowed", header("Authorization", "")},
		"no credential, bad version": {"GET", record, refused, header("Authorization", "")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { // in order, since a deletion must not come before a reading
			o.call(test.method, test.path, "", test.edit).wantBrief(t, test.want)
		})
	}
	o.do("GET", record, "").wantBrief(t, "400 400004 Unsupported API version .")
	o.do("GET", record+"?api-version=latest", "").wantBrief(t, "400 400004 Unsupported API version latest.")
	o.do("GET", record+"?api-version=2026-07-01-preview", "").wantBrief(t, "200")
}

// TestAPIRecordRegistersAtOnce: what is created, updated and deleted over the service API is
// what devices meet.
func TestAPIRecordRegistersAtOnce(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	o := newOperator(t, e)
	device := e.Device()
	device.RegistrationID, device.Attestation, device.Key = "dev-01", SymmetricKey, dps.NewSecret(anyKey)
	d := newClient(t, device)
	d.enter().want(t, "401 401002 Unauthorized")

	created := o.call("PUT", "/enrollments/dev-01", keyed("dev-01", `,"deviceId":"press-1"`))
	created.wantBrief(t, "200")
	etag := read[srv.IndividualEnrollment](t, created).ETag
	d.enter().want(t, "200 assigned")
	state := read[srv.DeviceRegistrationState](t, o.call("GET", "/registrations/dev-01", ""))
	if state.Status != dps.StatusAssigned || state.DeviceID != "press-1" || state.AssignedHub != e.hub() || state.ETag == "" {
		t.Errorf("state %+v", state)
	}
	shown := read[srv.IndividualEnrollment](t, o.call("GET", "/enrollments/dev-01", ""))
	if shown.RegistrationState == nil || shown.RegistrationState.Status != dps.StatusAssigned || shown.Attestation.SymmetricKey != nil || shown.ETag != etag {
		t.Errorf("enrollment %+v", shown)
	}

	disabled := keyed("dev-01", `,"provisioningStatus":"disabled"`)
	o.call("PUT", "/enrollments/dev-01", disabled, header("If-Match", `"`+etag+`"`)).wantBrief(t, "200")
	o.call("PUT", "/enrollments/dev-01", disabled, header("If-Match", etag)).wantBrief(t, "412 412000 Precondition Failed")
	d.enter().want(t, "200 disabled")

	o.call("DELETE", "/enrollments/dev-01", "").wantBrief(t, "204")
	d.enter().want(t, "401 401002 Unauthorized")
	o.call("GET", "/registrations/dev-01", "").wantBrief(t, "200")
	o.call("DELETE", "/registrations/dev-01", "", header("If-Match", "old")).wantBrief(t, "412 412000 Precondition Failed")
	o.call("DELETE", "/registrations/dev-01", "").wantBrief(t, "204")
	o.call("GET", "/registrations/dev-01", "").wantBrief(t, "404 404202 Registration not found.")
}

// TestAPIGroupRegistersAtOnce does the same with groups: of a key, and of an intermediate CA.
func TestAPIGroupRegistersAtOnce(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	o := newOperator(t, e)
	o.call("DELETE", "/enrollmentGroups/"+keyGroup, "").wantBrief(t, "204")
	o.call("PUT", "/enrollmentGroups/line-1", newGroup).wantBrief(t, "200")
	device := e.Device()
	device.RegistrationID, device.Attestation, device.Key, device.GroupKey = "press-1", GroupKey, dps.Secret{}, dps.NewSecret(anyKey)
	newClient(t, device).enter().want(t, "200 assigned")
	device.RegistrationID = "press-2"
	newClient(t, device).register().want(t, "202 assigning")
	got := o.call("POST", "/registrations/LINE-1/query", `{"query":"SELECT * FROM registrations"}`)
	var states []string
	for _, state := range read[[]srv.DeviceRegistrationState](t, got) {
		states = append(states, state.RegistrationID+" "+string(state.Status))
	}
	if diff := cmp.Diff([]string{"press-1 assigned", "press-2 assigning"}, states); diff != "" || got.header.Get("x-ms-item-type") != "DeviceRegistration" {
		t.Errorf("states of the group (-want +got):\n%s", diff)
	}

	chained := begin(t, Config{Scenario: "ca-not-verified"})
	o = newOperator(t, chained)
	d := newClient(t, chained.Device())
	d.enter().want(t, "401 401002 CA certificate not found.")
	intermediate := certificates(t, chained.Device().ChainPEM)[0]
	body := fmt.Sprintf(`{"enrollmentGroupId":"line-2","attestation":{"type":"x509","x509":{"signingCertificates":{"primary":{"certificate":%q}}}}}`,
		base64.StdEncoding.EncodeToString(certsPEM(intermediate)))
	o.call("PUT", "/enrollmentGroups/line-2", body).wantBrief(t, "200")
	d.enter().want(t, "200 assigned")
	shown := read[srv.EnrollmentGroup](t, o.call("GET", "/enrollmentGroups/line-2", ""))
	info := shown.Attestation.X509.SigningCertificates.Primary.Info
	if info.SubjectName != intermediate.Subject.String() || len(info.SHA256Thumbprint) != 64 || shown.Attestation.X509.SigningCertificates.Primary.Certificate != "" {
		t.Errorf("certificate %+v", info)
	}
	byName := read[srv.EnrollmentGroup](t, o.call("GET", "/enrollmentGroups/"+x509Group, ""))
	if refs := byName.Attestation.X509.CAReferences; refs == nil || refs.Primary != x509Group+"-ca" {
		t.Errorf("references %+v", byName.Attestation.X509)
	}
}

// TestAPIWritesBackWhatItRead: a client that reads a record, changes a member and writes it
// back keeps the certificate, of which it has read only the info, and the keys of a TPM.
func TestAPIWritesBackWhatItRead(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Scenario: "cert-enrollment-mismatch"})
	o := newOperator(t, e)
	path := "/enrollments/" + x509Device
	enrolled := e.service.enrolled.individual(x509Device).certs[0]
	got := o.call("GET", path, "")
	changed := strings.Replace(got.text, `"provisioningStatus":"enabled"`, `"provisioningStatus":"disabled"`, 1)
	o.call("PUT", path, changed, header("If-Match", read[srv.IndividualEnrollment](t, got).ETag)).wantBrief(t, "200")
	if after := e.service.enrolled.individual(x509Device); !after.disabled || len(after.certs) != 1 || !after.certs[0].Equal(enrolled) {
		t.Errorf("after the update %+v", after)
	}
	d := newClient(t, e.Device())
	body := fmt.Sprintf(`{"registrationId":%q,"attestation":{"type":"x509","x509":{"clientCertificates":{"primary":{"certificate":%q}}}}}`,
		x509Device, base64.StdEncoding.EncodeToString(certsPEM(certificates(t, e.Device().CertPEM)[0])))
	o.call("PUT", path, body, header("If-Match", "*")).wantBrief(t, "200")
	d.enter().want(t, "200 assigned")

	ek := base64.StdEncoding.EncodeToString(endorsementKey(t))
	tpm := fmt.Sprintf(`{"registrationId":"tpm-1","attestation":{"type":"tpm","tpm":{"endorsementKey":%q,"storageRootKey":"AAAA"}}}`, ek)
	o.call("PUT", "/enrollments/tpm-1", tpm).wantBrief(t, "200")
	before := e.service.enrolled.individual("tpm-1")
	mechanism := read[srv.AttestationMechanism](t, o.call("POST", "/enrollments/tpm-1/attestationmechanism", ""))
	if mechanism.TPM == nil || mechanism.TPM.EndorsementKey != ek || mechanism.TPM.StorageRootKey != "AAAA" {
		t.Errorf("the mechanism is %+v", mechanism)
	}
	o.call("PUT", "/enrollments/tpm-1", tpm, header("If-Match", "*")).wantBrief(t, "200")
	if after := e.service.enrolled.individual("tpm-1"); after == before || after.tpm != before.tpm {
		t.Error("the TPM lost the keys that it was given")
	}
}

// certificates parses PEM.
func certificates(t *testing.T, text []byte) []*x509.Certificate {
	t.Helper()
	certs, err := parseCerts(text)
	if err != nil {
		t.Fatal(err)
	}
	return certs
}

// TestAPIKeys: a read has no keys; the attestation mechanism and a write have those that the
// service made.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	o := newOperator(t, begin(t, Config{}))
	made := read[srv.IndividualEnrollment](t, o.call("PUT", "/enrollments/dev-01", newDevice)).Attestation
	if made.SymmetricKey == nil || made.SymmetricKey.PrimaryKey == made.SymmetricKey.SecondaryKey || parseKey(t, made.SymmetricKey.SecondaryKey).Size() != dps.GeneratedKeySize {
		t.Errorf("the keys that were made: %v", made)
	}
	if got := o.call("GET", "/enrollments/dev-01", ""); strings.Contains(got.text, "primaryKey") {
		t.Errorf("a read has keys: %s", got.text)
	}
	if got := o.call("POST", "/enrollments/query", `{"query":"SELECT *"}`); strings.Contains(got.text, "primaryKey") {
		t.Errorf("a query has keys: %s", got.text)
	}
	read := read[srv.AttestationMechanism](t, o.call("POST", "/enrollments/dev-01/attestationmechanism", ""))
	if read.SymmetricKey == nil || *read.SymmetricKey != *made.SymmetricKey {
		t.Error("the attestation mechanism has other keys than were made")
	}
}

// TestAPIPages: pages cover every record once, in order, even if some are added and
// removed in between.
func TestAPIPages(t *testing.T) {
	t.Parallel()
	o := newOperator(t, begin(t, Config{}))
	for i := range 7 {
		id := fmt.Sprintf("dev-%d", i)
		o.call("PUT", "/enrollments/"+id, keyed(id, "")).wantBrief(t, "200")
	}
	var seen []string
	token := ""
	for page := range 10 {
		edits := []func(*http.Request){header("x-ms-max-item-count", "3")}
		if token != "" {
			edits = append(edits, header("x-ms-continuation", token))
		}
		got := o.call("POST", "/enrollments/query", `{"query":"SELECT * FROM enrollments"}`, edits...)
		got.wantBrief(t, "200")
		if got.header.Get("x-ms-max-item-count") != "3" || got.header.Get("x-ms-item-type") != "Enrollment" {
			t.Errorf("headers %v", got.header)
		}
		for _, e := range read[[]srv.IndividualEnrollment](t, got) {
			seen = append(seen, e.RegistrationID)
		}
		if token = got.header.Get("x-ms-continuation"); token == "" {
			break
		}
		if page == 0 {
			o.call("DELETE", "/enrollments/dev-2", "").wantBrief(t, "204")
			o.call("PUT", "/enrollments/dev-4b", keyed("dev-4b", "")).wantBrief(t, "200")
		}
	}
	if diff := cmp.Diff([]string{"dev-0", "dev-1", "dev-2", "dev-3", "dev-4", "dev-4b", "dev-5", "dev-6", keyDevice}, seen); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

// TestAPIBulk has each mode with records that it takes and refuses.
func TestAPIBulk(t *testing.T) {
	t.Parallel()
	o := newOperator(t, begin(t, Config{}))
	bulk := func(mode string, records ...string) srv.BulkEnrollmentOperationResult {
		t.Helper()
		return read[srv.BulkEnrollmentOperationResult](t, o.call("POST", "/enrollments", fmt.Sprintf(`{"mode":%q,"enrollments":[%s]}`, mode, strings.Join(records, ","))))
	}
	refused := func(id string, code int, message string) srv.BulkEnrollmentOperationError {
		return srv.BulkEnrollmentOperationError{RegistrationID: id, ErrorCode: code, ErrorStatus: message}
	}
	result := func(errors ...srv.BulkEnrollmentOperationError) srv.BulkEnrollmentOperationResult {
		return srv.BulkEnrollmentOperationResult{IsSuccessful: len(errors) == 0, Errors: append([]srv.BulkEnrollmentOperationError{}, errors...)}
	}
	a, b, bad := keyed("a", ""), keyed("b", ""), `{"registrationId":"c","attestation":{"type":"none"}}`
	for _, step := range []struct {
		mode    string
		records []string
		want    srv.BulkEnrollmentOperationResult
	}{
		{"create", []string{a, b}, result()},
		{"create", []string{a, bad}, result(refused("a", 409201, messageExists), refused("c", 400004, messageAttestation))},
		{"update", []string{a, keyed("nobody", "")}, result(refused("nobody", 404201, messageNoEnrollment))},
		{"updateIfMatchETag", []string{a}, result(refused("a", 412000, "Precondition Failed"))},
		{"delete", []string{a, a}, result(refused("a", 404201, messageNoEnrollment))},
	} {
		if diff := cmp.Diff(step.want, bulk(step.mode, step.records...)); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", step.mode, step.records, diff)
		}
	}
	etag := read[srv.IndividualEnrollment](t, o.call("GET", "/enrollments/b", "")).ETag
	if diff := cmp.Diff(result(), bulk("updateIfMatchETag", keyed("b", fmt.Sprintf(`,"etag":%q`, etag)))); diff != "" {
		t.Errorf("with its ETag (-want +got):\n%s", diff)
	}
	groups := read[srv.BulkEnrollmentGroupOperationResult](t, o.call("POST", "/enrollmentGroups", `{"mode":"delete","enrollmentGroups":[`+newGroup+`]}`))
	if groups.IsSuccessful || len(groups.Errors) != 1 || groups.Errors[0].EnrollmentGroupID != "line-1" {
		t.Errorf("groups: %+v", groups)
	}
}

// TestAPIFaults: a configured fault throttles the service API, and not the devices.
func TestAPIFaults(t *testing.T) {
	t.Parallel()
	wait := 3 * time.Second
	e := beginWith(t, fault{on: []operation{opService}, times: 1, answer: answer{status: 429, code: 429001, message: "Operations are being throttled for this tenant.", retryAfter: &wait}})
	newClient(t, e.Device()).enter().want(t, "200 assigned")
	o := newOperator(t, e)
	throttled := o.call("GET", "/enrollments/"+keyDevice, "")
	throttled.wantBrief(t, "429 429001 Operations are being throttled for this tenant.")
	if got := throttled.header.Get("Retry-After"); got != "3" {
		t.Errorf("Retry-After: %q", got)
	}
	o.call("GET", "/enrollments/"+keyDevice, "").wantBrief(t, "200")

	cutting := newOperator(t, beginWith(t, fault{on: []operation{opService}, answer: answer{delivery: delivery{manner: cut}}}))
	if got := cutting.call("GET", "/enrollments/"+keyDevice, ""); got.err == nil {
		t.Errorf("an answer came: %s", got)
	}
}

// TestAPIDoesNotTouchTheDeviceAPI: an id scope is not a collection, whatever follows it.
func TestAPIDoesNotTouchTheDeviceAPI(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/0ne00000000/registrations/x", "/", "/enrollmentss/x", "/" + url.PathEscape("enrollments/x")} {
		if to, ok := parseAPIRoute("GET", pathSegments(path)); ok {
			t.Errorf("%s is %+v", path, to)
		}
	}
}

// endorsementKey returns that of a TPM.
func endorsementKey(t *testing.T) []byte {
	t.Helper()
	tpm, _ := paperTPMs(t)
	return tpm.ekPublic
}

// TestAPIAndDevicesTogether: operators and devices use the store at the same time, and a
// record has at any time one ETag that counts.
func TestAPIAndDevicesTogether(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	var all sync.WaitGroup
	won := make(chan string, 100)
	first := read[srv.IndividualEnrollment](t, newOperator(t, e).call("PUT", "/enrollments/shared", keyed("shared", "")))
	for n := range 4 {
		id := fmt.Sprintf("dev-%d", n)
		o := newOperator(t, e)
		device := e.Device()
		device.RegistrationID, device.Attestation, device.Key = id, SymmetricKey, dps.NewSecret(anyKey)
		d := newClient(t, device)
		all.Go(func() {
			o.call("PUT", "/enrollments/"+id, keyed(id, "")).wantBrief(t, "200")
			d.enter().want(t, "200 assigned")
			o.call("POST", "/enrollments/query", `{"query":"SELECT *"}`).wantBrief(t, "200")
			o.call("DELETE", "/enrollments/"+id, "").wantBrief(t, "204")
			won <- o.call("PUT", "/enrollments/shared", keyed("shared", ""), header("If-Match", first.ETag)).brief()
		})
	}
	all.Wait()
	close(won)
	var updated int
	for got := range won {
		if got == "200" {
			updated++
		} else if got != "412 412000 Precondition Failed" {
			t.Errorf("an update is answered with %s", got)
		}
	}
	if updated != 1 {
		t.Errorf("%d updates with one ETag", updated)
	}
}

// TestAPIShowsNoSecretInTheLog: neither what was sent nor what is stored gets into the log.
func TestAPIShowsNoSecretInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e, err := Start(t.Context(), Config{Now: atNoon, Random: seed(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	o := newOperator(t, e)
	wrong := dps.NewKey([]byte("another key of the policy"))
	o.call("PUT", "/enrollments/dev-01", keyed("dev-01", "")).wantBrief(t, "200")
	o.call("PUT", "/enrollments/dev-01", keyed("dev-01", "")+"x", header("If-Match", "*")).wantBrief(t, "400 400012 Deserialization error.")
	o.call("PUT", "/enrollments/dev-01", strings.Replace(newDevice, `"}`, `","symmetricKey":{"primaryKey":"not a key"}}`, 1), header("If-Match", "*")).wantBrief(t, "400 400004 "+messageKey)
	o.call("GET", "/enrollments/dev-01", "", asPolicy(ownerPolicy, wrong, o.owner.Resource())).wantBrief(t, "401 401002 Unauthorized")
	o.call("GET", "/enrollments/dev-01", "", header("Authorization", "Bearer a.b.c-secret")).wantBrief(t, "401 401002 Unauthorized")
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	text := log.String()
	if strings.Count(text, "operation=service") != 5 {
		t.Errorf("the log has not each call:\n%s", text)
	}
	for _, secret := range []string{anyKey, "not a key", "a.b.c-secret", "sig=", o.owner.Key.Text().Reveal(), e.service.bearer.Reveal()} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has %q:\n%s", secret, text)
		}
	}
}

// TestReprovisionPolicy: where a device comes to whose hubs were changed, and what is said of
// its data.
func TestReprovisionPolicy(t *testing.T) {
	t.Parallel()
	file, err := ParseFile("t.toml", []byte("[[hubs]]\nname = \"north.example\"\n[[hubs]]\nname = \"south.example\"\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	e := begin(t, Config{File: file})
	o := newOperator(t, e)
	device := e.Device()
	device.RegistrationID, device.Attestation, device.Key = "dev-01", SymmetricKey, dps.NewSecret(anyKey)
	d := newClient(t, device)
	for i, step := range []struct{ hub, policy, want string }{
		{"north", "", "north.example initialAssignment"},
		{"north", "", "north.example initialAssignment"},
		{"south", "", "south.example deviceDataMigrated"},
		{"north", `{"migrateDeviceData":false}`, "north.example deviceDataReset"},
		{"south", `{"updateHubAssignment":false}`, "north.example initialAssignment"},
		{"south", `{}`, "south.example deviceDataMigrated"},
	} {
		more := fmt.Sprintf(`,"allocationPolicy":"static","iotHubs":["%s.example"]`, step.hub)
		if step.policy != "" {
			more += `,"reprovisionPolicy":` + step.policy
		}
		edit := header("If-Match", "*")
		if i == 0 {
			edit = header("If-Match", "")
		}
		o.call("PUT", "/enrollments/dev-01", keyed("dev-01", more), edit).wantBrief(t, "200")
		state := d.enter().body.Operation.Registration
		if got := state.AssignedHub + " " + state.Substatus; got != step.want {
			t.Errorf("step %d: %s, want %s", i+1, got, step.want)
		}
	}
	o.call("DELETE", "/registrations/dev-01", "").wantBrief(t, "204")
	o.call("PUT", "/enrollments/dev-01", keyed("dev-01", `,"allocationPolicy":"static","iotHubs":["north.example"]`), header("If-Match", "*")).wantBrief(t, "200")
	if state := d.enter().body.Operation.Registration; state.Substatus != substatusInitial {
		t.Errorf("after the registration was deleted: %s", state.Substatus)
	}
}
