package report

import (
	"strings"
	"testing"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
)

// TestEndorsementKeyInOneLine: the key is shown once, in one line that can be copied, however narrow
// the page is.
func TestEndorsementKeyInOneLine(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("AToAAQALAAMAsgAg", 26) + "VQ=="
	for name, test := range map[string]struct {
		facts []probe.Fact
		want  int
	}{
		"asked for":     {[]probe.Fact{{Name: probe.FactEndorsementKey, Value: key}}, 1},
		"not asked for": {nil, 0},
	} {
		ev := healthy()
		for range 2 {
			run := ev.Runs[0]
			run.Findings = []probe.Finding{{Stage: probe.StageInputs, Outcome: probe.Passed, Facts: test.facts}}
			ev.Runs = append(ev.Runs, run)
		}
		doc := NewProbe(ev, advice.Diagnosis{Verdict: advice.Registered, Runs: []advice.Verdict{advice.Registered, advice.Registered, advice.Registered}}, Tool{"1.2.3"}, false)
		text := string(render(t, doc, "text", Options{Width: 40}))
		if got := strings.Count(text, "\n"+key+"\n"); got != test.want {
			t.Errorf("%s: the key is in %d lines of:\n%s", name, got, text)
		}
	}
}
