package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
	"dpsdiag/internal/schematest"
	"dpsdiag/internal/service"
)

// TestInspectHealthy: a device on which all is well fits a screen, with exit status 0.
func TestInspectHealthy(t *testing.T) {
	t.Parallel()
	schema := schematest.Load(t, "inspect-1")
	for _, kind := range []emulator.Attestation{emulator.SymmetricKey, emulator.GroupKey, emulator.X509} {
		s := stageOf(t, sided{kind: kind})
		if status, out := s.run(t, append(s.probe(t, "https"), s.api()...)...); status != report.ExitOK {
			t.Fatalf("%s: the probe ends with %d: %s", kind, status, out)
		}
		status, out := s.run(t, append(s.inspect(t), s.api()...)...)
		schema.Check(t, string(kind), out)
		doc := decodeJSON[report.Inspection](t, out)
		if status != report.ExitOK || doc.Verdict != report.InspectClear || len(doc.Causes) > 0 {
			t.Errorf("%s: exit status %d, %s\n%s", kind, status, doc.Verdict, checksOf(&doc.Service))
		}
		for _, c := range doc.Checks {
			if c.Outcome != "passed" && c.Outcome != "not-applicable" {
				t.Errorf("%s: %s %s: %s", kind, c.ID, c.Outcome, c.Detail)
			}
		}
		args := append(s.inspect(t), s.api()...)
		args[slices.Index(args, "json")] = "text"
		status, text := s.run(t, args...)
		if lines := strings.Count(string(text), "\n"); status != report.ExitOK || lines > 24 {
			t.Errorf("%s: %d lines, exit status %d:\n%s", kind, lines, status, text)
		}
	}
}

// TestOnlyReadsAreSent counts what the emulator logs of a policy that has every right: nothing but
// reads, and nothing is changed.
func TestOnlyReadsAreSent(t *testing.T) {
	t.Parallel()
	for _, kind := range []emulator.Attestation{emulator.GroupKey, emulator.SymmetricKey} { // enrolled by a group, and individually
		s := stageOf(t, sided{kind: kind})
		before, after := t.TempDir(), t.TempDir()
		if err := s.emulator.Export(before); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.run(t, append(s.inspect(t), s.api()...)...)
		}
		if err := s.emulator.Export(after); err != nil {
			t.Fatal(err)
		}
		paths, err := filepath.Glob(filepath.Join(before, "*.json"))
		if err != nil || len(paths) < 4 {
			t.Fatalf("%d files, %v", len(paths), err)
		}
		for _, path := range paths {
			is, err := os.ReadFile(filepath.Join(after, filepath.Base(path)))
			if was := readBytes(t, path); err != nil || !bytes.Equal(was, is) {
				t.Errorf("%s: %s was changed, %v", kind, filepath.Base(path), err)
			}
		}
	}
}

// TestCredentialsOfTheService: what the service refuses is reported, and the rest is diagnosed all the same.
func TestCredentialsOfTheService(t *testing.T) {
	t.Parallel()
	s := stageOf(t, sided{scenario: "symmetric-key-mismatch"})
	owner, err := service.ParseConnectionString(s.connection)
	if err != nil {
		t.Fatal(err)
	}
	owner.Key = owner.Key.Derive("another key")
	s.connection = owner.Text()

	status, out := s.run(t, append(s.inspect(t), s.api()...)...)
	doc := decodeJSON[report.Inspection](t, out)
	if status != report.ExitNoVerdict || len(doc.Causes) != 1 || doc.Causes[0].ID != "service-credentials-insufficient" {
		t.Errorf("inspect with another policy's key: exit status %d, %v", status, summary(doc.Causes))
	}
	status, out = s.run(t, append(s.probe(t, "https"), s.api()...)...)
	both := decodeJSON[report.Probe](t, out)
	if status != report.ExitFault || len(both.Causes) == 0 || both.Causes[0].Strength == "proves" || !strings.Contains(string(out), "service-credentials-insufficient") {
		t.Errorf("probe with another policy's key: exit status %d, %v, warnings %v", status, summary(both.Causes), both.Warnings)
	}
}

