package advice

import (
	"slices"
	"testing"

	"dpsdiag/internal/logtext"
)

// TestEveryStrengthMatters: if a rule returns a lower strength, the diagnosis of some row of the table
// or of some text changes. So no rule is stronger than necessary.
func TestEveryStrengthMatters(t *testing.T) {
	t.Parallel()
	texts, rows := judgedTexts(t), table()
	usual := make([][]string, len(rows))
	for i, test := range rows {
		usual[i] = causesOf(diagnose(test.ev, Rules()))
	}
	for i, rule := range Rules() {
		t.Run(rule.ID.String(), func(t *testing.T) {
			t.Parallel()
			for _, from := range []Strength{Allows, Suggests, Proves} {
				other := usualMeasures()
				given := lower(&other.rules[i], from)
				noticed := false
				for k, test := range rows {
					noticed = noticed || !slices.Equal(usual[k], causesOf(diagnose(test.ev, other.rules)))
				}
				judged := func(found *logtext.Findings) bool { return rule.judge(newTextCase(found).attempt).Strength == from }
				if *given && !noticed && !notices(keep(texts, judged), other) {
					t.Errorf("%s instead of %s: no diagnosis changes", from-1, from)
				}
			}
		})
	}
}

// lower makes a rule return a lower strength, and reports whether it did.
func lower(r *Rule, from Strength) (given *bool) {
	given = new(bool)
	less := func(w Weight) Weight {
		if w.Strength == from {
			w.Strength, *given = from-1, true
		}
		return w
	}
	if weigh := r.Weigh; weigh != nil {
		r.Weigh = func(c *Case) Weight { return less(weigh(c)) }
	}
	if judge := r.Judge; judge != nil {
		r.Judge = func(a *Attempt) Weight { return less(judge(a)) }
	}
	return given
}
