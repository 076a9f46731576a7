package emulator

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"

	"github.com/google/go-cmp/cmp"
)

const samplePath = "../../docs/emulator.toml"

// sample returns the commented configuration for users.
func sample(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSampleExplainsEveryKey(t *testing.T) {
	t.Parallel()
	text := string(sample(t))
	var visit func(reflect.Type)
	visit = func(kind reflect.Type) {
		for field := range kind.Fields() {
			if field.Anonymous {
				visit(field.Type)
				continue
			}
			key, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
			if kind := field.Type; kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct {
				if !strings.Contains(text, "\n[["+key+"]]\n") {
					t.Errorf("the sample has no [[%s]]", key)
				}
				visit(kind.Elem())
				continue
			}
			if kind := field.Type; kind.Kind() == reflect.Pointer && kind.Elem().Kind() == reflect.Struct {
				if !strings.Contains(text, "\n["+key+"]\n") {
					t.Errorf("the sample has no [%s]", key)
				}
				visit(kind.Elem())
				continue
			}
			if !regexp.MustCompile(`(?m)^(# )?` + key + ` = `).MatchString(text) {
				t.Errorf("the sample does not show the key %s", key)
			}
		}
	}
	visit(reflect.TypeFor[document]())
}

// The alternatives that the sample shows as comments work as well.
func TestSampleAlternatives(t *testing.T) {
	t.Parallel()
	text := string(sample(t))
	pem := regexp.MustCompile(`(?s)\n(certificate|ca|endorsement_key) = """\n(.*?)"""`)
	blocks := map[string]string{}
	for _, match := range pem.FindAllStringSubmatch(text, -1) {
		blocks[match[1]] = match[2]
	}
	text = pem.ReplaceAllString(text, "")
	text = regexp.MustCompile(`(?m)^secondary_key = .*`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`(?m)^# (certificate_file|ca_file|endorsement_key_file|secondary_key_file) = `).ReplaceAllString(text, "$1 = ")
	dir := t.TempDir()
	for name, content := range map[string]string{"emulator.toml": text, "press-08.pem": blocks["certificate"], "line-4.pem": blocks["ca"], "press-09-ek.txt": blocks["endorsement_key"], "press-07-2.key": "c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgc2Vjb25kYXJ5\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := ReadFile(filepath.Join(dir, "emulator.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{1, 4} {
		if entry := file.enrollments[at]; len(entry.certs) != 1 {
			t.Errorf("%s has %d certificates", entry.name, len(entry.certs))
		}
	}
	if entry := file.enrollments[2]; entry.tpm == nil {
		t.Errorf("%s has no endorsement key", entry.name)
	}
}

// The sample works: its devices get what its comments promise.
func TestSampleServes(t *testing.T) {
	t.Parallel()
	written, err := ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]*File{"as written": written, "as printed": printedFile(t, Config{File: written, StateDir: t.TempDir()})} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkSampleServes(t, file)
		})
	}
}

func checkSampleServes(t *testing.T, file *File) {
	t.Helper()
	e := begin(t, Config{File: file})
	byKey := func(id, key string) Device {
		return Device{
			Endpoint: e.Device().Endpoint, Scope: "0ne00A1B2C3", Roots: e.Device().Roots,
			RegistrationID: id, Attestation: SymmetricKey, Key: dps.NewSecret(key),
		}
	}
	inGroup := func(id string) Device {
		return byKey(id, file.enrollments[3].keys[0].Derive(id).Text().Reveal())
	}
	primary, secondary := file.enrollments[0].keys[0].Text().Reveal(), file.enrollments[0].keys[1].Text().Reveal()

	got := newClient(t, byKey("press-07", primary)).enter()
	got.want(t, assigned)
	if r := got.body.Operation.Registration; r.DeviceID != "north-hall-press-07" || r.AssignedHub != "north.hub.example" {
		t.Errorf("press-07 is %s in %s", r.DeviceID, r.AssignedHub)
	}
	newClient(t, byKey("press-07", secondary)).enter().want(t, assigned)
	newClient(t, inGroup("press-07")).enter().want(t, noKey)
	newClient(t, byKey("press-08", primary)).enter().want(t, noKey)

	got = newClient(t, inGroup("press-10")).enter()
	got.want(t, assigned)
	if r := got.body.Operation.Registration; string(r.Payload) != `{"line":3,"shift":"early"}` || r.SymmetricKey.EnrollmentGroupID != "line-3" {
		t.Errorf("press-10 got payload %s of group %+v", r.Payload, r.SymmetricKey)
	}

	throttled := newClient(t, inGroup("press-11"))
	for range 2 {
		got := throttled.register()
		got.want(t, tooMany)
		wantHeader(t, got.header, map[string]string{"Retry-After": "5"})
	}
	throttled.enter().want(t, assigned)
	newClient(t, inGroup("press-12")).enter().want(t, "200 failed 400207 Custom allocation failed with status code: 418")
	newClient(t, inGroup("press-13")).enter().want(t, "403 html text/html")

	healthy := newClient(t, e.Device())
	healthy.do("PUT", strings.Replace(healthy.path(dps.RegisterPath), "2019-03-31", "2021-11-01", 1), "").want(t, "400 400004 Unsupported API version 2021-11-01.")
	first := healthy.register()
	for range 2 {
		healthy.poll(first.body.Operation.OperationID).want(t, "202 assigning")
	}
	if last := healthy.poll(first.body.Operation.OperationID); last.status != 200 {
		t.Errorf("third poll: %s", last)
	}
}