// TestRightsOfThePolicy: what a policy may not read is reported and skipped, and the rest is read.
func TestRightsOfThePolicy(t *testing.T) {
	t.Parallel()
	s := stageOf(t, sided{scenario: "enrollment-disabled"})
	for policy, want := range map[string]struct {
		status                 int
		access, enrolled, held string
	}{
		"reader":        {report.ExitFault, "access-partial", "enrolled-individually", "not-read"},
		"registrations": {report.ExitNoVerdict, "access-partial", "not-read", "not-read"},
	} {
		s.as(t, policy)
		status, out := s.run(t, append(s.inspect(t), s.api()...)...)
		results := map[string]string{}
		for _, c := range decodeJSON[report.Inspection](t, out).Checks {
			results[c.ID] = c.Result
		}
		if status != want.status || results["access"] != want.access || results["enrollment"] != want.enrolled || results["key"] != want.held {
			t.Errorf("%s: exit status %d, %v", policy, status, results)
		}
	}
}

// TestCertificateAlone: to compare a certificate takes no private key.
func TestCertificateAlone(t *testing.T) {
	t.Parallel()
	s := stageOf(t, sided{scenario: "cert-enrollment-mismatch"})
	args := append(s.inspect(t), s.api()...)
	at := slices.Index(args, "--cert-key")
	status, out := s.run(t, slices.Delete(args, at, at+2)...)
	doc := decodeJSON[report.Inspection](t, out)
	if status != report.ExitFault || len(doc.Causes) == 0 || doc.Causes[0].ID != "cert-enrollment-mismatch" || doc.Causes[0].Strength != "proves" {
		t.Errorf("exit status %d, %v", status, summary(doc.Causes))
	}
}

// TestAnotherInstance: an enrollment that is missing in some instance proves nothing while it is not
// known whether that is the device's.
func TestAnotherInstance(t *testing.T) {
	t.Parallel()
	s := stageOf(t, sided{scenario: "enrollment-not-found"})
	status, out := s.run(t, append(s.inspect(t), "--service-env", "DPS")...)
	doc := decodeJSON[report.Inspection](t, out)
	if status != report.ExitFault || len(doc.Causes) != 2 || doc.Causes[0].Strength == "proves" {
		t.Errorf("exit status %d, %v", status, summary(doc.Causes))
	}
}

// TestWatch: --watch ends when somebody changes the enrollment, with what is there then.
func TestWatch(t *testing.T) {
	t.Parallel()
	s := stageOf(t, sided{scenario: "enrollment-disabled"})
	w := newWorld()
	began := make(chan struct{})
	w.stderr = &tripwire{word: "reading again", fired: began, out: &w.err}
	w.lookupEnv = func(name string) (string, bool) { return s.connection.Reveal(), name == "DPS" }
	changed := make(chan error, 1)
	go func() {
		<-began
		changed <- s.enable(t.Context())
	}()
	args := append(s.inspect(t), append(s.api(), "--watch", "--every", "1s")...)
	args[slices.Index(args, "-q")] = "--no-color"
	status := w.run(t, args...)
	if err := <-changed; err != nil {
		t.Fatal(err)
	}
	doc := decodeJSON[report.Inspection](t, w.out.Bytes())
	if status != report.ExitOK || doc.Verdict != report.InspectClear {
		t.Errorf("exit status %d, %s: %s", status, doc.Verdict, w.err.String())
	}
	if !strings.Contains(w.err.String(), "changed: ") || !strings.Contains(w.err.String(), "status passed") {
		t.Errorf("standard error: %s", w.err.String())
	}
}

// tripwire writes on, and says when a word has been written.
type tripwire struct {
	word  string
	fired chan struct{}
	done  bool
	out   io.Writer
}

func (w *tripwire) Write(b []byte) (int, error) {
	if !w.done && bytes.Contains(b, []byte(w.word)) {
		w.done = true
		close(w.fired)
	}
	return w.out.Write(b)
}

// enable enables the individual enrollment over the service API, as an operator would.
func (s *stage) enable(ctx context.Context) error {
	owner, err := service.ParseConnectionString(s.connection)
	if err != nil {
		return err
	}
	file := map[string]any{}
	for key, value := range s.files["enrollment-"+s.device.RegistrationID+".json"] {
		if key != "etag" && key != "registrationState" {
			file[key] = value
		}
	}
	file["provisioningStatus"] = "enabled"
	body, err := json.Marshal(file)
	if err != nil {
		return err
	}
	url := "https://" + owner.Host + service.Path(service.Enrollments, s.device.RegistrationID) + "?api-version=" + service.APIVersion
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", owner.Token(time.Now().Add(time.Hour)).Reveal())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("If-Match", "*")
	client := http.Client{Transport: serviceTransport(s.device.Roots, nil)}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body) // the status is the error
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	return nil
}

