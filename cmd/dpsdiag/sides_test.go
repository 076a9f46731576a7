package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
	"dpsdiag/internal/schematest"
)

// sided is a fault, how it is made on either side, and the cause that both sides prove.
type sided struct {
	name     string
	scenario string // of the emulator
	// device changes the device; nil keeps that of the scenario, or takes another of its kind.
	device func(*emulator.Device)
	kind   emulator.Attestation
	// edit changes the output of az. A fault of an enrollment that only the file has is not in the
	// service API.
	edit     func(files map[string]map[string]any)
	onlyFile bool
	onlyAPI  bool // no file can show it
	cause    string
	// registers says that the device registers all the same: the cause is that of the inspection,
	// and a warning of the probe.
	registers bool
}

// derived changes the key of the device of a group.
func derived(from func(group dps.Key, id string) dps.Key) func(*emulator.Device) {
	return func(d *emulator.Device) {
		group, err := dps.ParseKey(d.GroupKey)
		if err != nil {
			panic(err) // the emulator made it
		}
		d.Attestation, d.Key, d.GroupKey = emulator.SymmetricKey, from(group, d.RegistrationID).Text(), dps.Secret{}
	}
}

func enrolledAs(id string, change func(map[string]any)) func(map[string]map[string]any) {
	return func(files map[string]map[string]any) { change(files["enrollment-"+id+".json"]) }
}

func properties(change func(map[string]any)) func(map[string]map[string]any) {
	return func(files map[string]map[string]any) { change(files["instance.json"]["properties"].(map[string]any)) }
}

func linking(hubs ...map[string]any) func(map[string]map[string]any) {
	list := []any{}
	for _, h := range hubs {
		list = append(list, h)
	}
	return properties(func(p map[string]any) { p["iotHubs"] = list })
}

