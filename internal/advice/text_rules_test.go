package advice

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/likeness"
	"dpsdiag/internal/logtext"
)

// textScanner is made once: it takes longer than most scans.
var textScanner = newTextScanner()

func newTextScanner() *logtext.Scanner {
	s := logtext.NewScanner()
	s.Now = func() time.Time { return time.Date(2025, time.June, 1, 12, 0, 0, 0, time.UTC) }
	return s
}

func findings(t *testing.T, text string) *logtext.Findings {
	t.Helper()
	found, err := textScanner.Scan(t.Context(), strings.NewReader(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// verdictOnText is a diagnosis in short: the causes with their strength, then what is
// ruled out.
func verdictOnText(found *logtext.Findings, model *likeness.Model, by measures) string {
	var b strings.Builder
	d := diagnoseText(found, model, by)
	for _, c := range d.Causes {
		b.WriteString(c.ID.String() + " " + c.Strength.String() + "\n")
	}
	for _, c := range d.RuledOut {
		b.WriteString("not " + c.ID.String() + "\n")
	}
	return b.String()
}

// judgedTexts are texts that were not written for a rule: the reports of the corpus, and the
// logs of testdata with the causes that they show, and those of a user who tried realistic texts.
func judgedTexts(t *testing.T) []*logtext.Findings {
	t.Helper()
	var all []*logtext.Findings
	for _, r := range reports(t) {
		all = append(all, findings(t, r.Input))
	}
	for name := range logTable(t) {
		all = append(all, readLog(t, name))
	}
	for _, cases := range contextTables() {
		for _, test := range cases {
			all = append(all, findings(t, test.text))
		}
	}
	return all
}

// notices reports whether the diagnosis of some text, with or without its words, changes under other
// measures.
func notices(texts []*logtext.Findings, other measures) bool {
	for _, model := range []*likeness.Model{nil, likeness.Default()} {
		if slices.ContainsFunc(texts, func(found *logtext.Findings) bool {
			return verdictOnText(found, model, usualMeasures()) != verdictOnText(found, model, other)
		}) {
			return true
		}
	}
	return false
}

// TestEveryGradeMatters: if any grade counts as much as the one above or below it, or if topics have
// another grade, the diagnosis of some text changes.
func TestEveryGradeMatters(t *testing.T) {
	t.Parallel()
	texts := judgedTexts(t)
	usual := usualPoints()
	for g := faint; g < exact; g++ {
		lower, higher := usualMeasures(), usualMeasures()
		lower.points[g+1], higher.points[g] = usual[g], usual[g+1]
		if !notices(texts, lower) || !notices(texts, higher) {
			t.Errorf("grades %d and %d count alike and no diagnosis of a text changes", g, g+1)
		}
	}
	for _, g := range []grade{hinted, exact} {
		other := usualMeasures()
		for _, rule := range other.circumstances {
			if plainTopic(&rule) {
				rule.effects[0].grade = g
			}
		}
		if !notices(texts, other) {
			t.Errorf("topics are of grade %d and no diagnosis of a text changes", g)
		}
	}
}

// plainTopic reports whether a rule is for words that state a cause plainly.
func plainTopic(r *textRule) bool {
	return strings.HasPrefix(r.id, topicPrefix) && r.effects[0].grade == worded
}

// TestEveryTextRuleMatters: without any one rule, without any one effect, and with any effect at the
// grade below, the diagnosis of some text changes. So no effect is stronger than necessary. Plain
// topics all have the same grade, whatever texts exist for each.
func TestEveryTextRuleMatters(t *testing.T) {
	t.Parallel()
	texts := judgedTexts(t)
	for i, rule := range textRules() {
		t.Run(rule.id, func(t *testing.T) {
			t.Parallel()
			var seen []*logtext.Findings
			for _, found := range texts {
				if rule.see(newTextCase(found)) != "" {
					seen = append(seen, found)
				}
			}
			other := usualMeasures()
			other.circumstances = slices.Delete(other.circumstances, i, i+1)
			if !notices(seen, other) {
				t.Error("no diagnosis of a text changes without it")
			}
			for k, e := range rule.effects {
				other := usualMeasures()
				effects := other.circumstances[i].effects
				switch {
				case k == 0 && plainTopic(&rule):
					continue
				case e.grade <= faint:
					other.circumstances[i].effects = slices.Delete(effects, k, k+1)
				default:
					effects[k].grade--
				}
				if !notices(seen, other) {
					t.Errorf("with less of %v at grade %d no diagnosis of a text changes", e.causes, e.grade)
				}
			}
		})
	}
}

// TestTextRulesAreSound: ids are unique, and every effect concerns some cause.
func TestTextRulesAreSound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, rule := range textRules() {
		if rule.id == "" || seen[rule.id] || rule.why == "" || rule.see == nil || len(rule.effects) == 0 {
			t.Errorf("rule %q is incomplete or duplicate", rule.id)
		}
		seen[rule.id] = true
		for _, e := range rule.effects {
			if len(e.causes) == 0 {
				t.Errorf("rule %s has an effect on nothing", rule.id)
			}
		}
	}
}
