package advice

import (
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

func TestVerdictOfRun(t *testing.T) {
	t.Parallel()
	complete := ends(probe.EndComplete)
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		want Verdict
	}{
		"no end at all":                {refusedProbe(ends("")), NoVerdict},
		"complete without an answer":   {refusedProbe(complete), NoVerdict},
		"preflight that failed":        {refusedProbe(preflight, failed(probe.StageTLS), complete), Fault},
		"unassigned, asked by lookup":  {refusedProbe(lookup, registration(dps.StatusUnassigned)), NoVerdict},
		"failed, asked by lookup":      {refusedProbe(lookup, registration(dps.StatusFailed)), Fault},
		"429 that nobody waited for":   {refusedProbe(refuse(429, 429001, "")), RetryLater},
		"a registration that ended so": {refusedProbe(state(dps.StatusFailed, 429001, "")), Fault},
		"no address in time":           {refusedProbe(unresolved(netfail.ResolverTimeout), ends(probe.EndTimeout)), Fault},
		"no time for an answer":        {refusedProbe(preflight, silentFor(10*time.Millisecond)), NoVerdict},
		"no answer for seconds":        {refusedProbe(preflight, silentFor(3*time.Second)), Fault},
		"no socket":                    {refusedProbe(undialed(netfail.Local), ends(probe.EndNoSocket)), NoVerdict},
		"no answer in time":            {refusedProbe(ends(probe.EndTimeout)), NoVerdict},
		"interrupted at a fault":       {refusedProbe(unresolved(netfail.NoSuchHost), ends(probe.EndInterrupted)), Interrupted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := verdictOf(test.ev.Target.Mode, run(test.ev)); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestNoSocketIsNoFault: that this machine cannot open a connection says nothing about the network, and
// the next step is on this machine.
func TestNoSocketIsNoFault(t *testing.T) {
	t.Parallel()
	d := Diagnose(refusedProbe(undialed(netfail.Local), ends(probe.EndNoSocket)))
	if len(d.Causes) > 0 || len(d.Decide) != 1 || !strings.Contains(d.Decide[0].How, "ulimit -n") {
		t.Errorf("causes %v, steps %v", causesOf(d), d.Decide)
	}
}

// silentFor lets the network say nothing until the budget ends it.
func silentFor(took time.Duration) change {
	return func(ev *probe.Evidence) {
		r := run(ev)
		r.TLS, r.Clock, r.Opening, r.End = nil, nil, nil, probe.EndRefused
		r.Dials = []probe.Dial{{Took: took, Failure: &netfail.Failure{Kind: netfail.Timeout}}}
		r.Findings = []probe.Finding{{Stage: probe.StageConnect, Outcome: probe.Failed, Took: took}}
	}
}

func TestOverallVerdict(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		runs []Verdict
		want Verdict
	}{
		{nil, NoVerdict},
		{[]Verdict{Registered, Registered}, Registered},
		{[]Verdict{Registered, NoVerdict}, NoVerdict},
		{[]Verdict{RetryLater, NoVerdict, Registered}, RetryLater},
		{[]Verdict{RetryLater, Fault, NoVerdict}, Fault},
		{[]Verdict{Fault, Interrupted, NoVerdict}, Interrupted},
	} {
		if got := Worst(test.runs); got != test.want {
			t.Errorf("%s: %s, want %s", test.runs, got, test.want)
		}
	}
}
