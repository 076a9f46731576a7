package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
)

// workflowCommand is what GitHub's runner reads in a line: from the first "::" to the next
// the command with its properties, then the message (actions/runner
// src/Runner.Common/ActionCommand.cs).
var workflowCommand = regexp.MustCompile(`^::([a-z]+) title=([^:,]*)::(.*)$`)

// readAnnotations reads workflow commands back.
func readAnnotations(t *testing.T, out string) []annotation {
	t.Helper()
	var list []annotation
	for line := range strings.Lines(out) {
		parts := workflowCommand.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if parts == nil {
			t.Fatalf("not a workflow command: %q", line)
		}
		list = append(list, annotation{parts[1], unescapeCommand(parts[2]), unescapeCommand(parts[3])})
	}
	return list
}

// unescapeCommand undoes the escapes as the runner does: that of the percent sign last.
func unescapeCommand(text string) string {
	for _, escaped := range []struct{ from, to string }{{"%0D", "\r"}, {"%0A", "\n"}, {"%3A", ":"}, {"%2C", ","}, {"%25", "%"}} {
		text = strings.ReplaceAll(text, escaped.from, escaped.to)
	}
	return text
}

func TestAnnotationsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	for _, s := range probeSamples() {
		got := readAnnotations(t, string(render(t, s.doc, "github", Options{})))
		if diff := cmp.Diff(s.doc.(*Probe).annotations(), got, cmp.AllowUnexported(annotation{})); diff != "" {
			t.Errorf("%s (-written +read):\n%s", s.name, diff)
		}
	}
}

// TestOneErrorExactlyWhenTheExitStatusIs: a job that fails shows one error and no more.
func TestOneErrorExactlyWhenTheExitStatusIs(t *testing.T) {
	t.Parallel()
	for _, s := range probeSamples() {
		errors := 0
		for _, a := range readAnnotations(t, string(render(t, s.doc, "github", Options{}))) {
			if a.level == levelError {
				errors++
			}
		}
		want := 0
		if s.doc.(*Probe).ExitCode != ExitOK {
			want = 1
		}
		if errors != want {
			t.Errorf("%s: exit status %d, %d errors", s.name, s.doc.(*Probe).ExitCode, errors)
		}
	}
}

func TestLevelsOfCauses(t *testing.T) {
	t.Parallel()
	want := []string{levelError, levelWarning, "note"}
	var got []string
	for _, strength := range []advice.Strength{advice.Proves, advice.Suggests, advice.Allows} {
		c := Cause{Strength: strength.String()}
		got = append(got, c.level())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARegistrationWithWarningsIsAWarning(t *testing.T) {
	t.Parallel()
	ev := healthy()
	ev.Runs[0].Findings[0].Outcome = probe.Warned
	doc := NewProbe(ev, advice.Diagnosis{Verdict: advice.Registered}, Tool{"1"}, false)
	want := []annotation{{levelWarning, "dpsdiag: registered (sensor-17)", "registered (sensor-17): the device is registered, with warnings (exit status 0)"}}
	if diff := cmp.Diff(want, doc.annotations(), cmp.AllowUnexported(annotation{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTransportsThatFailAlikeShareALine(t *testing.T) {
	t.Parallel()
	failing := func(transport, detail string) Run {
		return Run{Transport: transport, Stages: []Stage{{ID: "connect", Outcome: "failed", Detail: detail}}}
	}
	doc := &Probe{Runs: []Run{failing("mqtt", "refused"), failing("https", "no answer"), failing("amqp", "refused")}}
	want := []string{"mqtt, amqp connect failed: refused", "https connect failed: no answer"}
	if diff := cmp.Diff(want, doc.failures()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheTitleClaimsNoMoreThanTheEvidence(t *testing.T) {
	t.Parallel()
	for strength, want := range map[advice.Strength]string{
		advice.Proves:   "dpsdiag: Enrollment disabled (enrollment-disabled)",
		advice.Suggests: "dpsdiag: likely: Enrollment disabled (enrollment-disabled)",
		advice.Allows:   "dpsdiag: possible: Enrollment disabled (enrollment-disabled)",
	} {
		doc := &Probe{ExitCode: ExitFault, Verdict: string(advice.Fault), Causes: []Cause{{ID: "enrollment-disabled", Title: "Enrollment disabled", Strength: strength.String()}}}
		if got := doc.verdictAnnotation().title; got != want {
			t.Errorf("%s: %q, want %q", strength, got, want)
		}
	}
}
