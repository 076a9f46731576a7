package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/time/rate"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/atomicfile/faultdisk"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counter counts the calls of an emulator, by operation, status and device. It is the
// emulator's log.
type counter struct {
	slog.Handler
	mu    sync.Mutex
	calls map[string]int
}

func (c *counter) Enabled(context.Context, slog.Level) bool { return true }

func (c *counter) Handle(_ context.Context, r slog.Record) error {
	if r.Message != emulator.LogCall {
		return nil
	}
	at := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		at[a.Key] = a.Value.String()
		return true
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[at["operation"]+" "+at["status"]+" "+at["registration_id"]]++
	return nil
}

func (c *counter) count(call string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for name, times := range c.calls {
		if strings.HasPrefix(name, call) {
			n += times
		}
	}
	return n
}

// service is an emulator with the configuration of a fleet for it.
type service struct {
	*emulator.Emulator
	calls *counter
	cfg   Config
}

// startService starts an emulator with a configuration in TOML.
func startService(t *testing.T, toml string) *service {
	t.Helper()
	calls := &counter{Handler: slog.DiscardHandler, calls: map[string]int{}}
	file, err := emulator.ParseFile("f.toml", []byte(toml), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	e, err := emulator.Start(t.Context(), emulator.Config{File: file, Files: true, Log: slog.New(calls)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	device := e.Device()
	key, err := dps.ParseKey(dps.NewSecret(groupKey(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	return &service{e, calls, Config{
		Probe: probe.Config{
			Endpoint: device.Endpoint, Scope: device.Scope, Roots: device.Roots,
			Transports: []probe.Transport{probe.NewHTTPS()}, RetryMaxWait: probe.DefaultBudget,
		},
		Credentials: &Credentials{GroupKey: &key, ReadFile: os.ReadFile, LookupEnv: os.LookupEnv},
		Rate:        rate.Inf,
	}}
}

func groupKey(t *testing.T, e *emulator.Emulator) string {
	t.Helper()
	for _, id := range e.Ready().Identities {
		if id.GroupKeyFile != "" {
			text, err := os.ReadFile(id.GroupKeyFile)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
	t.Fatal("no group key")
	return ""
}

// devices are a list of n devices.
func devices(n int) []Device {
	list := make([]Device, n)
	for i := range list {
		list[i] = Device{Line: i + 2, RegistrationID: fmt.Sprintf("dev-%03d", i)}
	}
	return list
}

// quick is an emulator's configuration without waits.
const quick = "retry_after = 0\n"

// fault makes devices fail.
func fault(on, ids, rest string) string {
	return fmt.Sprintf("[[faults]]\non = [%q]\nregistration_ids = [%s]\n%s\n", on, ids, rest)
}

func TestClusters(t *testing.T) {
	t.Parallel()
	s := startService(t, quick+
		fault("register", `"dev-003", "dev-004", "dev-005", "dev-006", "dev-007", "dev-008"`, "status = 404\nerror_code = 404201\nmessage = \"Not found\"")+
		fault("assign", `"dev-010"`, "result = \"failed\"\nerror_code = 400207\nmessage = \"Custom allocation failed with status code: 418\"")+
		fault("register", `"dev-011"`, "status = 503"))
	list := devices(20)
	list[12].keyFile = "gone.key" // it was there when the list was checked
	list[13].key = dps.NewSecret(goodKey)
	s.cfg.Probe.MaxAttempts = 1
	var last Progress
	s.cfg.OnProgress = func(p Progress) { last = p }
	out := Run(t.Context(), list, s.cfg)
	if diff := cmp.Diff(map[advice.Verdict]int{advice.Registered: 10, advice.Fault: 8, advice.NoVerdict: 1, advice.RetryLater: 1}, out.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	var got []string
	for _, c := range out.Clusters {
		got = append(got, fmt.Sprintf("%d %s %s %d %s %s", c.Devices, c.Verdict, c.Cause, c.ErrorCode, c.Transport, c.Stage))
		if len(c.Examples) != min(c.Devices, 5) || c.First.IsZero() || c.Last.Before(c.First) {
			t.Errorf("%+v", c)
		}
	}
	want := []string{
		"6 fault enrollment-not-found 404201 https register", "1 no-verdict  0 https inputs", "1 fault custom-allocation-rejected 400207 https assign",
		"1 retry-later service-transient 503000 https register", "1 fault symmetric-key-mismatch 401002 https register",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clusters (-want +got):\n%s", diff)
	}
	if out.Verdict() != advice.Fault || out.NotStarted != 0 || last.Finished != 20 || last.Faults != 10 || last.InFlight != 0 {
		t.Errorf("verdict %s, %+v", out.Verdict(), last)
	}
}

// A service that enforces its limits loses no device: the 429 of one slows all.
func TestThrottledFleetLosesNobody(t *testing.T) {
	t.Parallel()
	s := startService(t, "retry_after = 0\npolls = 0\n[limits]\nregistrations = 20\nregistrations_seconds = 1\n")
	s.cfg.Concurrency = 8
	start := time.Now()
	held := false
	s.cfg.OnProgress = func(p Progress) { held = held || p.Held > 0 }
	out := Run(t.Context(), devices(60), s.cfg)
	if out.Totals[advice.Registered] != 60 || len(out.Totals) != 1 {
		t.Errorf("totals %v, clusters %+v", out.Totals, out.Clusters)
	}
	if !held || out.Throttled == 0 || out.Retries == 0 || s.calls.count("register 429") != out.Throttled {
		t.Errorf("held %v, throttled %d, retries %d; the emulator refused %d", held, out.Throttled, out.Retries, s.calls.count("register 429"))
	}
	// At most the devices that were on their way are refused when the limit is reached.
	if out.Throttled > 2*(s.cfg.Concurrency+1)+4 {
		t.Errorf("%d calls were refused: the fleet did not slow down", out.Throttled)
	}
	if took := time.Since(start); took < 2*time.Second {
		t.Errorf("60 devices at 20 a second took %v", took)
	}
}

// A fleet ends when the service throttles for good, and no device is lost from the report.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	s := startService(t, fault("register", "", "status = 429\nerror_code = 429001\nretry_after = 1"))
	s.cfg.Patience, s.cfg.Probe.MaxAttempts, s.cfg.Concurrency = time.Millisecond, 1, 2
	out := Run(t.Context(), devices(50), s.cfg)
	if out.Totals[advice.RetryLater] == 0 || out.Totals[advice.RetryLater]+out.NotStarted != 50 || out.NotStarted < 45 ||
		out.Verdict() != advice.RetryLater || out.Clusters[0].Cause != "throttled" {
		t.Errorf("%+v", out)
	}
}

// A poll that is throttled to the end of the retries does not register a second time.
func TestThrottledPollsDoNotRegisterAgain(t *testing.T) {
	t.Parallel()
	s := startService(t, quick+"polls = 1\n[limits]\npolls_per_device = 1\npolls_seconds = 3600\nretry_after = 0\n")
	s.cfg.Probe.MaxAttempts = 1
	out := Run(t.Context(), devices(1), s.cfg)
	if out.Totals[advice.Registered] != 1 || s.calls.count("register") != 1 || s.calls.count("lookup") == 0 {
		t.Errorf("%v, %v", out.Totals, s.calls.calls)
	}
}

func head() Head {
	return Head{Endpoint: "localhost", IDScope: "0ne", Mode: "register", StartedAt: time.Unix(1e9, 0).UTC()}
}

func openJournal(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := OpenJournal(t.Context(), path, head())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// openUnsynced opens a journal that does not wait for the hardware.
func openUnsynced(t *testing.T, path string) *Journal {
	t.Helper()
	file, err := new(faultdisk.Disk).Open(path)
	if err != nil {
		t.Fatal(err)
	}
	j := newJournal(file)
	if err := j.open(head()); err != nil {
		t.Fatal(err)
	}
	return j
}

// A run that is cancelled again and again, and goes on with the same journal, registers every
// device once.
func TestResume(t *testing.T) {
	t.Parallel()
	const n = 40
	s := startService(t, quick+fault("register", `"dev-007"`, "status = 404\nerror_code = 404201"))
	path := filepath.Join(t.TempDir(), "run.jsonl")
	var out Outcome
	for round := 1; ; round++ {
		if round > n {
			t.Fatal("no end")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cfg := s.cfg
		cfg.Concurrency, cfg.Journal = 4, openJournal(t, path)
		cfg.OnProgress = func(p Progress) {
			if p.Finished >= 10*round {
				cancel()
			}
		}
		out = Run(ctx, devices(n), cfg)
		cancel()
		if err := cfg.Journal.Close(); err != nil {
			t.Fatal(err)
		}
		if !out.Interrupted {
			break
		}
		if out.Verdict() != advice.Interrupted || out.finished()+out.NotStarted != n {
			t.Errorf("%d results, %d not started, verdict %s", out.finished(), out.NotStarted, out.Verdict())
		}
	}
	for _, d := range devices(n) {
		if got := s.calls.count("register 202 " + d.RegistrationID); got != 1 && d.RegistrationID != "dev-007" {
			t.Errorf("%s was registered %d times", d.RegistrationID, got)
		}
	}
	if out.Totals[advice.Registered] != n-1 || out.Totals[advice.Fault] != 1 || out.Resumed == 0 || !out.Started.Equal(head().StartedAt) {
		t.Errorf("%+v", out)
	}
}

// A device that was noted before a crash is looked up, and registered only if it was not.
func TestDoubtfulDevicesAreLookedUp(t *testing.T) {
	t.Parallel()
	s := startService(t, quick)
	s.cfg.Probe.Attestation = probe.NewGroupKey(*s.cfg.Credentials.GroupKey)
	register := func(id string) {
		cfg := s.cfg.Probe
		cfg.RegistrationID = id
		if ev := probe.Do(t.Context(), cfg); advice.Diagnose(&ev).Verdict != advice.Registered {
			t.Fatalf("%s: %+v", id, ev.Runs)
		}
	}
	path := filepath.Join(t.TempDir(), "run.jsonl")
	j := openJournal(t, path)
	list := devices(4)
	register(list[0].RegistrationID) // long before: that of another year
	for i, at := range []time.Time{time.Now().Add(time.Hour), time.Now().Add(-time.Minute), time.Now()} {
		if err := j.begin(list[i].RegistrationID, at); err != nil {
			t.Fatal(err)
		}
	}
	register(list[1].RegistrationID) // before the crash, which came before the result was saved
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	s.cfg.Journal = openJournal(t, path)
	out := Run(t.Context(), list, s.cfg)
	if out.Totals[advice.Registered] != 4 {
		t.Errorf("%+v", out)
	}
	for i, want := range []int{2, 1, 1, 1} {
		if got := s.calls.count("register 202 " + list[i].RegistrationID); got != want {
			t.Errorf("%s was registered %d times, want %d", list[i].RegistrationID, got, want)
		}
	}
	if looked := s.calls.count("lookup"); looked != 3 {
		t.Errorf("%d lookups", looked)
	}
}

// Every prefix of a journal is a journal: of each device it has the result, the doubt, or nothing.
func TestJournalSurvivesACutAtAnyByte(t *testing.T) {
	t.Parallel()
	s := startService(t, quick)
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.jsonl")
	s.cfg.Journal = openJournal(t, whole)
	Run(t.Context(), devices(5), s.cfg)
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for size := range len(text) + 1 {
		path := filepath.Join(dir, strconv.Itoa(size)) // a file that is made anew would be flushed by some file systems
		if err := os.WriteFile(path, text[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		j := openUnsynced(t, path)
		whole := text[:size]
		whole = whole[:strings.LastIndexByte(string(whole), '\n')+1]
		if got := strings.Count(string(whole), `"verdict"`); len(j.done) != got {
			t.Errorf("after %d bytes: %d results, want %d", size, len(j.done), got)
		}
		if got := strings.Count(string(whole), `"begun_at"`); len(j.begun)+len(j.done) != got {
			t.Errorf("after %d bytes: %d devices in doubt and %d finished, want %d", size, len(j.begun), len(j.done), got)
		}
		if err := errors.Join(j.begin("next", time.Now()), j.Close()); err != nil {
			t.Fatal(err)
		}
		again := openUnsynced(t, path)
		if len(again.begun) != len(j.begun)+1 {
			t.Errorf("after %d bytes and one more line: %d devices in doubt", size, len(again.begun))
		}
		_ = again.Close()
	}
}

// A journal names devices: other users may not read it.
func TestJournalIsForTheOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"new.jsonl", "empty.jsonl"} {
		path := filepath.Join(dir, name)
		if name == "empty.jsonl" {
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		openJournal(t, path)
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info, err)
		}
	}
}

func TestJournalRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	written := func(text string) string {
		path := filepath.Join(dir, fmt.Sprint(len(text)))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const first = `{"schema":"dpsdiag/fleet-journal/1","endpoint":"localhost","id_scope":"0ne","mode":"register"}` + "\n"
	for want, path := range map[string]string{
		"has a line 1 that dpsdiag did not write": written("registration_id,key\na,b\n"),
		"has a line 2 that dpsdiag did not write": written(first + "{\"verdict\":\"registered\"}\n"),
		"is of the id scope 0ne00 at localhost":   written(strings.Replace(first, `"0ne"`, `"0ne00"`, 1)),
		"is of a run in the mode lookup":          written(strings.Replace(first, `"register"`, `"lookup"`, 1)),
		"is not a regular file":                   os.DevNull,
	} {
		_, err := OpenJournal(t.Context(), path, head())
		if problem, ok := errors.AsType[*JournalError](err); !ok || problem.Problem != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := OpenJournal(t.Context(), filepath.Join(dir, "none", "run.jsonl"), head()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a folder that does not exist: %v", err)
	}
	path := filepath.Join(dir, "used.jsonl")
	openJournal(t, path)
	if _, err := OpenJournal(t.Context(), path, head()); err == nil {
		t.Error("two runs have one journal")
	}
}

// fullDisk is a file on a disk that becomes full in the middle of a line.
type fullDisk struct {
	io.ReadCloser
	data []byte
	room int
}

func (f *fullDisk) WriteAt(text []byte, at int64) (int, error) {
	f.data = append(f.data[:at], text...)
	if len(f.data) > f.room {
		f.data = f.data[:f.room]
		return f.room - int(at), syscall.ENOSPC
	}
	return len(text), nil
}

func (*fullDisk) Sync() error { return nil }

func (f *fullDisk) Truncate(size int64) error {
	f.data = f.data[:size]
	return nil
}

// When the disk is full nothing more begins, and nothing that was learned is lost: it is in
// the outcome, and the next run looks up what it does not know.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	const n = 12
	s := startService(t, quick)
	disk := &fullDisk{ReadCloser: io.NopCloser(strings.NewReader("")), room: 1500}
	j := newJournal(disk)
	if err := j.open(head()); err != nil {
		t.Fatal(err)
	}
	s.cfg.Journal, s.cfg.Concurrency = j, 2
	out := Run(t.Context(), devices(n), s.cfg)
	if !errors.Is(out.Unsaved, syscall.ENOSPC) || out.NotStarted == 0 || out.Verdict() != advice.NoVerdict {
		t.Fatalf("%+v", out)
	}
	begun := s.calls.count("register 202")
	if out.Totals[advice.Registered] != begun || begun+out.NotStarted != n {
		t.Errorf("%d registered, %d reported, %d not started", begun, out.Totals[advice.Registered], out.NotStarted)
	}
	path := filepath.Join(t.TempDir(), "run.jsonl")
	if err := os.WriteFile(path, disk.data, 0o600); err != nil {
		t.Fatal(err)
	}
	s.cfg.Journal = openJournal(t, path)
	if out := Run(t.Context(), devices(n), s.cfg); out.Totals[advice.Registered] != n || s.calls.count("register 202") != n {
		t.Errorf("%d registered in %d calls", out.Totals[advice.Registered], s.calls.count("register 202"))
	}
}
