package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/advice"
)

// failedRun runs a fleet of which three devices fail, with a journal at path. All but dev-003 would
// register a second time.
func failedRun(t *testing.T, path string) *service {
	t.Helper()
	s := startService(t, quick+
		fault("register", `"dev-001"`, "times = 1\nstatus = 404\nerror_code = 404201\nmessage = \"Not found\"")+
		fault("assign", `"dev-002"`, "times = 1\nresult = \"failed\"\nerror_code = 400207\nmessage = \"Custom allocation failed with status code: 418\"")+
		fault("register", `"dev-003"`, "status = 404\nerror_code = 404201\nmessage = \"Not found\""))
	s.cfg.Journal, s.cfg.Concurrency = openJournal(t, path), 1
	out := Run(t.Context(), devices(6), s.cfg)
	if err := s.cfg.Journal.Close(); err != nil || out.Totals[advice.Fault] != 3 || out.Totals[advice.Registered] != 3 {
		t.Fatalf("%+v, %v", out, err)
	}
	return s
}

// Devices that failed are registered again, the others are left alone, and the last results count in
// this run and in the next one.
func TestRetryFailed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.jsonl")
	s := failedRun(t, path)
	for _, retry := range []bool{true, false} {
		s.cfg.RetryFailed, s.cfg.Journal = retry, openJournal(t, path)
		out := Run(t.Context(), devices(6), s.cfg)
		if err := s.cfg.Journal.Close(); err != nil {
			t.Fatal(err)
		}
		resumed := map[bool]int{true: 3, false: 6}[retry]
		if out.Totals[advice.Registered] != 5 || out.Totals[advice.Fault] != 1 || out.Resumed != resumed || out.Verdict() != advice.Fault ||
			len(out.Clusters) != 1 || out.Clusters[0].Devices != 1 || out.Clusters[0].Examples[0] != "dev-003" {
			t.Errorf("retry %v: %+v", retry, out)
		}
	}
	for call, want := range map[string]int{
		"register 202 dev-000": 1, "register 202 dev-001": 1, "register 202 dev-002": 2, "register 404 dev-003": 2, "register 202 dev-005": 1, "lookup": 0,
	} {
		if got := s.calls.count(call); got != want {
			t.Errorf("%s: %d times, want %d", call, got, want)
		}
	}
}

// A run that is cancelled before it retries anything keeps the earlier results.
func TestRetryFailedKeepsWhatWasNotReached(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.jsonl")
	s := failedRun(t, path)
	s.cfg.RetryFailed, s.cfg.Journal = true, openJournal(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := Run(ctx, devices(7), s.cfg)
	if out.finished()+out.NotStarted != 7 || out.NotStarted > 1 || !out.Interrupted || out.Totals[advice.Fault]+out.Totals[advice.Interrupted] != 3+1-out.NotStarted {
		t.Errorf("%+v", out)
	}
}

// Whatever byte a journal of a retry ends at, the last whole line of each device counts: a device whose
// second registration has begun is in doubt, no longer finished.
func TestJournalOfARetrySurvivesACutAtAnyByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := filepath.Join(dir, "run.jsonl")
	s := failedRun(t, whole)
	s.cfg.RetryFailed, s.cfg.Journal = true, openJournal(t, whole)
	Run(t.Context(), devices(6), s.cfg)
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for size := range len(text) + 1 {
		path := filepath.Join(dir, strconv.Itoa(size))
		if err := os.WriteFile(path, text[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		j := openUnsynced(t, path)
		verdicts := map[string]advice.Verdict{} // "" is begun
		for i, line := range strings.SplitAfter(string(text[:size]), "\n") {
			var r Result
			if i > 0 && strings.HasSuffix(line, "\n") && json.Unmarshal([]byte(line), &r) == nil {
				verdicts[r.RegistrationID] = r.Verdict
			}
		}
		for id, want := range verdicts {
			result, done := j.result(id)
			if done != (want != "") || result.Verdict != want || j.doubt(id).IsZero() != done {
				t.Errorf("after %d bytes: %s is %q, in doubt since %v; want %q", size, id, result.Verdict, j.doubt(id), want)
			}
		}
		if err := errors.Join(j.begin("next", time.Now()), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
