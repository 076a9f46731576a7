package probe

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
)

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]*RetryAfter{
		"":                              nil,
		" 3 ":                           {Text: "3", Wait: 3 * time.Second, Valid: true},
		"0":                             {Text: "0", Valid: true},
		"1000000":                       {Text: "1000000", Wait: 1000000 * time.Second, Valid: true},
		"Fri, 02 Jan 2026 03:04:15 GMT": {Text: "Fri, 02 Jan 2026 03:04:15 GMT", Wait: 10 * time.Second, Valid: true},
		"Thu, 01 Jan 2026 03:04:15 GMT": {Text: "Thu, 01 Jan 2026 03:04:15 GMT", Valid: true},
		"-1":                            {Text: "-1"},
		"2.5":                           {Text: "2.5"},
		"99999999999999999999":          {Text: "99999999999999999999"},
		"soon":                          {Text: "soon"},
	} {
		if diff := cmp.Diff(want, ParseRetryAfter(text, now)); diff != "" {
			t.Errorf("ParseRetryAfter(%q) (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	f.Add("3")
	f.Add("Fri, 02 Jan 2026 03:04:15 GMT")
	f.Fuzz(func(t *testing.T, text string) {
		ra := ParseRetryAfter(text, time.Unix(1767225600, 0))
		if ra != nil && (ra.Wait < 0 || !ra.Valid && ra.Wait != 0) {
			t.Errorf("ParseRetryAfter(%q) = %+v", text, ra)
		}
	})
}

// TestPacerFullJitter: each pause is between zero and a limit that doubles, and the pauses
// differ, so that devices that failed together spread out.
func TestPacerFullJitter(t *testing.T) {
	t.Parallel()
	const longest = 8 * time.Second
	different := map[time.Duration]bool{}
	for range 50 {
		p := newPacer(longest)
		for ceiling := 2 * firstBackoff; ceiling <= 2*longest; ceiling *= 2 {
			got := p.afterRefusal(nil)
			if got < 0 || got > min(ceiling, longest)+time.Nanosecond {
				t.Fatalf("pause %v, the ceiling is %v", got, ceiling)
			}
			different[got] = true
		}
	}
	if len(different) < 100 {
		t.Errorf("only %d different pauses", len(different))
	}
}

func TestPacerHonoursRetryAfter(t *testing.T) {
	t.Parallel()
	p := newPacer(30 * time.Second)
	for range 100 {
		if got := p.afterRefusal(&RetryAfter{Valid: true, Wait: 4 * time.Second}); got < 4*time.Second || got > 5*time.Second {
			t.Fatalf("asked for 4 s, pause %v", got)
		}
	}
	if got := p.afterRefusal(&RetryAfter{Valid: true, Wait: time.Hour}); got != 30*time.Second {
		t.Errorf("asked for an hour, pause %v, the longest is 30 s", got)
	}
	if got := p.beforePoll(&RetryAfter{Text: "soon"}, 1); got != defaultPoll {
		t.Errorf("unreadable Retry-After: pause %v, want %v", got, defaultPoll)
	}
	none := &RetryAfter{Valid: true}
	if early, late := p.beforePoll(none, freePolls), p.beforePoll(none, freePolls+1); early != 0 || late != leastPoll {
		t.Errorf("asked for no pause: %v, later %v", early, late)
	}
}

// script is a Session that returns answers from a list and repeats the last one.
type script struct {
	answers []Answer
	calls   int
}

func (s *script) next() Answer {
	a := s.answers[min(s.calls, len(s.answers)-1)]
	s.calls++
	return a
}

func (s *script) Register(context.Context, []byte) Answer { return s.next() }
func (s *script) Status(context.Context, string) Answer   { return s.next() }
func (s *script) Lookup(context.Context, []byte) Answer   { return s.next() }
func (s *script) Close() error                            { return nil }

func operation(status dps.Status, wait time.Duration) Answer {
	return Answer{
		Status:     202,
		Body:       dps.Body{Kind: dps.BodyOperation, Operation: &dps.Operation{OperationID: "op", Status: status}},
		RetryAfter: &RetryAfter{Valid: true, Wait: wait},
	}
}

// TestWaitsFollowTheService runs register and assign on a scripted session in virtual time:
// the pauses are those that the service asked for, and the budget ends the wait.
func TestWaitsFollowTheService(t *testing.T) {
	assigning := operation(dps.StatusAssigning, 3*time.Second)
	tests := map[string]struct {
		answers []Answer
		took    time.Duration
		calls   int
		end     End
	}{
		"assigned at the second poll": {[]Answer{assigning, assigning, operation(dps.StatusAssigned, 0)}, 6 * time.Second, 3, ""},
		"assigning for ever":          {[]Answer{assigning}, 57 * time.Second, 20, EndUnanswered},
		"asked to wait too long":      {[]Answer{operation(dps.StatusAssigning, time.Hour)}, 30 * time.Second, 2, EndUnanswered},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), DefaultBudget)
				defer cancel()
				session := &script{answers: test.answers}
				r := scripted(t, session)
				start := time.Now()
				if f := r.register(ctx); f.Outcome != Passed {
					t.Fatalf("register: %+v", f)
				}
				r.assign(ctx)
				if took := time.Since(start); took != test.took || session.calls != test.calls || r.run.End != test.end {
					t.Errorf("took %v, %d calls, end %q; want %v, %d, %q", took, session.calls, r.run.End, test.took, test.calls, test.end)
				}
			})
		})
	}
}

