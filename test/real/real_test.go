package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/emulator"
)

var update = flag.Bool("update", false, "write docs/real.md")

// config is what the emulator has besides its ready devices: a device that is disabled, one whose
// connections are refused, and limits that sixty polls exceed.
const config = `
polls = 0
retry_after = 0
api_versions = ["2019-03-31", "2021-10-01"]
[limits]
registrations = 100000
polls_per_device = 25
polls_seconds = 1
[[enrollments]]
registration_id = "real-disabled"
primary_key = "%[1]s"
disabled = true
[[enrollments]]
registration_id = "real-closed"
primary_key = "%[1]s"
[[faults]]
on = ["connect"]
registration_ids = ["real-closed"]
status = 401
`

// aKey is the key of both.
func aKey() string {
	return base64.StdEncoding.EncodeToString([]byte("a key of the test for make real, of 40 b"))
}

// startEmulator runs "dpsdiag emulate" as the real service, until the test ends.
func startEmulator(t *testing.T, more ...string) emulator.Ready {
	t.Helper()
	folder := t.TempDir()
	program := filepath.Join(folder, "dpsdiag")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "dpsdiag/cmd/dpsdiag").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	file := filepath.Join(folder, "emulator.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, aKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"emulate", "-o", "json", "-q", "--config", file, "--state-dir", filepath.Join(folder, "state")}, more...)
	cmd := exec.CommandContext(t.Context(), program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // it is killed with the context of the test
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready emulator.Ready
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	return ready
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

func port(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// variablesFor are the variables that a user of this service sets, without the prefix.
func variablesFor(t *testing.T, ready emulator.Ready) map[string]string {
	t.Helper()
	at := ready.Endpoints
	vars := map[string]string{
		"ID_SCOPE": ready.IDScope, "ENDPOINT": "localhost", "CA_FILE": ready.CAFile,
		"PORT_HTTPS": port(t, at.HTTPS), "PORT_MQTT": port(t, at.MQTT), "PORT_AMQP": port(t, at.AMQP),
		"ROOTS":       "localhost:" + port(t, at.HTTPS),
		"DISABLED_ID": "real-disabled", "DISABLED_KEY": aKey(),
		"CLOSED_ID_SCOPE": ready.IDScope, "CLOSED_ID": "real-closed", "CLOSED_KEY": aKey(),
		"THROTTLE": "1",
		"SERVICE":  read(t, ready.ServiceConnectionStringFile),
	}
	for _, id := range ready.Identities {
		switch id.Attestation {
		case emulator.SymmetricKey:
			vars["KEY_ID"], vars["KEY"] = id.RegistrationID, read(t, id.KeyFile)
		case emulator.GroupKey:
			vars["GROUP_ID"], vars["GROUP_KEY"] = id.RegistrationID, read(t, id.GroupKeyFile)
		case emulator.X509:
			vars["CERT"], vars["CERT_KEY"], vars["CHAIN"] = id.CertFile, id.KeyFile, id.ChainFile
		}
	}
	return vars
}

func lookupIn(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[strings.TrimPrefix(name, prefix)]
		return value, ok && strings.HasPrefix(name, prefix)
	}
}

// recordWith runs the program and returns what it wrote.
func recordWith(t *testing.T, vars map[string]string) *Result {
	t.Helper()
	out := filepath.Join(t.TempDir(), "real.json")
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), options{out: out}, lookupIn(vars), &stdout, &stderr); status != exitDone {
		t.Fatalf("exit status %d\n%s%s", status, &stdout, &stderr)
	}
	text := read(t, out)
	for name, value := range vars {
		secret := strings.HasSuffix(name, "KEY") && name != "CERT_KEY" || name == "SERVICE"
		if secret && (strings.Contains(text, value) || strings.Contains(stdout.String()+stderr.String(), value)) {
			t.Errorf("the value of %s was written", name)
		}
	}
	if _, key, _ := strings.Cut(vars["SERVICE"], "SharedAccessKey="); strings.Contains(text, key) {
		t.Error("the key of the policy was written")
	}
	result, err := readResult([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", &stdout)
	return result
}

// TestAgainstTheEmulator records every fact with "dpsdiag emulate" as the service, and expects what that
// is known to answer.
func TestAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	vars := variablesFor(t, startEmulator(t))
	result := recordWith(t, vars)
	want := map[int][]string{
		1: {
			"unknown id scope over https: register: status 404\n", "unknown id scope over mqtt, mqtt-ws: mqtt-connect: status 3",
			"unknown id scope over amqp, amqp-ws: amqp-open: amqp:not-found", "no enrollment, key over https: register: status 401, code 401002",
			"can be told apart over every transport",
		},
		2:  {"disabled enrollment over https, mqtt, mqtt-ws, amqp, amqp-ws: status: disabled"},
		3:  {"mechanisms over amqp: PLAIN TPM EXTERNAL", "wrong key over amqp, amqp-ws: sasl: status 1"},
		4:  {"over https, mqtt, mqtt-ws: status: status 429, code 429001", "over amqp, amqp-ws: status: com.microsoft:device-container-throttled, status 429, code 429001", "Retry-After 1"},
		5:  {"client id differs over mqtt: mqtt-connect: status 2", "id in the body differs over https, mqtt: register: status 400", `"Unsupported API version 1999-12-31."`},
		6:  {"closed network over https: register: status 401", "look the same over"},
		7:  {"without the query over mqtt-ws: the server asks for a certificate in the handshake; status: assigned", "with the query and a certificate over mqtt-ws: the server asks for a certificate in the handshake; status: assigned"},
		9:  {"localhost: CN=localhost", " < CN=dpsdiag emulator CA"},
		10: {"no: it takes the key that is derived from the id as it was sent"},
	}
	for _, f := range result.Facts {
		if f.Decided != (f.Number != 8) {
			t.Errorf("fact %d: decided is %t: %s", f.Number, f.Decided, f.Conclusion)
		}
		for _, text := range want[f.Number] {
			if !strings.Contains(f.Conclusion+"\n", text) {
				t.Errorf("fact %d: no %q in:\n%s", f.Number, text, f.Conclusion)
			}
		}
		for _, trial := range f.Trials {
			if len(trial.Exchanges) == 0 && f.Number != 9 || trial.Sent == "" {
				t.Errorf("fact %d, %s over %s: nothing shows what was sent", f.Number, trial.Name, trial.Transport)
			}
		}
	}
	checkSent(t, result)
	for _, d := range result.Devices {
		verdict := "clear"
		if d.Credential == "x509" { // the service API does not show the CA
			verdict = "no-verdict"
		}
		if d.Probe.Verdict != "registered" || d.Inspect == nil || d.Inspect.Verdict != verdict {
			t.Errorf("%s: %s, %+v", d.Credential, d.Probe.Verdict, d.Inspect)
		}
	}
	if len(result.Devices) != 3 {
		t.Errorf("%d devices", len(result.Devices))
	}
	t.Run("logs", func(t *testing.T) { t.Parallel(); checkLogs(t, vars, result) })
}

// checkSent checks that the altered transports show what they sent.
func checkSent(t *testing.T, result *Result) {
	t.Helper()
	sent := func(fact int, name, transport string, exchange int) Message {
		for _, trial := range result.Facts[fact-1].Trials {
			if trial.Name == name && trial.Transport == transport && len(trial.Exchanges) > exchange {
				return trial.Exchanges[exchange].Request
			}
		}
		t.Fatalf("no exchange %d of %s over %s", exchange, name, transport)
		return Message{}
	}
	if headers := sent(5, "client id differs", "mqtt", 0).Headers; !strings.HasPrefix(headers[0], "client-id: dpsdiag-real-") {
		t.Errorf("CONNECT with %q", headers)
	}
	if body := sent(5, "id in the body differs", "https", 1).Body; !strings.Contains(body, `"registrationId":"dpsdiag-real-`) {
		t.Errorf("the body is %q", body)
	}
	if line := sent(7, "with the query", "mqtt-ws", 0).Line; line != "GET /$iothub/websocket?iothub-no-client-cert=true HTTP/1.1" {
		t.Errorf("the handshake is %q", line)
	}
}

// checkLogs runs the program again with the resource logs of the first run.
func checkLogs(t *testing.T, vars map[string]string, first *Result) {
	t.Helper()
	tracking := ""
	for _, trial := range first.Facts[0].Trials {
		if trial.Transport == "https" && trial.Answer.TrackingID != "" {
			tracking = trial.Answer.TrackingID
		}
	}
	if tracking == "" {
		t.Fatal("no refusal with a tracking id")
	}
	folder := t.TempDir()
	earlier, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	record := func(id, correlation, result, signature string) string {
		return fmt.Sprintf(`{"time":"2026-01-02T00:05:51Z","category":"DeviceOperations","operationName":"AttestationAttempt","resultType":%q,"resultSignature":%q,"correlationId":%q,"properties":"{\"id\":\"%s\",\"protocol\":\"Http\"}"}`,
			result, signature, correlation, id)
	}
	logs := strings.Join([]string{
		record(vars["KEY_ID"], "11111111-0000-4000-8000-000000000001", "Success", ""),
		record("another-device", "11111111-0000-4000-8000-000000000002", "Failure", "401"),
		record("dpsdiag-real-1", tracking, "Failure", "401"),
	}, "\n")
	files := map[string]string{"LOGS": filepath.Join(folder, "PT1H.json"), "EARLIER": filepath.Join(folder, "earlier.json")}
	for name, content := range map[string]string{"LOGS": logs, "EARLIER": string(earlier)} {
		if err := os.WriteFile(files[name], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := maps.Clone(vars)
	maps.Copy(again, files)
	for _, name := range []string{"CLOSED_ID_SCOPE", "CLOSED_ID", "CLOSED_KEY", "THROTTLE"} {
		delete(again, name)
	}
	result := recordWith(t, again)
	fact := result.Facts[7]
	if want := "CorrelationId is a tracking id in 1 of 2 kinds of records\nrecords of failures over: Http"; fact.Conclusion != want || !fact.Decided {
		t.Errorf("decided %t: %q", fact.Decided, fact.Conclusion)
	}
	for _, number := range []int{4, 6} {
		if f := result.Facts[number-1]; f.Decided || !strings.HasPrefix(f.Conclusion, "not decided: it needs "+prefix) {
			t.Errorf("fact %d without its variables: %s", number, f.Conclusion)
		}
	}
}

// TestNothingIsSent: everything that is missing or wrong is reported together, before any connection.
func TestNothingIsSent(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connected := make(chan bool)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			conn.Close()
		}
		connected <- err == nil
	}()
	here := listener.Addr().String()
	tests := map[string]struct {
		vars map[string]string
		want []string
	}{
		"nothing":       {nil, []string{"DPSDIAG_REAL_ID_SCOPE is missing", "a credential is missing: DPSDIAG_REAL_KEY_ID with DPSDIAG_REAL_KEY, "}},
		"half":          {map[string]string{"ID_SCOPE": "0ne00000A0A", "KEY_ID": "dev-1"}, []string{"DPSDIAG_REAL_KEY is missing: it belongs to DPSDIAG_REAL_KEY_ID"}},
		"no key":        {map[string]string{"ID_SCOPE": "0ne00000A0A", "KEY_ID": "dev-1", "KEY": "!!!"}, []string{"DPSDIAG_REAL_KEY: "}},
		"no file":       {map[string]string{"ID_SCOPE": "0ne00000A0A", "CERT": "none.pem", "CERT_KEY": "none.key"}, []string{"DPSDIAG_REAL_CERT: open none.pem"}},
		"capitals":      {map[string]string{"ID_SCOPE": "0ne00000A0A", "GROUP_ID": "Dev", "GROUP_KEY": aKey()}, []string{"is not in lower case"}},
		"logs alone":    {map[string]string{"ID_SCOPE": "0ne00000A0A", "KEY_ID": "dev-1", "KEY": aKey(), "LOGS": "x"}, []string{"DPSDIAG_REAL_EARLIER is missing"}},
		"no connection": {map[string]string{"ID_SCOPE": "0ne00000A0A", "KEY_ID": "dev-1", "KEY": aKey(), "SERVICE": "HostName=x"}, []string{"DPSDIAG_REAL_SERVICE: "}},
	}
	for name, test := range tests {
		vars := maps.Clone(test.vars)
		if vars != nil {
			vars["ENDPOINT"], vars["ROOTS"] = here, here
		}
		out := filepath.Join(t.TempDir(), "real.json")
		var stderr bytes.Buffer
		if status := run(t.Context(), options{out: out}, lookupIn(vars), io.Discard, &stderr); status != exitUsage {
			t.Errorf("%s: exit status %d", name, status)
		}
		for _, want := range append(test.want, "Nothing was sent.") {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("%s: no %q in:\n%s", name, want, &stderr)
			}
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a file was written", name)
		}
	}
	// The file for the answers is tried first as well.
	vars := map[string]string{"ID_SCOPE": "0ne00000A0A", "KEY_ID": "dev-1", "KEY": aKey(), "ENDPOINT": here, "ROOTS": here}
	if status := run(t.Context(), options{out: t.TempDir()}, lookupIn(vars), io.Discard, io.Discard); status != exitUsage {
		t.Errorf("a folder as the file: exit status %d", status)
	}
	listener.Close()
	if <-connected {
		t.Error("something was sent")
	}
}