// A scenario does not change the configuration that it is used with.
func TestScenarioDoesNotChangeTheFile(t *testing.T) {
	t.Parallel()
	file, err := ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Scenarios() {
		begin(t, Config{File: file, Scenario: s.Name})
	}
	for _, entry := range file.enrollments {
		if entry.disabled || entry.unverified || entry.webhook > 200 {
			t.Errorf("%s was changed: %+v", entry.name, entry)
		}
	}
	if file.hubs[0].state != hubLinked || len(file.faults) != 6 {
		t.Errorf("hubs %+v, %d faults", file.hubs, len(file.faults))
	}
}

const goodKey = `primary_key = "c2FtcGxlIGtleSBvZiBzb21lIGxlbmd0aA=="`

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	enrollment := func(lines ...string) string {
		return "[[enrollments]]\nregistration_id = \"a\"\n" + strings.Join(lines, "\n")
	}
	group := func(lines ...string) string { return "[[groups]]\nid = \"g\"\n" + strings.Join(lines, "\n") }
	fault := func(lines ...string) string { return "\n[[faults]]\n" + strings.Join(lines, "\n") }
	tests := map[string]struct{ text, want string }{
		"no TOML":               {"polls =", "t.toml:1:7: "},
		"unknown key":           {"id_scope = \"0ne00A1B2C3\"\npolsl = 1", `t.toml:2:1: unknown key "polsl"`},
		"unknown key in table":  {enrollment(goodKey, "key = 1"), `t.toml:4:1: unknown key "enrollments.key"`},
		"unknown table":         {"[[enrolments]]\nregistration_id = \"a\"", `t.toml:1:3: unknown key "enrolments"`},
		"key twice":             {"polls = 1\npolls = 2", "t.toml:2:1: "},
		"text for a number":     {"\n\npolls = \"two\"", "t.toml:3:9: cannot decode TOML string into "},
		"number too large":      {"polls = 99999999999999999999", "t.toml:1:9: "},
		"scope empty":           {`id_scope = ""`, "t.toml:1:1: id_scope: the id scope is empty"},
		"scope illegal":         {`id_scope = "a b"`, "t.toml:1:1: id_scope: the id scope has ' ' at position 2"},
		"polls negative":        {"polls = -1", "t.toml:1:1: polls: -1 is not between 0 and 1000"},
		"wait too long":         {"retry_after = 86401", "t.toml:1:1: retry_after: 86401 is not between 0 and 86400"},
		"version":               {`api_versions = ["2019-03-31", "latest"]`, `t.toml:1:1: api_versions: "latest" is not an api-version`},
		"no version":            {`api_versions = []`, "t.toml:1:1: api_versions: empty"},
		"hub without a name":    {"[[hubs]]\n", "t.toml:1:3: hubs[0].name: \"\" is not a host name"},
		"hub is a URL":          {"[[hubs]]\nname = \"https://a/\"", "t.toml:2:1: hubs[0].name: "},
		"hub twice":             {"[[hubs]]\nname = \"a\"\n[[hubs]]\nname = \"A\"", `t.toml:4:1: hubs[1].name: the hub "A" is here twice`},
		"hub state":             {"[[hubs]]\nname = \"a\"\nstate = \"tired\"", `t.toml:3:1: hubs[0].state: "tired" is none of ["linked" "unauthorized" "full"]`},
		"no registration id":    {"[[enrollments]]\n" + goodKey, "t.toml:1:3: enrollments[0].registration_id: the registration id is empty"},
		"registration id":       {strings.Replace(enrollment(goodKey), `"a"`, `"a."`, 1), `t.toml:2:1: enrollments[0].registration_id: the registration id ends in "."`},
		"registration id twice": {enrollment(goodKey) + "\n" + strings.Replace(enrollment(goodKey), `"a"`, `"A"`, 1), `t.toml:5:1: enrollments[1].registration_id: "A" is enrolled already`},
		"ready identity":        {strings.Replace(enrollment(goodKey), `"a"`, `"sandbox-key-01"`, 1), `t.toml:2:1: enrollments[0].registration_id: "sandbox-key-01" is enrolled already`},
		"nothing to attest":     {enrollment(), "t.toml:1:3: enrollments[0]: has neither a key nor a certificate"},
		"key not base64":        {enrollment(`primary_key = "abc"`), "t.toml:3:1: enrollments[0].primary_key: the key is not base64: its length of 3 characters"},
		"key too short":         {enrollment(goodKey, `secondary_key = "YWJj"`), "t.toml:4:1: enrollments[0].secondary_key: the key has 3 bytes"},
		"certificate":           {enrollment(`certificate = "abc"`), "t.toml:3:1: enrollments[0].certificate: not a PEM certificate"},
		"certificate twice":     {enrollment(`certificate = "abc"`, `certificate_file = "a.pem"`), "t.toml:3:1: enrollments[0].certificate: given both here and as a file"},
		"certificate file":      {enrollment(`certificate_file = "a.pem"`), "t.toml:3:1: enrollments[0].certificate_file: no such file"},
		"empty file":            {enrollment(`certificate_file = "empty.pem"`), "t.toml:3:1: enrollments[0].certificate_file: no certificate found"},
		"key as certificate":    {enrollment(`certificate_file = "key.pem"`), `t.toml:3:1: enrollments[0].certificate_file: found a PEM block "PRIVATE KEY" where a certificate is expected`},
		"endorsement key":       {enrollment(`endorsement_key = "%"`), "t.toml:3:1: enrollments[0].endorsement_key: neither base64 nor the 316 bytes of a TPM2B_PUBLIC"},
		"endorsement key cut":   {enrollment(`endorsement_key = "AToAAQALAAMAsgAg"`), "t.toml:3:1: enrollments[0].endorsement_key: the key has 12 bytes, but its size field says 316: it was truncated"},
		"endorsement key file":  {enrollment(`endorsement_key_file = "nosuch"`), "t.toml:3:1: enrollments[0].endorsement_key_file: no such file"},
		"endorsement key twice": {enrollment(`endorsement_key = "a"`, `endorsement_key_file = "b"`), "t.toml:3:1: enrollments[0].endorsement_key: given both here and as a file"},
		"key and TPM":           {enrollment(goodKey, `endorsement_key_file = "ek.bin"`), "t.toml:1:3: enrollments[0]: has both a key and an endorsement key"},
		"key and certificate":   {enrollment(goodKey, `certificate_file = "ca.pem"`), "t.toml:1:3: enrollments[0]: has both a key and a certificate"},
		"three certificates":    {enrollment(`certificate_file = "three.pem"`), "t.toml:3:1: enrollments[0].certificate_file: 3 certificates"},
		"hub that is not":       {enrollment(goodKey, `hubs = ["nosuch"]`), `t.toml:4:1: enrollments[0].hubs: the hub "nosuch" is not among the hubs`},
		"webhook status":        {enrollment(goodKey, "webhook_status = 99"), "t.toml:4:1: enrollments[0].webhook_status: 99 is not between 100 and 599"},
		"webhook payload":       {enrollment(goodKey, "webhook_payload = '[1]'"), "t.toml:4:1: enrollments[0].webhook_payload: not a JSON object"},
		"webhook payload null":  {enrollment(goodKey, "webhook_payload = 'null'"), "t.toml:4:1: enrollments[0].webhook_payload: not a JSON object"},
		"group of no CA":        {"[[enrollments]]\nregistration_id = \"a\"\n" + goodKey + "\n[[groups]]\nid = \"b\"\nca = \"\"\n", "t.toml:4:3: groups[0]: has neither a key nor a certificate"},
		"inline table":          {"\nenrollments = [{registration_id = \"a\", primary_key = \"!\"}]", "t.toml:2:1: enrollments[0].primary_key: "},
		"no group id":           {"[[groups]]\n" + goodKey, "t.toml:1:3: groups[0].id: the registration id is empty"},
		"ready group":           {strings.Replace(group(goodKey), `"g"`, `"sandbox-keys"`, 1), `t.toml:2:1: groups[0].id: "sandbox-keys" is enrolled already`},
		"group of a leaf":       {group(`ca_file = "leaf.pem"`), `t.toml:3:1: groups[0].ca_file: the certificate of "CN=press-08" is not that of a CA`},
		"fault without moment":  {fault("status = 400"), `t.toml:2:3: faults[0].on: names no moment`},
		"fault of other moment": {fault(`on = ["lunch"]`, "status = 400"), `t.toml:3:1: faults[0].on: "lunch" is none of ["connect" "subscribe" "register" "status" "lookup" "assign" "hub" "service"]`},
		"assign with others":    {fault(`on = ["assign", "register"]`, `result = "disabled"`), `t.toml:3:1: faults[0].on: "assign" stands alone`},
		"fault without status":  {fault(`on = ["register"]`), "t.toml:2:3: faults[0].status: missing"},
		"fault of success":      {fault(`on = ["register"]`, "status = 200"), "t.toml:4:1: faults[0].status: 200 is not between 400 and 599"},
		"fault with body":       {fault(`on = ["register"]`, "status = 302", `content_type = "text/html"`), "t.toml:4:1: faults[0].status: 302 is not between 400 and 599"},
		"fault code":            {fault(`on = ["register"]`, "status = 400", "error_code = 400"), "t.toml:5:1: faults[0].error_code: 400 is not between 100000 and 999999"},
		"fault device":          {fault(`on = ["register"]`, "status = 400", `registration_ids = ["a b"]`), "t.toml:5:1: faults[0].registration_ids: the registration id has ' '"},
		"fault times":           {fault(`on = ["register"]`, "status = 400", "times = -1"), "t.toml:5:1: faults[0].times: -1 is not between 0 and 1000000"},
		"times on connect":      {fault(`on = ["connect"]`, "status = 400", "times = 1"), `t.toml:5:1: faults[0].times: cannot be counted on "connect"`},
		"fault wait":            {fault(`on = ["register"]`, "status = 429", "retry_after = -1"), "t.toml:5:1: faults[0].retry_after: -1 is not between 0 and 86400"},
		"body without type":     {fault(`on = ["register"]`, "status = 400", `body = "a"`), "t.toml:2:3: faults[0].content_type: a body needs a content type"},
		"body and message":      {fault(`on = ["register"]`, "status = 400", `content_type = "text/html"`, `message = "a"`), "t.toml:2:3: faults[0]: has both a body and what the service would say"},
		"result of register":    {fault(`on = ["register"]`, "status = 400", `result = "failed"`), `t.toml:5:1: faults[0].result: belongs to "assign"`},
		"result":                {fault(`on = ["assign"]`, `result = "assigned"`), `t.toml:4:1: faults[0].result: "assigned" is none of ["failed" "disabled" "assigning"]`},
		"failed without code":   {fault(`on = ["assign"]`, `result = "failed"`), "t.toml:2:3: faults[0].error_code: a failed registration needs one"},
		"delivery":              {fault(`on = ["register"]`, `delivery = "lost"`), `t.toml:4:1: faults[0].delivery: "lost" is none of ["cut" "late" "duplicate" "other"]`},
		"late connect":          {fault(`on = ["connect"]`, `delivery = "late"`), `t.toml:4:1: faults[0].delivery: on "connect" it can only be "cut"`},
		"status at subscribe":   {fault(`on = ["subscribe"]`, "status = 400"), `t.toml:2:3: faults[0].delivery: on "subscribe" there is no answer`},
		"late subscribe":        {fault(`on = ["subscribe", "register"]`, `delivery = "late"`), `t.toml:4:1: faults[0].delivery: on "subscribe" there is no answer`},
		"cut with status":       {fault(`on = ["register"]`, "status = 400", `delivery = "cut"`), `t.toml:4:1: faults[0].status: cannot be sent if the delivery is "cut"`},
		"words without status":  {fault(`on = ["register"]`, `message = "a"`, `delivery = "late"`), "t.toml:2:3: faults[0].status: missing: what the fault says needs one"},
		"policy without right":  {"[[policies]]\nname = \"reader\"\n", `t.toml:1:3: policies[0].rights: names no right`},
		"right that is none":    {"[[policies]]\nname = \"reader\"\nrights = [\"Everything\"]\n", `t.toml:3:1: policies[0].rights: "Everything" is none of`},
		"policy of the owner":   {"[[policies]]\nname = \"ProvisioningServiceOwner\"\nrights = [\"EnrollmentRead\"]\n", `t.toml:2:1: policies[0].name: the policy "ProvisioningServiceOwner" is here already`},
		"policy with a slash":   {"[[policies]]\nname = \"../x\"\nrights = [\"EnrollmentRead\"]\n", `t.toml:2:1: policies[0].name: "../x" is not a name of a policy`},
		"delay of nothing":      {fault(`on = ["register"]`, "delay = 1", `delivery = "cut"`), `t.toml:4:1: faults[0].delay: belongs to the delivery "late"`},
		"delay too long":        {fault(`on = ["register"]`, "delay = 16", `delivery = "late"`), "t.toml:4:1: faults[0].delay: 16 is not between 1 and 15"},
		"assign with delivery":  {fault(`on = ["assign"]`, `result = "disabled"`, `delivery = "cut"`), `t.toml:2:3: faults[0]: on "assign" there is no status`},
		"assign with status":    {fault(`on = ["assign"]`, `result = "disabled"`, "status = 400"), `t.toml:2:3: faults[0]: on "assign" there is no status`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := ParseFile("t.toml", []byte(test.text), testFiles(t))
			if err == nil {
				t.Fatalf("accepted: %+v", file)
			}
			if !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error is %q, want it to begin with %q", err, test.want)
			}
		})
	}
}