// TestInspectInterrupted: Ctrl-C while the service does not answer shows what was read.
func TestInspectInterrupted(t *testing.T) {
	t.Parallel()
	s := stageOf(t, sided{scenario: "enrollment-disabled"})
	w := newWorld()
	w.lookupEnv = func(name string) (string, bool) { return s.connection.Reveal(), name == "DPS" }
	ctx, interrupt := context.WithCancel(t.Context())
	w.stderr = &tripwire{word: "reading again", fired: make(chan struct{}), out: interruptOn{&w.err, interrupt}}
	args := append(s.inspect(t), append(s.api(), "--watch", "--every", "1h")...)
	args[slices.Index(args, "-q")] = "--no-color"
	status := run(ctx, &w.app, args)
	doc := decodeJSON[report.Inspection](t, w.out.Bytes())
	if status != report.ExitInterrupted || doc.Verdict != report.InspectInterrupted || len(doc.Causes) != 1 {
		t.Errorf("exit status %d, %s, %v", status, doc.Verdict, summary(doc.Causes))
	}
}

// interruptOn interrupts when it is written to.
type interruptOn struct {
	out       io.Writer
	interrupt context.CancelFunc
}

func (w interruptOn) Write(b []byte) (int, error) {
	w.interrupt()
	return w.out.Write(b)
}

// TestSidesInABundle: no secret of the service's side gets into a bundle.
func TestSidesInABundle(t *testing.T) {
	t.Parallel()
	s := stageOf(t, sided{scenario: "symmetric-key-mismatch"})
	bundle := filepath.Join(s.dir, "b.zip")
	for _, flags := range [][]string{s.api(), s.enrollments()} {
		args := append(s.probe(t, "https"), flags...)
		status, out := s.run(t, append(args, "-o", "bundle="+bundle, "-v")...)
		if status != report.ExitFault || !bytes.Contains(out, []byte("key-other")) {
			t.Errorf("%v: exit status %d", flags, status)
		}
		for _, text := range unzip(t, bundle) {
			for _, key := range s.keys(t) {
				if strings.Contains(text, key) {
					t.Errorf("%v: a key of the enrollment is in the bundle", flags)
				}
			}
		}
		if err := os.Remove(bundle); err != nil {
			t.Fatal(err)
		}
	}
}

// keys are the keys of the enrollments and of the policy.
func (s *stage) keys(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, file := range s.files {
		attestation, _ := file["attestation"].(map[string]any)
		held, _ := attestation["symmetricKey"].(map[string]any)
		for _, name := range []string{"primaryKey", "secondaryKey"} {
			if text, ok := held[name].(string); ok {
				list = append(list, text)
			}
		}
	}
	owner, err := service.ParseConnectionString(s.connection)
	if err != nil {
		t.Fatal(err)
	}
	return append(list, owner.Key.Text().Reveal())
}

// TestWatchIgnoresAFailedRead: a reading of which one request failed is not a change; the next one is
// compared again.
func TestWatchIgnoresAFailedRead(t *testing.T) {
	t.Parallel()
	var readings atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch registered := strings.HasPrefix(r.URL.Path, "/registrations/"); {
		case strings.HasSuffix(r.URL.Path, "/query"):
			_, _ = io.WriteString(w, `[]`)
		case registered && readings.Add(1) == 2:
			w.WriteHeader(http.StatusInternalServerError)
		case registered && readings.Load() > 2:
			_, _ = io.WriteString(w, `{"registrationId":"dev-01","status":"assigned","assignedHub":"hub.azure-devices.net"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	w.setEnv(map[string]string{"DPS": "HostName=" + strings.TrimPrefix(server.URL, "https://") + ";SharedAccessKeyName=p;SharedAccessKey=" + strings.Repeat("QUFB", 11)})
	status := w.run(t, "inspect", "dev-01", "--service-env", "DPS", "--ca-file", ca, "--watch", "--every", "1s", "-o", "json", "--no-color")
	doc := decodeJSON[report.Inspection](t, w.out.Bytes())
	results := map[string]string{}
	for _, c := range doc.Checks {
		results[c.ID] = c.Result
	}
	if results["registration"] != "registration-assigned" || results["access"] != "access-granted" {
		t.Errorf("exit status %d, %v", status, results)
	}
	if said := w.err.String(); !strings.Contains(said, "not everything could be read this time") || !strings.Contains(said, "changed: registration") {
		t.Errorf("standard error: %s", said)
	}
}