// sidedFaults has a fault for every check that can fail.
func sidedFaults() []sided {
	const key, group = "sandbox-key-01", emulator.GroupKey
	hub := func(name string, more ...any) map[string]any {
		h := map[string]any{"name": name, "location": "here"}
		for i := 0; i+1 < len(more); i += 2 {
			h[more[i].(string)] = more[i+1]
		}
		return h
	}
	return []sided{
		{name: "key of another enrollment", scenario: "symmetric-key-mismatch", cause: "symmetric-key-mismatch"},
		{name: "group key itself", scenario: "group-key-not-derived", cause: "group-key-not-derived"},
		{name: "group key itself as token's key", kind: group, device: derived(func(g dps.Key, _ string) dps.Key { return g }), cause: "group-key-not-derived"},
		{name: "derived with a line break", scenario: "derived-key-incorrect", cause: "derived-key-incorrect"},
		{name: "derived for another case", kind: group, device: derived(func(g dps.Key, id string) dps.Key { return g.Derive(strings.ToUpper(id)) }), cause: "derived-key-incorrect"},
		{name: "derived twice", kind: group, device: derived(func(g dps.Key, id string) dps.Key { return g.Derive(id).Derive(id) }), cause: "derived-key-incorrect"},
		{name: "derived from the text of the key", kind: group, device: derived(func(g dps.Key, id string) dps.Key {
			return dps.NewKey([]byte(g.Text().Reveal())).Derive(id)
		}), cause: "derived-key-incorrect"},
		{name: "derived from the name of the group", kind: group, device: derived(func(g dps.Key, _ string) dps.Key { return g.Derive("sandbox-keys") }), cause: "derived-key-incorrect"},
		{name: "derived for an individual enrollment", kind: emulator.SymmetricKey, device: func(d *emulator.Device) {
			own, err := dps.ParseKey(d.Key)
			if err != nil {
				panic(err)
			}
			d.Key = own.Derive(d.RegistrationID).Text()
		}, cause: "derived-key-incorrect"},
		{name: "other group key", scenario: "symmetric-key-mismatch", kind: group, cause: "symmetric-key-mismatch", onlyFile: true},
		{name: "disabled", scenario: "enrollment-disabled", cause: "enrollment-disabled"},
		{name: "group disabled", scenario: "enrollment-disabled", kind: group, cause: "enrollment-disabled"},
		{name: "group of certificates disabled", scenario: "enrollment-disabled", kind: emulator.X509, cause: "enrollment-disabled"},
		{name: "not enrolled", scenario: "enrollment-not-found", cause: "enrollment-not-found", onlyAPI: true},
		{name: "certificate enrolled", scenario: "attestation-mismatch", cause: "attestation-mismatch"},
		{name: "key enrolled", scenario: "attestation-mismatch", kind: emulator.X509, cause: "attestation-mismatch"},
		{name: "former certificate", scenario: "cert-enrollment-mismatch", cause: "cert-enrollment-mismatch"},
		{name: "another CA", scenario: "cert-not-trusted-by-enrollment", cause: "cert-not-trusted-by-enrollment"},
		{name: "CA not verified", scenario: "ca-not-verified", cause: "ca-not-verified"},
		{name: "CA gone", scenario: "ca-not-verified", cause: "ca-not-verified", onlyFile: true, edit: func(files map[string]map[string]any) {
			files["certificates.json"]["value"] = []any{}
		}},
		{name: "common name", scenario: "cert-cn-registration-id-mismatch", cause: "cert-cn-registration-id-mismatch"},
		{name: "expired", scenario: "cert-expired", cause: "cert-expired"},
		{name: "id scope", scenario: "wrong-id-scope", cause: "wrong-id-scope"},
		{name: "network closed", scenario: "public-network-access-disabled", cause: "public-network-access-disabled", edit: properties(func(p map[string]any) {
			p["publicNetworkAccess"] = "Disabled"
		})},
		{name: "no hub", scenario: "no-hub-available", cause: "no-hub-available"},
		{name: "weight 0", scenario: "no-hub-available", cause: "no-hub-available", edit: linking(hub("h.azure-devices.net", "allocationWeight", 0))},
		{name: "no hub takes part", scenario: "no-hub-available", cause: "no-hub-available", edit: linking(hub("h.azure-devices.net", "applyAllocationPolicy", false))},
		{name: "hub of the enrollment not linked", scenario: "no-hub-available", cause: "no-hub-available", onlyFile: true, edit: func(files map[string]map[string]any) {
			linking(hub("h.azure-devices.net"))(files)
			enrolledAs(key, func(e map[string]any) { e["iotHubs"] = []any{"gone.azure-devices.net"} })(files)
		}},
		{name: "custom without webhook", scenario: "custom-allocation-failed", cause: "custom-allocation-failed", onlyFile: true, edit: enrolledAs(key, func(e map[string]any) {
			e["allocationPolicy"], e["customAllocationDefinition"] = "custom", nil
		})},
		{name: "webhook without TLS", scenario: "custom-allocation-failed", cause: "custom-allocation-failed", onlyFile: true, edit: enrolledAs(key, func(e map[string]any) {
			e["allocationPolicy"], e["customAllocationDefinition"] = "custom", map[string]any{"webhookUrl": "http://webhook.example/x?code=webhook-secret-1234", "apiVersion": "2019-03-31"}
		})},
		{name: "hub of the registration gone", cause: "stale-assignment", registers: true, edit: linking(hub("other.azure-devices.net")), onlyAPI: true},
	}
}

// stage is a running emulator with its device and what az would print of it.
type stage struct {
	dir        string
	device     emulator.Device
	connection dps.Secret
	files      map[string]map[string]any
	emulator   *emulator.Emulator
}

// readOnlyPolicies are policies that may only read, enrollments or registrations.
const readOnlyPolicies = `
[[policies]]
name = "reader"
rights = ["EnrollmentRead", "RegistrationStatusRead"]
[[policies]]
name = "registrations"
rights = ["RegistrationStatusRead"]
`

