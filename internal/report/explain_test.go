package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

func TestExplainExitStatus(t *testing.T) {
	t.Parallel()
	known := &CodeAnswer{Entries: []*codes.Entry{throttlingEntry()}}
	asked := &CauseAnswer{throttledCause()}
	unknown := &UnknownAnswer{Query: "x"}
	for _, test := range []struct {
		answers []Answer
		want    int
	}{
		{[]Answer{known}, 0},
		{[]Answer{asked}, 0},
		{[]Answer{unknown}, 1},
		{[]Answer{unknown, known}, 0},
		{[]Answer{unknown, unknown}, 1},
	} {
		if got := NewAnswers(test.answers).ExitCode; got != test.want {
			t.Errorf("%+v: %d, want %d", test.answers, got, test.want)
		}
	}
}

// TestPartsHaveOneList: what codes and a text say together is in one list without doubles,
// the strongest first, and a text that ended well names no cause.
func TestPartsHaveOneList(t *testing.T) {
	t.Parallel()
	answers := NewAnswers([]Answer{&CauseAnswer{throttledCause()}, &CodeAnswer{Entries: []*codes.Entry{{ID: "a", Code: "a", CauseIDs: []cause.ID{cause.QuotaExceeded, cause.WrongIDScope}}}}})
	text := func(outcome logtext.OutcomeState, causes ...advice.Cause) *Log {
		return NewLog(&logtext.Findings{Outcome: logtext.Outcome{State: outcome}}, advice.TextDiagnosis{Causes: causes})
	}
	allowed := func(id cause.ID) advice.Cause {
		return advice.Cause{Definition: id.Definition(), Strength: advice.Allows, Because: []string{"of line 1"}}
	}
	for _, test := range []struct {
		name string
		log  *Log
		want []string
		exit int
	}{
		{"both", text(logtext.OutcomeRefused, allowed(cause.DNSFailure), allowed(cause.Throttled)), []string{"throttled suggests 2", "dns-failure allows 1", "quota-exceeded allows 1", "wrong-id-scope allows 1"}, ExitOK},
		{"nothing in the text", text(logtext.OutcomeUnknown), []string{"throttled suggests 1", "quota-exceeded allows 1", "wrong-id-scope allows 1"}, ExitOK},
		{"ended well", text(logtext.OutcomeRegistered), nil, ExitOK},
	} {
		doc := NewParts(answers, test.log)
		var got []string
		for _, c := range doc.Causes {
			got = append(got, fmt.Sprintf("%s %s %d", c.ID, c.Strength, len(c.Because)))
		}
		if diff := cmp.Diff(test.want, got); diff != "" || doc.ExitCode != test.exit {
			t.Errorf("%s: exit status %d (-want +got):\n%s", test.name, doc.ExitCode, diff)
		}
	}
	unknown := NewAnswers([]Answer{&UnknownAnswer{Query: "x"}})
	if got := NewParts(unknown, text(logtext.OutcomeUnknown)).ExitCode; got != ExitUnknown {
		t.Errorf("nothing known: exit status %d", got)
	}
}

func TestMatchesAreListedOnce(t *testing.T) {
	t.Parallel()
	answer := &CodeAnswer{Entries: []*codes.Entry{throttlingEntry(), throttledDPSEntry()}}
	doc := NewAnswers([]Answer{answer, answer})
	var ids []string
	for _, m := range doc.Matches {
		ids = append(ids, m.ID)
	}
	if diff := cmp.Diff([]string{"http-429", "dps-429001"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLikelyCauses(t *testing.T) {
	t.Parallel()
	naming := func(code string, causes ...cause.ID) Answer {
		return &CodeAnswer{Entries: []*codes.Entry{{ID: code, Code: code, CauseIDs: causes}}}
	}
	type ranked struct{ ID, Strength string }
	tests := []struct {
		name    string
		answers []Answer
		want    []ranked
	}{
		{"nothing", []Answer{&UnknownAnswer{Query: "x"}}, nil},
		{"one code, one cause", []Answer{naming("a", cause.Throttled)}, []ranked{{"throttled", "suggests"}}},
		{
			"one code, two causes",
			[]Answer{naming("a", cause.DNSFailure, cause.Throttled)},
			[]ranked{{"dns-failure", "allows"}, {"throttled", "allows"}},
		},
		{
			"what two codes name comes first",
			[]Answer{naming("a", cause.DNSFailure, cause.Throttled), naming("b", cause.PortBlocked, cause.Throttled)},
			[]ranked{{"throttled", "suggests"}, {"dns-failure", "allows"}, {"port-blocked", "allows"}},
		},
		{
			"the same code twice is one witness",
			[]Answer{naming("a", cause.DNSFailure, cause.Throttled), naming("a", cause.DNSFailure, cause.Throttled)},
			[]ranked{{"dns-failure", "allows"}, {"throttled", "allows"}},
		},
		{
			"a cause that was asked for",
			[]Answer{naming("a", cause.DNSFailure, cause.PortBlocked), &CauseAnswer{throttledCause()}},
			[]ranked{{"throttled", "suggests"}, {"dns-failure", "allows"}, {"port-blocked", "allows"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []ranked
			for _, c := range NewAnswers(test.answers).Causes {
				got = append(got, ranked{c.ID, c.Strength})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestEverythingKnownCanBeDrawn draws the whole catalogue and every cause.
func TestEverythingKnownCanBeDrawn(t *testing.T) {
	t.Parallel()
	var all []*codes.Entry
	var answers []Answer
	for e := range codes.All() {
		all = append(all, e)
		answers = append(answers, &CodeAnswer{Entries: []*codes.Entry{e}})
	}
	for _, r := range cause.Definitions() {
		answers = append(answers, &CauseAnswer{r})
	}
	for name, doc := range map[string]Document{"list": NewCatalogue(all), "answers": NewAnswers(answers), "common": NewCommon(codes.Common())} {
		for _, opts := range []Options{{}, {ASCII: true}} {
			for i, line := range splitLines(string(render(t, doc, "text", opts))) {
				if columns(line) > DefaultWidth || !printable(line) || opts.ASCII && toASCII(line) != line {
					t.Errorf("%s %+v: line %d: %q", name, opts, i+1, line)
				}
			}
		}
	}
}

// TestExplainSchema holds the keys of dpsdiag/explain/1.
func TestExplainSchema(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`schema exit_code view queries queries.text queries.ids queries.kind queries.class
		matches matches.id matches.kind matches.code matches.title matches.meaning matches.http_status matches.retry matches.likely_causes matches.remedies matches.disagreement
		matches.lines matches.tracking_ids matches.count matches.sources
		matches.inputs matches.phrase matches.wrapper
		causes causes.id causes.title causes.strength causes.because causes.remedies causes.command causes.explain ruled_out
		outcome outcome.state outcome.line outcome.assigned_hub outcome.device_id outcome.input
		outcome.failed outcome.failed.input outcome.failed.line outcome.failed.text inputs facts
		nearest nearest.query nearest.id nearest.kind nearest.code nearest.title
		decide decide.how decide.command collect notes`)
	got := keysOf(t, NewAnswers([]Answer{
		&CodeAnswer{Entries: []*codes.Entry{throttlingEntry()}},
		&UnknownAnswer{Query: "404999", Nearest: []*codes.Entry{throttledDPSEntry()}},
		&CauseAnswer{throttledCause()},
	}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
