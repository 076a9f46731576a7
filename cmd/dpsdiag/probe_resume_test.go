package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
)

// hubOf is the emulator's hub as the service names it.
func hubOf(ready emulator.Ready) string {
	_, port, _ := strings.Cut(ready.Endpoints.Hub, ":")
	return "localhost:" + port
}

// outcomesOf are the outcomes of the stages of the only run.
func outcomesOf(doc *report.Probe) map[string]string {
	all := map[string]string{}
	for _, s := range doc.Runs[0].Stages {
		all[s.ID] = s.Outcome
	}
	return all
}

func probeJSON(t *testing.T, w *world, args ...string) (int, *report.Probe) {
	t.Helper()
	w.out.Reset()
	status := w.run(t, append([]string{"probe", "-o", "json"}, args...)...)
	var doc report.Probe
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
		t.Fatalf("%v in %q; standard error: %s", err, w.out.String(), w.err.String())
	}
	return status, &doc
}

// TestRegistrationIsTakenUpAgain: what the service still works on when the time is over is polled
// to its end later, over every transport, with the certificate that was requested.
func TestRegistrationIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	for _, transport := range transportNames() {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			wait := 30 * time.Second
			ready := runningWith(t, emulator.Config{RetryAfter: &wait})
			key, out := filepath.Join(t.TempDir(), "key.pem"), filepath.Join(t.TempDir(), "issued.pem")
			flags := append(flagsOf(t, ready, ready.Identities[0]), "--transport", transport, "--csr-key", key, "--issued-cert-out", out)
			w := newWorld()
			status, doc := probeJSON(t, w, append(flags, "--timeout", "3s")...)
			operation := doc.Runs[0].Reply.OperationID
			if status != report.ExitNoVerdict || operation == "" || len(doc.Decide) == 0 || !strings.HasSuffix(doc.Decide[0].Command, " --operation-id "+operation) {
				t.Fatalf("exit status %d, operation %q, decide %+v", status, operation, doc.Decide)
			}
			status, doc = probeJSON(t, w, append(flags, "--operation-id", operation, "--retry-max-wait", "10ms", "--check-hub")...)
			if status != report.ExitOK || doc.Mode != "resume" || doc.Runs[0].Reply.OperationID != operation || doc.Runs[0].Reply.Attempts != 0 {
				t.Errorf("exit status %d, %+v", status, doc.Runs[0].Reply)
			}
			if got := outcomesOf(doc); got["register"] != string(probe.NotApplicable) || got["assign"] != string(probe.Passed) || got["hub"] != string(probe.Passed) {
				t.Errorf("outcomes %v", got)
			}
			chainOf(t, out, key)
		})
	}
}

// TestForgottenOperation: it says nothing about the device.
func TestForgottenOperation(t *testing.T) {
	t.Parallel()
	ready := running(t, "healthy")
	for _, transport := range transportNames() {
		status, doc := probeJSON(t, newWorld(), append(flagsOf(t, ready, ready.Identities[0]), "--operation-id", "4.forgotten", "--transport", transport)...)
		strong := func(c report.Cause) bool { return c.Strength != "allows" }
		if status != report.ExitNoVerdict || slices.ContainsFunc(doc.Causes, strong) {
			t.Errorf("%s: exit status %d, causes %+v", transport, status, doc.Causes)
		}
	}
	w := newWorld()
	w.run(t, append([]string{"probe", "--operation-id", "4.forgotten"}, flagsOf(t, ready, ready.Identities[0])...)...)
	if !strings.Contains(w.out.String(), "the service does not know the operation") {
		t.Errorf("the report: %s", w.out.String())
	}
}

// TestHubOnly: the assignment that a device keeps is checked without the service, in both of its
// sources and with every credential.
func TestHubOnly(t *testing.T) {
	t.Parallel()
	ready := running(t, "healthy")
	file := filepath.Join(t.TempDir(), "device_info")
	for _, id := range ready.Identities {
		full := flagsOf(t, ready, id)
		credential := full[slices.Index(full, "--registration-id")+2:]
		flags := append([]string{"--ca-file", ready.CAFile, "--hub-only"}, credential...)
		info := "hub_name = \"" + hubOf(ready) + "\"\nlocal_gateway_hostname = \"" + hubOf(ready) + "\"\ndevice_id = \"" + id.RegistrationID + "\"\n"
		if err := os.WriteFile(file, []byte(info), 0o600); err != nil {
			t.Fatal(err)
		}
		w := newWorld()
		w.deviceInfo = file
		status, doc := probeJSON(t, w, flags...)
		causes := len(doc.Causes)
		if status != report.ExitFault || causes == 0 || doc.Causes[0].ID != "hub-identity-unusable" || !strings.Contains(w.err.String(), "takes the assignment from "+file) {
			t.Errorf("%s: before it registers: exit status %d, %+v; standard error: %s", id.Attestation, status, doc.Causes, w.err.String())
		}
		if status, _ := probeJSON(t, w, full...); status != report.ExitOK {
			t.Errorf("%s: register: exit status %d", id.Attestation, status)
		}
		for _, more := range [][]string{nil, {"--assigned-hub", hubOf(ready), "--registration-id", id.RegistrationID}, {"--assigned-hub", hubOf(ready), "--hub-device-id", id.RegistrationID, "--transport", "mqtt-ws"}} {
			status, doc := probeJSON(t, w, append(flags, more...)...)
			got := outcomesOf(doc)
			if status != report.ExitOK || doc.Mode != "hub" || got["hub"] != string(probe.Passed) || got["resolve"] != string(probe.NotApplicable) || len(doc.Warnings) > 0 {
				t.Errorf("%s %q: exit status %d, %v, %+v", id.Attestation, more, status, got, doc.Warnings)
			}
			if doc.Runs[0].Reply.AssignedHub != hubOf(ready) || doc.Runs[0].Reply.DeviceID != id.RegistrationID {
				t.Errorf("%s %q: %+v", id.Attestation, more, doc.Runs[0].Reply)
			}
		}
	}
}

