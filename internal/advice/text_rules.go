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
	points float64 // speaks for them, if positive
	share  float64 // what is left of what speaks for them, if positive
	out    bool    // excludes them
}

// The effects. The points are those of an error that names the cause, see worthError.

func favours(points float64, causes ...cause.ID) effect {
	return effect{causes: causes, points: points}
}
func weakens(share float64, causes ...cause.ID) effect { return effect{causes: causes, share: share} }
func excludes(causes ...cause.ID) effect               { return effect{causes: causes, out: true} }

// textRules returns every rule, in the order in which they are applied.
func textRules() []textRule {
	return slices.Concat(
		attestationTextRules(),
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
		for _, cause := range e.causes {
			e.change(scores.of(cause), reason)
		}
	}
}

// change applies an effect to the score of one cause.
func (e effect) change(s *score, reason string) {
	switch {
	case e.out:
		s.out = append(s.out, reason)
	case e.share > 0:
		s.points *= e.share
		for i := range s.support {
			s.support[i] *= e.share
		}
		s.against = append(s.against, reason)
	default:
		s.points += e.points
		s.because = append([]string{reason}, s.because...)
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