// TestInterrupted: what was left out is not decided, and what was learned is written.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	vars := map[string]string{"ID_SCOPE": "0ne00000A0A", "KEY_ID": "dev-1", "KEY": aKey(), "ENDPOINT": "127.0.0.1:1", "ROOTS": "127.0.0.1:1"}
	out := filepath.Join(t.TempDir(), "real.json")
	if status := run(ctx, options{out: out}, lookupIn(vars), io.Discard, io.Discard); status != exitInterrupted {
		t.Errorf("exit status %d", status)
	}
	result, err := readResult([]byte(read(t, out)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range result.Facts {
		if f.Decided || !strings.HasPrefix(f.Conclusion, "not decided: ") {
			t.Errorf("fact %d: %s", f.Number, f.Conclusion)
		}
	}
}

// TestPage: docs/real.md has the tables of the program, and every place that an answer would change
// exists.
func TestPage(t *testing.T) {
	t.Parallel()
	const path = "../../docs/real.md"
	text := read(t, path) + "\n"
	before, rest, ok := strings.Cut(text, pageBegin)
	_, after, ok2 := strings.Cut(rest, pageEnd+"\n")
	if !ok || !ok2 {
		t.Fatal("docs/real.md lacks the markers")
	}
	if want := before + page() + after; text != want {
		if !*update {
			t.Fatal("docs/real.md does not have the tables of the program: go test ./test/real -run Page -update")
		}
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var numbers []int
	for _, f := range facts() {
		numbers = append(numbers, f.number)
		for _, c := range f.changes {
			for _, p := range c.places {
				if !strings.Contains(read(t, "../../"+p.file), p.name) {
					t.Errorf("fact %d: there is no %s", f.number, p)
				}
			}
		}
	}
	if !slices.Equal(numbers, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {
		t.Errorf("facts %v", numbers)
	}
}
