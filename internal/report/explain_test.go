package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/codes"
)

func TestExplainExitStatus(t *testing.T) {
	t.Parallel()
	known := Answer{Query: "429", Entries: []*codes.Entry{throttlingRow()}}
	cause := Answer{Query: "throttled", Rule: throttledRule()}
	unknown := Answer{Query: "x"}
	for _, test := range []struct {
		answers []Answer
		want    int
	}{
		{[]Answer{known}, 0},
		{[]Answer{cause}, 0},
		{[]Answer{unknown}, 1},
		{[]Answer{unknown, known}, 0},
		{[]Answer{unknown, unknown}, 1},
	} {
		if got := NewExplain(test.answers).ExitCode; got != test.want {
			t.Errorf("%+v: %d, want %d", test.answers, got, test.want)
		}
	}
}

func TestMatchesAreListedOnce(t *testing.T) {
	t.Parallel()
	answer := Answer{Query: "429", Entries: []*codes.Entry{throttlingRow(), throttledDPSRow()}}
	doc := NewExplain([]Answer{answer, answer})
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
	naming := func(code string, causes ...string) Answer {
		return Answer{Query: code, Entries: []*codes.Entry{{ID: code, Code: code, CauseIDs: causes}}}
	}
	type ranked struct{ ID, Strength string }
	tests := []struct {
		name    string
		answers []Answer
		want    []ranked
	}{
		{"nothing", []Answer{{Query: "x"}}, nil},
		{"one code, one cause", []Answer{naming("a", "throttled")}, []ranked{{"throttled", "suggests"}}},
		{
			"one code, two causes",
			[]Answer{naming("a", "dns-failure", "throttled")},
			[]ranked{{"dns-failure", "allows"}, {"throttled", "allows"}},
		},
		{
			"what two codes name comes first",
			[]Answer{naming("a", "dns-failure", "throttled"), naming("b", "port-blocked", "throttled")},
			[]ranked{{"throttled", "suggests"}, {"dns-failure", "allows"}, {"port-blocked", "allows"}},
		},
		{
			"the same code twice is one witness",
			[]Answer{naming("a", "dns-failure", "throttled"), naming("a", "dns-failure", "throttled")},
			[]ranked{{"dns-failure", "allows"}, {"throttled", "allows"}},
		},
		{
			"a cause that was asked for",
			[]Answer{naming("a", "dns-failure", "port-blocked"), {Query: "throttled", Rule: throttledRule()}},
			[]ranked{{"throttled", "suggests"}, {"dns-failure", "allows"}, {"port-blocked", "allows"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []ranked
			for _, c := range NewExplain(test.answers).Causes {
				got = append(got, ranked{c.ID, c.Strength})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestEveryCauseOfTheCatalogueIsKnown guards the way from a code to its causes: an id
// without a rule would be left out of a report.
func TestEveryCauseOfTheCatalogueIsKnown(t *testing.T) {
	t.Parallel()
	for e := range codes.All() {
		for _, id := range e.CauseIDs {
			if _, ok := advice.RuleByID(id); !ok {
				t.Errorf("%s names the cause %s, for which there is no rule", e.ID, id)
			}
		}
	}
}

// TestEverythingKnownCanBeDrawn draws the whole catalogue and every cause.
func TestEverythingKnownCanBeDrawn(t *testing.T) {
	t.Parallel()
	var all []*codes.Entry
	var answers []Answer
	for e := range codes.All() {
		all = append(all, e)
		answers = append(answers, Answer{Query: e.ID, Entries: []*codes.Entry{e}})
	}
	for _, r := range advice.Rules() {
		answers = append(answers, Answer{Query: r.ID, Rule: &r})
	}
	for name, doc := range map[string]Document{"list": NewCatalogue(all), "answers": NewExplain(answers), "common": NewCommon(codes.Common())} {
		for _, opts := range []Options{{}, {ASCII: true}} {
			for i, line := range splitLines(string(render(t, doc, "text", opts))) {
				if columns(line) > DefaultWidth || !printable(line) || opts.ASCII && toASCII(line) != line {
					t.Errorf("%s %+v: line %d: %q", name, opts, i+1, line)
				}
			}
		}
	}
}
