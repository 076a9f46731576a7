package advice

import (
	"slices"
	"testing"

	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

// TestEveryStrengthMatters: if a rule returns a lower strength, the diagnosis of some row of the table
// or of some text changes. So no rule is stronger than necessary.
func TestEveryStrengthMatters(t *testing.T) {
	t.Parallel()
	texts, rows := judgedTexts(t), table()
	usual, given := make([][]string, len(rows)), make([][]strengths, len(rows))
	for k, test := range rows {
		usual[k], given[k] = strengthsGiven(test.ev)
	}
	for i, rule := range Rules() {
		t.Run(rule.ID.String(), func(t *testing.T) {
			t.Parallel()
			for _, from := range []Strength{Allows, Suggests, Proves} {
				other := usualMeasures()
				lower := func(w Weight) Weight {
					if w.Strength == from {
						w.Strength = from - 1
					}
					return w
				}
				other.rules[i].alter(lower)
				seen, noticed := false, false
				for k, test := range rows {
					if !given[k][i][from] {
						continue // the lower strength is never given here
					}
					seen = true
					noticed = noticed || !slices.Equal(usual[k], causesOf(diagnose(test.ev, other.rules)))
				}
				judged := func(found *logtext.Findings) bool { return rule.judge(newTextCase(found).attempt).Strength == from }
				if seen && !noticed && !notices(keep(texts, judged), other) {
					t.Errorf("%s instead of %s: no diagnosis changes", from-1, from)
				}
			}
		})
	}
}

// strengths are those that a rule returned at least once.
type strengths map[Strength]bool

// strengthsGiven returns the causes of a diagnosis, and what each rule returned for it.
func strengthsGiven(ev *probe.Evidence) (causes []string, given []strengths) {
	rules := Rules()
	given = make([]strengths, len(rules))
	for i := range rules {
		given[i] = strengths{}
		rules[i].alter(func(w Weight) Weight {
			given[i][w.Strength] = true
			return w
		})
	}
	return causesOf(diagnose(ev, rules)), given
}

// alter changes everything that a rule returns.
func (r *Rule) alter(change func(Weight) Weight) {
	if weigh := r.Weigh; weigh != nil {
		r.Weigh = func(c *Case) Weight { return change(weigh(c)) }
	}
	if judge := r.Judge; judge != nil {
		r.Judge = func(a *Attempt) Weight { return change(judge(a)) }
	}
}
