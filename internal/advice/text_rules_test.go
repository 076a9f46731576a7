package advice

import (
	"slices"
	"strings"
	"testing"
	"time"

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
func verdictOnText(found *logtext.Findings, rules []textRule) string {
	var b strings.Builder
	d := diagnoseText(found, nil, Rules(), rules)
	for _, c := range d.Causes {
		b.WriteString(c.ID.String() + " " + c.Strength.String() + "\n")
	}
	for _, c := range d.RuledOut {
		b.WriteString("not " + c.ID.String() + "\n")
	}
	return b.String()
}

// judgedTexts are texts that were not written for a rule: the reports of the corpus, and the
// logs of testdata with the causes that they show.
func judgedTexts(t *testing.T) []*logtext.Findings {
	t.Helper()
	var all []*logtext.Findings
	for _, r := range reports(t) {
		all = append(all, findings(t, r.Input))
	}
	for name := range logTable(t) {
		all = append(all, readLog(t, name))
	}
	return all
}

// TestEveryTextRuleMatters: without any one rule the diagnosis of some text is another.
func TestEveryTextRuleMatters(t *testing.T) {
	t.Parallel()
	texts := judgedTexts(t)
	rules := textRules()
	for i, rule := range rules {
		t.Run(rule.id, func(t *testing.T) {
			t.Parallel()
			rest := slices.Delete(slices.Clone(rules), i, i+1)
			matters := slices.ContainsFunc(texts, func(found *logtext.Findings) bool {
				return rule.see(newTextCase(found)) != "" && verdictOnText(found, rules) != verdictOnText(found, rest)
			})
			if !matters {
				t.Error("no text is judged otherwise without it")
			}
		})
	}
}

// TestTextRulesAreSound: ids are unique, and every effect is one thing.
func TestTextRulesAreSound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, rule := range textRules() {
		if rule.id == "" || seen[rule.id] || rule.why == "" || rule.see == nil || len(rule.effects) == 0 {
			t.Errorf("rule %q is incomplete or there twice", rule.id)
		}
		seen[rule.id] = true
		for _, e := range rule.effects {
			kinds := 0
			for _, is := range []bool{e.grade > 0, e.doubt, e.out} {
				if is {
					kinds++
				}
			}
			if kinds != 1 || len(e.causes) == 0 {
				t.Errorf("rule %s has an effect that is not one thing: %+v", rule.id, e)
			}
		}
	}
}