// TestStrangeHub: a service in Azure names a hub in Azure, or something else sent the
// answer; a service elsewhere may name any host.
func TestStrangeHub(t *testing.T) {
	for _, test := range []struct {
		service, hub string
		strange      bool
	}{
		{"global.azure-devices-provisioning.net", "plant-4.azure-devices.net", false},
		{"global.azure-devices-provisioning.net", "attacker.example", true},
		{"plant.azure-devices-provisioning.us", "localhost:22", true},
		{"localhost", "localhost:22", false},
	} {
		session := &script{answers: []Answer{operation(dps.StatusAssigned, 0)}}
		session.answers[0].Body.Operation.Registration = &dps.Registration{Status: dps.StatusAssigned, AssignedHub: test.hub, DeviceID: "sensor-17"}
		r := scripted(t, session)
		r.target.Endpoint.Host = test.service
		r.register(t.Context())
		f := r.assign(t.Context())
		_, registration := stateOf(r.last)
		if (f.Outcome == Warned) != test.strange || (r.hubOutOfReach(registration) != "") != test.strange {
			t.Errorf("%s names %s: %s, hub %q", test.service, test.hub, f.Outcome, r.hubOutOfReach(registration))
		}
	}
}

// TestOddAssignments: an answer that does not come from the service causes a warning.
func TestOddAssignments(t *testing.T) {
	for name, test := range map[string]struct {
		registration dps.Registration
		outcome      Outcome
	}{
		"as it should be":      {dps.Registration{AssignedHub: "plant-4.azure-devices.net", RegistrationID: "DEV-01"}, Passed},
		"without a hub":        {dps.Registration{RegistrationID: "dev-01"}, Warned},
		"another registration": {dps.Registration{AssignedHub: "plant-4.azure-devices.net", RegistrationID: "dev-02"}, Warned},
	} {
		session := &script{answers: []Answer{operation(dps.StatusAssigned, 0)}}
		test.registration.Status = dps.StatusAssigned
		session.answers[0].Body.Operation.Registration = &test.registration
		r := scripted(t, session)
		r.target.RegistrationID = "dev-01"
		r.register(t.Context())
		if f := r.assign(t.Context()); f.Outcome != test.outcome {
			t.Errorf("%s: %s, %s", name, f.Outcome, f.Detail)
		}
	}
}

// TestRegistrationsTakeTurns: while one run registers, another waits for it.
func TestRegistrationsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := scripted(t, &script{answers: []Answer{operation(dps.StatusAssigned, 0)}})
		second := &runner{shared: first.shared, transport: first.transport, run: &Run{}, session: first.session, pace: first.pace}
		first.register(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if f := second.register(ctx); f.Outcome != Failed || second.run.End != EndTimeout {
			t.Errorf("a second run registered at the same time as the first: %+v", f)
		}
		first.assign(t.Context())
		if f := second.register(t.Context()); f.Outcome != Passed {
			t.Errorf("the turn was not handed on: %+v", f)
		}
	})
}

func scripted(t *testing.T, session Session) *runner {
	t.Helper()
	cfg := Config{Transports: []Transport{NewHTTPS()}}.withDefaults()
	return &runner{
		shared:    &shared{cfg: cfg, parent: t.Context(), registering: make(chan struct{}, 1)},
		target:    Target{Mode: cfg.Mode},
		transport: NewHTTPS(),
		run:       &Run{},
		session:   session,
		pace:      newPacer(cfg.RetryMaxWait),
	}
}
