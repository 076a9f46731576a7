package advice

import (
	"slices"
	"testing"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/inspect"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// shown adds a service's side with checks of these results.
func shown(results ...inspect.Result) change {
	return func(ev *probe.Evidence) {
		ev.Service = sideWith(results...)
	}
}

func sideWith(results ...inspect.Result) *inspect.Findings {
	f := &inspect.Findings{Source: inspect.SourceAPI}
	for _, r := range results {
		outcome := inspect.Passed
		if s := sights()[r]; s.proves != cause.None || len(s.suggests) > 0 {
			outcome = inspect.Failed
		}
		f.Checks = append(f.Checks, inspect.Check{ID: inspect.CheckKey, Outcome: outcome, Result: r, Detail: "detail of " + string(r)})
	}
	return f
}

func strengthOf(causes []Cause, id cause.ID) Strength {
	if i := slices.IndexFunc(causes, func(c Cause) bool { return c.ID == id }); i >= 0 {
		return causes[i].Strength
	}
	return Silent
}

// TestSightsDecide: each result proves its cause, makes it likely, or rules it out, for a device that
// was refused in a way that allows it, and says so with the detail of the check.
func TestSightsDecide(t *testing.T) {
	t.Parallel()
	refused := refuse(401, 401002, "Unauthorized")
	failed := state(dps.StatusFailed, 400208, "no hub")
	for result, s := range sights() {
		change := refused
		if s.later {
			change = failed
		}
		if s.aside {
			continue
		}
		d := Diagnose(refusedProbe(change, shown(result)))
		if s.proves != cause.None {
			if got := strengthOf(d.Causes, s.proves); got != Proves || len(d.Causes) != 1 {
				t.Errorf("%s: %s is %s of %d causes", result, s.proves, got, len(d.Causes))
			}
			if !slices.Contains(d.Causes[0].Because, "the service's side: detail of "+string(result)) {
				t.Errorf("%s: because %q", result, d.Causes[0].Because)
			}
		}
		for _, id := range s.suggests {
			if got := strengthOf(d.Causes, id); got < Suggests {
				t.Errorf("%s: %s is %s", result, id, got)
			}
		}
		for _, id := range s.rulesOut {
			if strengthOf(d.Causes, id) != Silent || !slices.ContainsFunc(d.RuledOut, func(c Cause) bool { return c.ID == id }) {
				t.Errorf("%s: %s is not ruled out", result, id)
			}
		}
	}
}

// TestSideAndAnswer: a check counts only if it can be the reason, and what the attempt itself
// shows counts more.
func TestSideAndAnswer(t *testing.T) {
	t.Parallel()
	refused := refuse(401, 401002, "Unauthorized")
	for name, test := range map[string]struct {
		ev     *probe.Evidence
		proven []cause.ID
		warned []cause.ID // that are warnings in place of causes
	}{
		"two obstacles":           {refusedProbe(refused, shown(inspect.KeyOther, inspect.StatusDisabled)), []cause.ID{cause.EnrollmentDisabled, cause.SymmetricKeyMismatch}, nil},
		"another instance":        {refusedProbe(refused, shown(inspect.KeyOther, inspect.StatusDisabled, inspect.ScopeOther)), []cause.ID{cause.WrongIDScope}, nil},
		"hubs and a refused key":  {refusedProbe(refused, shown(inspect.KeyOther, inspect.HubsNone)), []cause.ID{cause.SymmetricKeyMismatch}, []cause.ID{cause.NoHubAvailable}},
		"hubs alone":              {refusedProbe(refused, shown(inspect.HubsNone)), nil, []cause.ID{cause.NoHubAvailable}},
		"key of an accepted one":  {refusedProbe(state(dps.StatusFailed, 400208, ""), shown(inspect.KeyOther, inspect.HubsNone)), []cause.ID{cause.NoHubAvailable}, []cause.ID{cause.SymmetricKeyMismatch}},
		"registered":              {refusedProbe(accept, shown(inspect.KeyOther)), nil, []cause.ID{cause.SymmetricKeyMismatch}},
		"throttled":               {refusedProbe(bare(429), ends(probe.EndExhausted), shown(inspect.KeyOther)), nil, []cause.ID{cause.SymmetricKeyMismatch}},
		"page of a proxy":         {refusedProbe(page(403), shown(inspect.KeyOther)), nil, []cause.ID{cause.SymmetricKeyMismatch}},
		"no name resolved":        {refusedProbe(unresolved(netfail.NoSuchHost), shown(inspect.KeyOther)), nil, []cause.ID{cause.SymmetricKeyMismatch}},
		"enabled since, disabled": {refusedProbe(state(dps.StatusDisabled, 0, ""), shown(inspect.StatusEnabled)), []cause.ID{cause.EnrollmentDisabled}, nil},
		"disabled, disabled":      {refusedProbe(state(dps.StatusDisabled, 0, ""), shown(inspect.StatusDisabled)), []cause.ID{cause.EnrollmentDisabled}, nil},
		"alert":                   {refusedProbe(device(), alert(46), shown(inspect.CertificateOther)), []cause.ID{cause.CertEnrollmentMismatch}, nil},
		"assigning for ever":      {refusedProbe(shown(inspect.KeyPrimary)), nil, nil},
		"credential of the side":  {refusedProbe(refused, shown(inspect.AccessDenied)), nil, []cause.ID{cause.ServiceCredentialsInsufficient}},
	} {
		d := Diagnose(test.ev)
		var proven []cause.ID
		for _, c := range d.Causes {
			// What the answer alone proves, such as throttling, is not the matter here.
			if c.Strength == Proves && slices.ContainsFunc(c.Because, func(line string) bool { return len(line) > 14 && line[:14] == "the service's " }) || c.Strength == Proves && c.ID == cause.EnrollmentDisabled {
				proven = append(proven, c.ID)
			}
		}
		slices.Sort(proven)
		slices.Sort(test.proven)
		if !slices.Equal(proven, test.proven) {
			t.Errorf("%s: proven are %v, want %v (causes %v)", name, proven, test.proven, causesOf(d))
		}
		for _, id := range test.warned {
			if strengthOf(d.Causes, id) == Proves || !slices.ContainsFunc(d.Warnings, func(w probe.Warning) bool { return w.ID == id.String() }) {
				t.Errorf("%s: %s is not a warning: %v, %v", name, id, causesOf(d), d.Warnings)
			}
		}
	}
}

// TestSideChangesNothingElse: a service's side that knows nothing leaves every diagnosis as it is.
func TestSideChangesNothingElse(t *testing.T) {
	t.Parallel()
	for _, ev := range []*probe.Evidence{
		refusedProbe(refuse(401, 401002, "Unauthorized")), refusedProbe(state(dps.StatusFailed, 400207, "")), refusedProbe(accept), refusedProbe(bare(500)),
	} {
		before := causesOf(Diagnose(ev))
		ev.Service = sideWith(inspect.NotRead, inspect.NotCompared, inspect.NotMeant)
		if after := causesOf(Diagnose(ev)); !slices.Equal(before, after) {
			t.Errorf("%v became %v", before, after)
		}
	}
}

func TestInspectJudgesTheSideAlone(t *testing.T) {
	t.Parallel()
	side := sideWith(inspect.KeyOther, inspect.StatusEnabled)
	got := Inspect(side, probe.Target{RegistrationID: "sensor-17"})
	if len(got.Causes) != 1 || got.Causes[0].ID != cause.SymmetricKeyMismatch || got.Causes[0].Strength != Proves {
		t.Errorf("the causes are %v", got.Causes)
	}
	if !slices.ContainsFunc(got.RuledOut, func(c Cause) bool { return c.ID == cause.EnrollmentDisabled }) {
		t.Errorf("ruled out are %v", got.RuledOut)
	}

	kept := &inspect.Findings{ErrorCode: 400207, ErrorMessage: "Custom allocation failed with status code: 500", Checks: []inspect.Check{
		{ID: inspect.CheckRegistration, Outcome: inspect.Failed, Result: inspect.RegistrationFailed, Detail: "the last registration failed with 400207"},
	}}
	got = Inspect(kept, probe.Target{RegistrationID: "sensor-17"})
	if len(got.Causes) == 0 || got.Causes[0].ID != cause.CustomAllocationFailed || got.Causes[0].Strength != Suggests {
		t.Errorf("the causes of a kept error are %v", got.Causes)
	}

	if got = Inspect(sideWith(inspect.KeyPrimary), probe.Target{}); len(got.Causes) != 0 {
		t.Errorf("the causes of a clear side are %v", got.Causes)
	}
}

// TestOtherInstance: what differs from the enrollments of an instance that may be another one than the
// device's proves nothing, and the reasons say what would show it.
func TestOtherInstance(t *testing.T) {
	t.Parallel()
	refused := refuse(401, 401002, "Unauthorized")
	elsewhere := func(ev *probe.Evidence) { ev.Service.MaybeOther = true }
	lowered := 0
	for result, s := range sights() {
		if s.proves == cause.None || s.later || s.aside {
			continue
		}
		d := Diagnose(refusedProbe(refused, shown(result), elsewhere))
		at := slices.IndexFunc(d.Causes, func(c Cause) bool { return c.ID == s.proves })
		if at < 0 {
			t.Errorf("%s: no %s", result, s.proves)
			continue
		}
		want := Proves
		if s.here {
			want, lowered = Suggests, lowered+1
		}
		if got := d.Causes[at]; got.Strength != want || slices.Contains(got.Because, otherInstance) != s.here {
			t.Errorf("%s: %s is %s because %q", result, s.proves, got.Strength, got.Because)
		}
	}
	if lowered < 8 {
		t.Errorf("only %d results depend on the instance", lowered)
	}
}

// TestRetryAfterIsTold: whether the service asked for a pause, and for which, is a reason of throttled.
func TestRetryAfterIsTold(t *testing.T) {
	t.Parallel()
	for want, asked := range map[string]*probe.RetryAfter{
		"1 of 1 answers were 429, without Retry-After":                                     nil,
		"1 of 1 answers were 429, the last with Retry-After: 7":                            {Text: "7", Valid: true},
		`1 of 1 answers were 429, the last with a Retry-After that is not a time: "later"`: {Text: "later"},
	} {
		d := Diagnose(refusedProbe(refuse(429, 429001, "throttled"), func(ev *probe.Evidence) { ev.Runs[0].Answers[0].RetryAfter = asked }))
		if d.Causes[0].ID != cause.Throttled || !slices.Contains(d.Causes[0].Because, want) {
			t.Errorf("%s because %q, want %q", d.Causes[0].ID, d.Causes[0].Because, want)
		}
	}
}
