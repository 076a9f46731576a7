package report

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/schematest"
)

func TestSARIFFollowsTheSchema(t *testing.T) {
	t.Parallel()
	schema := schematest.LoadSARIF(t)
	for _, s := range probeSamples() {
		schema.Check(t, s.name, render(t, s.doc, "sarif", Options{}))
	}
}

// readSARIF reads the only run of a log.
func readSARIF(t *testing.T, doc Document) sarifRun {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal(render(t, doc, "sarif", Options{}), &log); err != nil {
		t.Fatal(err)
	}
	return log.Runs[0]
}

func TestSARIFHasAResultPerCauseAndWarning(t *testing.T) {
	t.Parallel()
	ev := refused()
	ev.Runs[0].Findings[0].Outcome = probe.Warned
	d := refusedDiagnosis()
	d.Warnings = append(d.Warnings, probe.Warning{Detail: "without an id"})
	run := readSARIF(t, NewProbe(ev, d, Tool{"1.2.3"}, false))
	type result struct{ Rule, Title, Level, Strength string }
	var got []result
	for _, r := range run.Results {
		res := result{Rule: r.RuleID, Level: r.Level}
		if r.RuleIndex != nil {
			rule := run.Tool.Driver.Rules[*r.RuleIndex]
			res.Title = rule.ShortDescription.Text
			if rule.ID != r.RuleID {
				t.Errorf("%s points at the rule %s", r.RuleID, rule.ID)
			}
		}
		if r.Properties != nil {
			res.Strength = r.Properties.Strength
		}
		got = append(got, res)
		where := []string{r.Locations[0].Logical[0].QualifiedName, r.Locations[1].Logical[0].QualifiedName}
		if diff := cmp.Diff([]string{"https/inputs", "https/register"}, where); diff != "" {
			t.Errorf("locations (-want +got):\n%s", diff)
		}
	}
	title := func(id string) string {
		rule, ok := cause.Lookup(id)
		if !ok {
			t.Fatalf("no rule %s", id)
		}
		return rule.Title
	}
	want := []result{
		{"symmetric-key-mismatch", title("symmetric-key-mismatch"), "warning", "suggests"},
		{"group-key-not-derived", title("group-key-not-derived"), "note", "allows"},
		{"registration-id-invalid", title("registration-id-invalid"), "warning", ""},
		{"", "", "warning", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSARIFTellsTheExitStatus(t *testing.T) {
	t.Parallel()
	for _, s := range probeSamples() {
		got := readSARIF(t, s.doc).Invocations[0]
		if want := s.doc.(*Probe).ExitCode; got.ExitCode != want || got.ExecutionSuccessful != (want != ExitInterrupted) {
			t.Errorf("%s: %+v, exit status %d", s.name, got, want)
		}
	}
}

func TestSARIFText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain [id] (x)":         "plain [id] (x)",
		"a {0} b":                "a {{0}} b",
		"[x](https://a.invalid)": `\[x\](https://a.invalid)`,
	} {
		if got := sarifText(text).Text; got != want {
			t.Errorf("sarifText(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestEveryRuleMakesASARIFRule(t *testing.T) {
	t.Parallel()
	schema := schematest.LoadSARIF(t)
	d := refusedDiagnosis()
	d.Causes = nil
	for _, rule := range cause.Definitions() {
		d.Causes = append(d.Causes, advice.Cause{Definition: rule, Strength: advice.Allows})
	}
	doc := NewProbe(refused(), d, Tool{"1"}, false)
	schema.Check(t, "all rules", render(t, doc, "sarif", Options{}))
	if got := len(readSARIF(t, doc).Tool.Driver.Rules); got != len(cause.Definitions()) {
		t.Errorf("%d rules, want %d", got, len(cause.Definitions()))
	}
}
