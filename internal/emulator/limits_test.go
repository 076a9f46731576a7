package emulator

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	t.Parallel()
	var w window
	r := rate{calls: 2, period: time.Minute}
	for i, step := range []struct {
		at, wait time.Duration
	}{
		{0, 0},
		{10 * time.Second, 0},
		{20 * time.Second, 40 * time.Second},
		{59 * time.Second, time.Second},
		{time.Minute, 0},
		{61 * time.Second, 9 * time.Second},
		{70 * time.Second, 0},
		{3 * time.Minute, 0},
		{3 * time.Minute, 0},
		{3 * time.Minute, time.Minute},
	} {
		wait, ok := w.take(r, noon.Add(step.at))
		if wait != step.wait || ok != (step.wait == 0) {
			t.Errorf("call %d at %v: wait %v, %v; want %v", i, step.at, wait, ok, step.wait)
		}
	}
}

// withLimits is a service with [limits] and a clock to set.
func withLimits(t *testing.T, text string) (s *service, now *time.Time) {
	t.Helper()
	file, err := ParseFile("f.toml", []byte(text), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	s, _ = newTestService(t, func(w *world) error { return file.apply(&w.service, w.enrollTPM) })
	now = new(noon)
	s.now = func() time.Time { return *now }
	return s, now
}

func TestRegistrationsAreLimitedPerService(t *testing.T) {
	t.Parallel()
	s, now := withLimits(t, "[limits]\nregistrations = 2\n")
	register := func(id string) response {
		return s.call(&caller{registrationID: id, enrollment: s.enrolled.individual(keyDevice)}, request{operation: opRegister})
	}
	for _, id := range []string{"a", "b"} {
		if got := register(id); got.status != http.StatusAccepted {
			t.Fatalf("%s: %+v", id, got)
		}
	}
	*now = now.Add(20*time.Second + time.Millisecond)
	for range 3 { // what is refused does not count
		got := register("c")
		if got.status != http.StatusTooManyRequests || got.errorCode != 429001 || seconds(*got.retryAfter) != 40 {
			t.Fatalf("above the limit: %+v", got)
		}
	}
	*now = now.Add(40 * time.Second)
	if got := register("c"); got.status != http.StatusAccepted {
		t.Errorf("after the wait: %+v", got)
	}
}

func TestPollsAreLimitedPerDevice(t *testing.T) {
	t.Parallel()
	s, now := withLimits(t, "polls = 1000\n[limits]\nretry_after = 7\n")
	poll := func(id, operation string) response {
		return s.call(&caller{registrationID: id, enrollment: s.enrolled.individual(keyDevice)}, request{operation: opStatus, operationID: operation})
	}
	var operations []string
	for _, id := range []string{"a", "b"} {
		answer := s.call(&caller{registrationID: id, enrollment: s.enrolled.individual(keyDevice)}, request{operation: opRegister})
		operations = append(operations, answer.operationID)
	}
	for range defaultPollsPerDevice {
		if got := poll("a", operations[0]); got.status != http.StatusAccepted {
			t.Fatalf("below the limit: %+v", got)
		}
	}
	if got := poll("a", operations[0]); got.status != http.StatusTooManyRequests || seconds(*got.retryAfter) != 7 {
		t.Errorf("above the limit: %+v", got)
	}
	if got := poll("b", operations[1]); got.status != http.StatusAccepted {
		t.Errorf("another device: %+v", got)
	}
	*now = now.Add(defaultPollsSeconds * time.Second)
	if got := poll("a", operations[0]); got.status != http.StatusAccepted {
		t.Errorf("after the window: %+v", got)
	}
}

// A device above the limit gets the time to wait.
func TestLimitsOverHTTPS(t *testing.T) {
	t.Parallel()
	file, err := ParseFile("f.toml", []byte("[limits]\nregistrations = 1\nretry_after = 7\n"), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	e := begin(t, Config{File: file})
	c := newClient(t, e.Device())
	c.enter().want(t, assigned)
	got := c.register()
	got.want(t, tooMany)
	wantHeader(t, got.header, map[string]string{"Retry-After": "7"})
}

func TestBadLimits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[limits]\nregistrations = 0":         "f.toml:2:1: limits.registrations: 0 is not between 1 and 1000000",
		"[limits]\npolls_seconds = 100000":    "f.toml:2:1: limits.polls_seconds: 100000 is not between 1 and 86400",
		"[limits]\nretry_after = -1":          "f.toml:2:1: limits.retry_after: -1 is not between 0 and 86400",
		"[limits]\nregistrations_minute = 10": `f.toml:2:1: unknown key "limits.registrations_minute"`,
	} {
		_, err := ParseFile("f.toml", []byte(text), os.ReadFile)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
