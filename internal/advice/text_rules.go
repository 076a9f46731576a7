package advice

import (
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/logtext"
)

// textRule is a circumstance that a text may show, with what it says of the causes.
type textRule struct {
	id string
	// why is told to the reader behind the place where the circumstance stands.
	why string
	// see returns where the circumstance stands, in words that a reader can check, and ""
	// where it does not hold.
	see     func(*textCase) string
	effects []effect
}

// effect is what a circumstance says of some causes.
type effect struct {
	causes []cause.ID
	grade  grade // how much it speaks for them; none: it speaks against them
}

// grade is how much a piece of evidence tells.
type grade int

// The grades, from words that any log holds to a message of the service about one case.
const (
	none   grade = iota
	faint        // words that any program prints, or the envelope of another error
	hinted       // a circumstance, or a status without a message
	worded       // what a client or a library says in words of its own
	exact        // what the service says of one case
)

// points are what the grades count. The numbers only order them: each step is worth about
// twice the one below.
type points [exact + 1]float64

func usualPoints() points { return points{faint: 10, hinted: 25, worded: 60, exact: 100} }

// gradeOf is how much it tells that a rule for every witness judges so.
func gradeOf(s Strength) grade {
	switch s {
	case Proves:
		return exact
	case Suggests:
		return worded
	}
	return hinted
}

// doubtedShare is what is left of the evidence for a cause that a circumstance speaks against.
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
		silenceTextRules(),
	)
}

// apply changes the scores if the circumstance holds.
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

// The ways to see a circumstance.

// seeSign sees a sign in the text.
func seeSign(value string) func(*textCase) string {
	return func(c *textCase) string { return quoteFact(c.sign(value)) }
}

// seeMatch sees an error that satisfies is.
func seeMatch(is func(*logtext.Match) bool) func(*textCase) string {
	return func(c *textCase) string { return quoteMatch(c.matching(is)) }
}

// seeBoth sees what the second function sees, if the first one sees something too.
func seeBoth(condition, shown func(*textCase) string) func(*textCase) string {
	return func(c *textCase) string {
		if condition(c) == "" {
			return ""
		}
		return shown(c)
	}
}

// unless sees what shown sees, if the other function sees nothing.
func unless(other, shown func(*textCase) string) func(*textCase) string {
	return func(c *textCase) string {
		if other(c) != "" {
			return ""
		}
		return shown(c)
	}
}

// seeAny sees the first of several.
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
