package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/schematest"
)

func TestJUnitFollowsTheSchemas(t *testing.T) {
	t.Parallel()
	for _, s := range probeSamples() {
		schematest.JUnit(t, s.name, render(t, s.doc, "junit", Options{}))
	}
}

// TestJUnitIsRedExactlyWhenTheExitStatusIs compares the failures with the exit status.
func TestJUnitIsRedExactlyWhenTheExitStatusIs(t *testing.T) {
	t.Parallel()
	for _, s := range probeSamples() {
		failures := schematest.ParseXML(t, render(t, s.doc, "junit", Options{})).All("failure")
		if status := s.doc.(*Probe).ExitCode; (status != ExitOK) != (len(failures) > 0) {
			t.Errorf("%s: exit status %d, %d failures", s.name, status, len(failures))
		}
	}
}

func TestJUnitShowsTheStageThatBroke(t *testing.T) {
	t.Parallel()
	doc := NewProbe(refused(), refusedDiagnosis(), Tool{"1"}, false)
	for _, c := range schematest.ParseXML(t, render(t, doc, "junit", Options{})).All("testcase") {
		failures := c.All("failure")
		if (c.Attrs["name"] == "https register") != (len(failures) == 1) {
			t.Errorf("%s: %d failures", c.Attrs["name"], len(failures))
		}
		for _, f := range failures {
			if f.Attrs["type"] != "fault" || f.Attrs["message"] != "401, 401002: Unauthorized" || !strings.Contains(f.Text, "[symmetric-key-mismatch]") {
				t.Errorf("%+v", f)
			}
		}
	}
}

func TestJUnitHasASuitePerTransport(t *testing.T) {
	t.Parallel()
	ev := healthy()
	second := ev.Runs[0]
	second.Transport = probe.MQTT
	ev.Runs = append(ev.Runs, second)
	root := schematest.ParseXML(t, render(t, NewProbe(ev, advice.Diagnosis{Verdict: advice.Registered}, Tool{"1"}, false), "junit", Options{}))
	var ids, names []string
	for _, suite := range root.All("testsuite") {
		ids = append(ids, suite.Attrs["id"])
		names = append(names, suite.Attrs["name"])
	}
	if diff := cmp.Diff([]string{"0", "1"}, ids); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"dpsdiag probe https", "dpsdiag probe mqtt"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestJUnitCarriesHostileTextUnchanged(t *testing.T) {
	t.Parallel()
	for _, text := range []string{hostileText, markupText} {
		doc := NewProbe(hostile(text), hostileDiagnosis(text), Tool{"1"}, false)
		root := schematest.ParseXML(t, render(t, doc, "junit", Options{}))
		for _, f := range root.All("failure") {
			if diff := cmp.Diff(Clean(text), f.Attrs["message"]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		for _, p := range root.All("property") {
			if p.Attrs["name"] == "registration_id" {
				if diff := cmp.Diff(Clean(text), p.Attrs["value"]); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		}
	}
}