// as makes the stage use another policy.
func (s *stage) as(t *testing.T, policy string) {
	t.Helper()
	owner := s.emulator.Ready().ServiceConnectionStringFile
	s.connection = dps.NewSecret(string(readBytes(t, strings.TrimSuffix(owner, ".txt")+"-"+policy+".txt")))
}

func stageOf(t *testing.T, f sided) *stage {
	t.Helper()
	var none time.Duration
	file, err := emulator.ParseFile("policies.toml", []byte(readOnlyPolicies), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	e, err := emulator.Start(t.Context(), emulator.Config{Scenario: f.scenario, File: file, RetryAfter: &none, Files: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{dir: t.TempDir(), device: e.Device(), connection: e.Owner().Text(), emulator: e}
	if f.kind != "" {
		roots := s.device.Roots
		s.device = s.identity(t, e, f.kind)
		s.device.Roots = roots
	}
	if f.device != nil {
		f.device(&s.device)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "ca.pem"), readBytes(t, e.Ready().CAFile), 0o600); err != nil {
		t.Fatal(err)
	}
	s.export(t, e, f.edit)
	return s
}

// identity is a device of another kind than the one that plays the scenario.
func (s *stage) identity(t *testing.T, e *emulator.Emulator, kind emulator.Attestation) emulator.Device {
	t.Helper()
	for _, id := range e.Ready().Identities {
		if id.Attestation != kind {
			continue
		}
		d := emulator.Device{Endpoint: s.device.Endpoint, Scope: s.device.Scope, RegistrationID: id.RegistrationID, Attestation: kind}
		switch kind {
		case emulator.SymmetricKey:
			d.Key = dps.NewSecret(string(readBytes(t, id.KeyFile)))
		case emulator.GroupKey:
			d.GroupKey = dps.NewSecret(strings.TrimSpace(string(readBytes(t, id.GroupKeyFile))))
		default:
			d.CertPEM, d.CertKeyPEM = readBytes(t, id.CertFile), dps.NewSecret(string(readBytes(t, id.KeyFile)))
		}
		return d
	}
	t.Fatalf("no device with %s", kind)
	return emulator.Device{}
}

func readBytes(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// export writes what az would print, with the changes of the fault.
func (s *stage) export(t *testing.T, e *emulator.Emulator, edit func(map[string]map[string]any)) {
	t.Helper()
	if err := e.Export(s.dir); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(s.dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.files = map[string]map[string]any{}
	for _, path := range paths {
		var file map[string]any
		if err := json.Unmarshal(readBytes(t, path), &file); err != nil {
			t.Fatal(err)
		}
		s.files[filepath.Base(path)] = file
	}
	if edit == nil {
		return
	}
	edit(s.files)
	for name, file := range s.files {
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		s.write(t, name, text)
	}
}

func (s *stage) write(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// credential are the flags that give the device's credential.
func (s *stage) credential(t *testing.T) []string {
	t.Helper()
	switch d := s.device; d.Attestation {
	case emulator.GroupKey:
		return []string{"--group-key-file", s.write(t, "group.key", []byte(d.GroupKey.Reveal()))}
	case emulator.X509:
		return []string{"--cert", s.write(t, "device.pem", d.CertPEM), "--cert-key", s.write(t, "device.key", []byte(d.CertKeyPEM.Reveal()))}
	default:
		return []string{"--key-file", s.write(t, "device.key", []byte(d.Key.Reveal()))}
	}
}

// probe is the command line that probes over a transport.
func (s *stage) probe(t *testing.T, transport string) []string {
	t.Helper()
	at := s.device.Endpoint
	return append([]string{
		"probe", "-q", "-o", "json", "--endpoint", at.Host, "--port-https", strconv.Itoa(at.HTTPS), "--port-mqtt", strconv.Itoa(at.MQTT),
		"--port-amqp", strconv.Itoa(at.AMQP), "--ca-file", filepath.Join(s.dir, "ca.pem"), "--transport", transport,
		"--id-scope", s.device.Scope, "--registration-id", s.device.RegistrationID, "--proxy", "none",
	}, s.credential(t)...)
}

// inspect is the command line that inspects the device.
func (s *stage) inspect(t *testing.T) []string {
	t.Helper()
	return append([]string{
		"inspect", s.device.RegistrationID, "-q", "-o", "json", "--id-scope", s.device.Scope, "--ca-file", filepath.Join(s.dir, "ca.pem"), "--proxy", "none",
	}, s.credential(t)...)
}

// instance are the flags with the files about the instance.
func (s *stage) instance() []string {
	return []string{"--instance", filepath.Join(s.dir, "instance.json"), "--certificates", filepath.Join(s.dir, "certificates.json")}
}

// api are the flags that ask the service.
func (s *stage) api() []string { return append([]string{"--service-env", "DPS"}, s.instance()...) }

// enrollments are the flags with the files alone: the individual enrollment if there is one, else
// every group.
func (s *stage) enrollments() []string {
	flags := s.instance()
	name := "enrollment-" + url.QueryEscape(strings.ToLower(s.device.RegistrationID)) + ".json"
	if _, ok := s.files[name]; ok {
		return append(flags, "--enrollment", filepath.Join(s.dir, name))
	}
	for file := range s.files {
		if strings.HasPrefix(file, "enrollment-group-") {
			flags = append(flags, "--enrollment", filepath.Join(s.dir, file))
		}
	}
	return flags
}

// run runs a command line that may know the connection string, and looks for secrets in what it
// prints.
func (s *stage) run(t *testing.T, args ...string) (status int, out []byte) {
	t.Helper()
	w := newWorld()
	w.lookupEnv = func(name string) (string, bool) { return s.connection.Reveal(), name == "DPS" }
	status = w.run(t, args...)
	text := w.out.String() + w.err.String()
	secrets := secretsOf(s.device)
	for _, enrolled := range s.keys(t) {
		secrets = append(secrets, []byte(enrolled))
	}
	for _, secret := range append(secrets, []byte("webhook-secret-1234")) {
		if found := leaks(secret, text); len(found) > 0 {
			t.Errorf("%v: a secret is in the output as %v", args, found)
		}
	}
	if status == report.ExitUsage {
		t.Fatalf("%v: %s", args, w.err.String())
	}
	return status, w.out.Bytes()
}

func decodeJSON[T any](t *testing.T, data []byte) T {
	t.Helper()
	var doc T
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return doc
}

// TestBothSides: with the service's side the right cause is proven, over https and mqtt, from the
// API and from files; without it the cause is not contradicted.
func TestBothSides(t *testing.T) {
	t.Parallel()
	faults := sidedFaults()
	if len(faults) < 20 {
		t.Errorf("only %d faults", len(faults))
	}
	schema, inspection := schematest.Load(t, "probe-1"), schematest.Load(t, "inspect-1")
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := stageOf(t, f)
			sides := map[string][]string{}
			if !f.onlyFile {
				sides["api"] = s.api()
			}
			if !f.onlyAPI {
				sides["files"] = s.enrollments()
			}
			for _, transport := range []string{string(probe.HTTPS), string(probe.MQTT)} {
				for source, flags := range sides {
					status, out := s.run(t, append(s.probe(t, transport), flags...)...)
					schema.Check(t, transport, out)
					f.check(t, transport+" with "+source, status, decodeJSON[report.Probe](t, out), source)
				}
				if !f.registers {
					_, out := s.run(t, s.probe(t, transport)...)
					f.notContradicted(t, transport+" alone", decodeJSON[report.Probe](t, out))
				}
			}
			for source, flags := range sides {
				status, out := s.run(t, append(s.inspect(t), flags...)...)
				inspection.Check(t, source, out)
				doc := decodeJSON[report.Inspection](t, out)
				if status != report.ExitFault || len(doc.Causes) == 0 || doc.Causes[0].ID != f.cause || doc.Causes[0].Strength != "proves" {
					t.Errorf("inspect with %s: exit status %d, causes %v\n%s", source, status, summary(doc.Causes), out)
				}
			}
		})
	}
}

// summary is the causes in short.
func summary(causes []report.Cause) []string {
	list := []string{}
	for _, c := range causes {
		list = append(list, fmt.Sprintf("%s (%s)", c.ID, c.Strength))
	}
	return list
}

// check checks a probe with both sides.
func (f sided) check(t *testing.T, name string, status int, doc report.Probe, source string) {
	t.Helper()
	if doc.Service == nil || doc.Service.Source != source || len(doc.Service.Checks) == 0 {
		t.Errorf("%s: the service's side is %+v", name, doc.Service)
		return
	}
	if f.registers {
		if status != report.ExitOK || !slices.ContainsFunc(doc.Warnings, func(w report.Warning) bool { return w.ID == f.cause }) {
			t.Errorf("%s: exit status %d, warnings %v", name, status, doc.Warnings)
		}
		return
	}
	first := slices.IndexFunc(doc.Causes, func(c report.Cause) bool { return c.ID == f.cause && c.Strength == "proves" })
	if status != report.ExitFault || first < 0 {
		t.Errorf("%s: exit status %d, causes %v, want %s proven\n%s", name, status, summary(doc.Causes), f.cause, checksOf(doc.Service))
	}
	for _, c := range doc.Causes {
		if c.Strength == "proves" && c.ID != f.cause {
			t.Errorf("%s: %s is proven as well", name, c.ID)
		}
	}
}

func checksOf(s *report.Service) string {
	var b strings.Builder
	for _, c := range s.Checks {
		fmt.Fprintf(&b, "%s %s %s: %s\n", c.ID, c.Outcome, c.Result, c.Detail)
	}
	return b.String()
}

// notContradicted checks a probe without the service's side.
func (f sided) notContradicted(t *testing.T, name string, doc report.Probe) {
	t.Helper()
	if doc.Service != nil {
		t.Errorf("%s: there is a service's side", name)
	}
	for _, c := range doc.RuledOut {
		if c.ID == f.cause {
			t.Errorf("%s: %s is ruled out: %v", name, c.ID, c.Because)
		}
	}
	if len(doc.Causes) > 0 && doc.Causes[0].Strength == "proves" && doc.Causes[0].ID != f.cause {
		t.Errorf("%s: %s is proven", name, doc.Causes[0].ID)
	}
}

// TestTheInstanceMayBeAnother: over the service API of an instance that the device's endpoint does not
// name, another key proves nothing; what az shows of the instance makes it a proof.
func TestTheInstanceMayBeAnother(t *testing.T) {
	t.Parallel()
	ready := running(t, "symmetric-key-mismatch")
	policy, err := os.ReadFile(ready.ServiceConnectionStringFile)
	if err != nil {
		t.Fatal(err)
	}
	instance := filepath.Join(t.TempDir(), "instance.json")
	text := `{"name": "contoso", "properties": {"idScope": "` + ready.IDScope + `", "state": "Active"}}`
	if err := os.WriteFile(instance, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(ready.Endpoints.HTTPS, ":")
	device := append(flagsOf(t, ready, ready.Identities[0]), "--service-env", "DPS")
	for name, test := range map[string]struct {
		more []string
		want string
	}{
		"a name for all instances": {[]string{"--endpoint", "localhost:" + port}, "suggests"},
		"its own endpoint":         {[]string{"--endpoint", "127.0.0.1:" + port}, "proves"},
		"what az shows":            {[]string{"--endpoint", "localhost:" + port, "--instance", instance}, "proves"},
	} {
		w := newWorld()
		w.setEnv(map[string]string{"DPS": strings.TrimSpace(string(policy))})
		_, doc := probeJSON(t, w, append(device, test.more...)...)
		if len(doc.Causes) == 0 || doc.Causes[0].ID != "symmetric-key-mismatch" || doc.Causes[0].Strength != test.want {
			t.Errorf("%s: %+v", name, doc.Causes)
		}
	}
}
