package advice

import (
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/logtext"
)

// textRule is a circumstance that a text may show, with its effect on the causes.
type textRule struct {
	id string
	// why is shown to the reader after the place where the circumstance was found.
	why string
	// see returns where the circumstance was found, in words that a reader can check, and "" if it was
	// not.
	see     func(*textCase) string
	effects []effect
}

// effect is the effect of a circumstance on some causes.
type effect struct {
	causes []cause.ID
	grade  grade // how strong the evidence for them is; none: it is evidence against them
}

// grade is the strength of a piece of evidence.
type grade int

// The grades, from words that any log contains to a message of the service about one case.
const (
	none   grade = iota
	faint        // words that any program prints, or the wrapper of another error
	hinted       // a circumstance, or a status without a message
	worded       // what a client or a library says in its own words
	exact        // what the service says about one case
)

// points are the values of the grades. The numbers only order them: each step is worth about twice the
// one below.
type points [exact + 1]float64

func usualPoints() points { return points{faint: 10, hinted: 25, worded: 60, exact: 100} }

// gradeOf is the grade of a rule's judgement with that strength.
func gradeOf(s Strength) grade {
	switch s {
	case Proves:
		return exact
	case Suggests:
		return worded
	}
	return hinted
}

// doubtedShare is what is left of the evidence for a cause if a circumstance is evidence against it.
const doubtedShare = 0.4

func favours(g grade, causes ...cause.ID) effect { return effect{causes, g} }
func weakens(causes ...cause.ID) effect          { return effect{causes, none} }

// textRules returns every rule, in the order in which they are applied.
func textRules() []textRule {
	return slices.Concat(
		refusalTextRules(),
		progressTextRules(),
		clockTextRules(),
		settingTextRules(),
		pathTextRules(),
		allocationTextRules(),
		operatorTextRules(),
		tpmTextRules(),
		topicTextRules(),
		contextTextRules(),
		silenceTextRules(),
	)
}

// apply changes the scores if the circumstance was found.
func (r *textRule) apply(c *textCase, scores scoreboard) {
	seen := r.see(c)
	if seen == "" {
		return
	}
	reason := seen + ": " + r.why
	for _, e := range r.effects {
		for _, id := range e.causes {
			if s := scores.of(id); e.grade == none {
				s.against = append(s.against, reason)
			} else {
				s.favour(c.points[e.grade], reason)
			}
		}
	}
}

// The ways to find a circumstance.

// seeSign finds a sign in the text.
func seeSign(value string) func(*textCase) string {
	return func(c *textCase) string { return quoteFact(c.sign(value)) }
}

// seeMatch finds a match that satisfies is.
func seeMatch(is func(*logtext.Match) bool) func(*textCase) string {
	return func(c *textCase) string { return quoteMatch(c.matching(is)) }
}

// seeBoth finds what the second function finds, if the first one finds something too.
func seeBoth(condition, shown func(*textCase) string) func(*textCase) string {
	return func(c *textCase) string {
		if condition(c) == "" {
			return ""
		}
		return shown(c)
	}
}

// unless finds what shown finds, if the other function finds nothing.
func unless(other, shown func(*textCase) string) func(*textCase) string {
	return func(c *textCase) string {
		if other(c) != "" {
			return ""
		}
		return shown(c)
	}
}

// seeAny returns the first of several that is found.
func seeAny(ways ...func(*textCase) string) func(*textCase) string {
	return func(c *textCase) string {
		for _, see := range ways {
			if seen := see(c); seen != "" {
				return seen
			}
		}
		return ""
	}
}

func quoteFact(f *logtext.Fact) string {
	if f == nil {
		return ""
	}
	return quote(f.Line.Place, f.Line.Text)
}

func quoteMatch(m *logtext.Match) string {
	if m == nil {
		return ""
	}
	return quote(m.Line.Place, m.Phrase)
}

func quoteSetting(s *logtext.Setting) string {
	if s == nil {
		return ""
	}
	if s.Value == "" {
		return quote(s.Place, s.Key)
	}
	return quote(s.Place, s.Key+" "+s.Value)
}