// TestHubOnlyWaits: a hub that asks to come back later is asked again, and the service is not
// asked at all.
func TestHubOnlyWaits(t *testing.T) {
	t.Parallel()
	ready := running(t, "hub-unavailable")
	w, flags := newWorld(), flagsOf(t, ready, ready.Identities[0])
	probeJSON(t, w, flags...)
	status, _, hub := checkHub(t, newWorld(), append(flags, "--hub-only", "--assigned-hub", hubOf(ready))...)
	if did := steps(hub); status != report.ExitOK || len(did) != 2 {
		t.Errorf("exit status %d, steps %q", status, did)
	}
}

// TestHubOnlyOfMQTT5: a hub of which the user knows that it speaks MQTT 5 only is asked in that at once, with
// a certificate; a key is not blamed.
func TestHubOnlyOfMQTT5(t *testing.T) {
	t.Parallel()
	ready := runningWith(t, emulator.Config{HubProfile: dps.ProfileMQTT5})
	device := flagsOf(t, ready, ready.Identities[2])
	probeJSON(t, newWorld(), append(device, "--api-version", dps.IssuingAPIVersion)...)
	hub := []string{"--hub-only", "--assigned-hub", hubOf(ready), "--yes"}
	told := append(hub, "--hub-profile", "mqttV5")
	status, _, stage := checkHub(t, newWorld(), append(device, told...)...)
	if status != report.ExitOK || stage.Outcome != string(probe.Passed) || stage.Facts["protocol"] != "mqtt5" || len(steps(stage)) != 1 {
		t.Errorf("told so: exit status %d, %s: %s, %v", status, stage.Outcome, stage.Detail, stage.Facts)
	}
	for name, profile := range map[string][]string{"not told": nil, "told that it is classic": {"--hub-profile", "classic"}} {
		status, doc, stage := checkHub(t, newWorld(), append(append(device, hub...), profile...)...)
		found := len(doc.Causes) > 0 && doc.Causes[0].ID == "hub-protocol-unsupported"
		if status != report.ExitFault || stage.Outcome != string(probe.Failed) || found != (profile == nil) {
			t.Errorf("%s: exit status %d, %s: %s, %+v", name, status, stage.Outcome, stage.Detail, doc.Causes)
		}
	}
	_, _, stage = checkHub(t, newWorld(), append(flagsOf(t, ready, ready.Identities[0]), told...)...)
	if stage.Outcome != string(probe.NotApplicable) || !strings.Contains(stage.Detail, "--cert and --cert-key give the one that was issued") {
		t.Errorf("with a key: %s: %s", stage.Outcome, stage.Detail)
	}
}

// TestResumeUsage: what cannot be is said before anything is sent.
func TestResumeUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := write("key", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0")
	given := []string{"--registration-id", "d", "--key-file", key}
	for _, test := range []struct {
		info string
		args []string
		want string
	}{
		{"", append(given, "--hub-only", "--lookup"), "--lookup and --hub-only exclude each other"},
		{"", append(given, "--operation-id", "4.x", "--preflight"), "--preflight and --operation-id exclude each other"},
		{"", append(given, "--assigned-hub", "h"), "--assigned-hub needs --hub-only"},
		{"", append(given, "--hub-device-id", "h"), "--hub-device-id needs --hub-only"},
		{"", append(given, "--hub-profile", "mqttV5"), "--hub-profile needs --hub-only"},
		{"", append(given, "--hub-only", "--hub-profile", "v5"), `--hub-profile: "v5" is not a connection profile`},
		{"", []string{"--sandbox", "healthy", "--hub-only"}, "--sandbox and --hub-only exclude each other"},
		{"", []string{"--sandbox", "healthy", "--operation-id", "4.x"}, "--sandbox and --operation-id exclude each other"},
		{"", append(given, "--operation-id", "4 x"), `--operation-id: "4 x" is not an operation id`},
		{"", append(given, "--hub-only", "--assigned-hub", "https://h"), "--assigned-hub: \"https://h\" is a URL"},
		{"", append(given, "--hub-only", "--csr-key", key), "--hub-only and --csr-key exclude each other"},
		{filepath.Join(dir, "none"), append(given, "--hub-only"), "no such file"},
		{dir, append(given, "--hub-only"), "is a directory"},
		{write("un", "unprovisioned"), append(given, "--hub-only"), "says that the device is not provisioned"},
		{write("bad", "hub_name ="), append(given, "--hub-only"), "is not the assignment of the identity service"},
		{write("other", "a = 1"), append(given, "--hub-only"), "is not the assignment of the identity service"},
		{write("empty", ""), append(given, "--hub-only"), "is empty"},
	} {
		w := newWorld()
		w.deviceInfo = test.info
		if status := w.run(t, append([]string{"probe"}, test.args...)...); status != report.ExitUsage || !strings.Contains(w.err.String(), test.want) {
			t.Errorf("%q: exit status %d, %s", test.args, status, w.err.String())
		}
	}
}