// testFiles reads the files named in the configurations of the tests.
func testFiles(t *testing.T) func(string) ([]byte, error) {
	file, err := ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	leaf, ca := file.enrollments[1].certs[0], file.enrollments[4].certs[0]
	return func(name string) ([]byte, error) {
		switch name {
		case "leaf.pem":
			return certsPEM(leaf), nil
		case "ca.pem":
			return certsPEM(ca), nil
		case "three.pem":
			return certsPEM(leaf, leaf, leaf), nil
		case "key.pem":
			return []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), nil
		case "ek.bin":
			return file.enrollments[2].tpm.ek, nil
		case "empty.pem":
			return []byte("\n"), nil
		}
		return nil, errors.New("no such file")
	}
}

func TestReadFileErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := filepath.Join(dir, "large.toml")
	if err := os.WriteFile(large, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ path, want string }{
		"missing":   {filepath.Join(dir, "nosuch.toml"), "read configuration: "},
		"directory": {dir, "read configuration: "},
		"too large": {large, "read configuration: " + large + " is larger than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ReadFile(test.path); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %v, want it to begin with %q", err, test.want)
			}
		})
	}
}

// The kinds of delivery, as parsed.
func TestDeliveriesInAConfig(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]answer{
		`delivery = "cut"`:                    {delivery: delivery{manner: cut}},
		`delivery = "late"`:                   {delivery: delivery{manner: late, delay: time.Second}},
		"delivery = \"late\"\ndelay = 15":     {delivery: delivery{manner: late, delay: 15 * time.Second}},
		`delivery = "duplicate"`:              {delivery: delivery{manner: duplicate}},
		"delivery = \"other\"\nstatus = 503":  {status: 503, code: 503000, message: "Service Unavailable", delivery: delivery{manner: other}},
		"status = 503\nerror_code = 503001\n": {status: 503, code: 503001, message: "Service Unavailable"},
	} {
		file, err := ParseFile("t.toml", []byte("[[faults]]\non = [\"register\"]\n"+text), nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, file.faults[0].answer, cmp.AllowUnexported(answer{}, delivery{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// An empty configuration is a healthy service with the ready identities.
func TestEmptyConfig(t *testing.T) {
	t.Parallel()
	file, err := ParseFile("t.toml", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	newClient(t, begin(t, Config{File: file}).Device()).enter().want(t, assigned)
}

// Editors on Windows write a byte order mark, and PowerShell writes UTF-16.
func TestConfigFromWindows(t *testing.T) {
	t.Parallel()
	file, err := ParseFile("t.toml", []byte("\xef\xbb\xbfid_scope = \"0ne00ABCDEF\"\r\n"), nil)
	if err != nil || file.scope != "0ne00ABCDEF" {
		t.Errorf("UTF-8 with a mark: %+v, %v", file, err)
	}
	_, err = ParseFile("t.toml", []byte("\xff\xfei\x00"), nil)
	if err == nil || err.Error() != "t.toml is UTF-16 text; save it as UTF-8" {
		t.Errorf("UTF-16: %v", err)
	}
}

// A device does not get hubs that its enrollment may not use.
func TestNoEligibleHub(t *testing.T) {
	t.Parallel()
	file, err := ParseFile("t.toml", []byte("[[enrollments]]\nregistration_id = \"a\"\nhubs = []\n"+goodKey), nil)
	if err != nil {
		t.Fatal(err)
	}
	e := begin(t, Config{File: file})
	d := e.Device()
	d.RegistrationID, d.Key = "a", file.enrollments[0].keys[0].Text()
	newClient(t, d).enter().want(t, "200 failed 400208 No IoT hub is available for the allocation.")
}
