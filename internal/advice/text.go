package advice

import (
	"cmp"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// TextDiagnosis is the judgement of what a text holds.
type TextDiagnosis struct {
	Causes   []Cause      // most likely first, at most 8
	RuledOut []Cause      // what the text excludes although an error in it names it
	Decide   []cause.Step // what would separate the causes that are left
	Collect  []Collect    // how to get a text that tells more; none where this one tells enough
}

// DiagnoseText judges what was found in a text: the causes that the errors in it name,
// accumulated over all of them, then what the circumstances say of each (see textRules).
// A text rarely proves anything: only a message of the service about one single cause does.
//
// Where the last attempt in the text ended well there is nothing to diagnose.
func DiagnoseText(found *logtext.Findings) TextDiagnosis {
	if found.Healthy() {
		return TextDiagnosis{}
	}
	return diagnoseText(found, textRules())
}

// diagnoseText is DiagnoseText with a choice of rules.
func diagnoseText(found *logtext.Findings, rules []textRule) TextDiagnosis {
	c := newTextCase(found)
	scores := c.scoreMatches()
	for i := range rules {
		rules[i].apply(c, scores)
	}
	causes, out := c.rankText(scores)
	return TextDiagnosis{
		Causes:   asCauses(causes),
		RuledOut: asCauses(out),
		Decide:   c.decide(causes),
		Collect:  c.collect(causes),
	}
}

// score is what a text says of one cause.
type score struct {
	points   float64
	support  []float64 // of each error that names the cause, in the order of the matches
	because  []string
	against  []string
	out      []string // why it is excluded
	proven   bool
	row      *codes.Entry // the row that names the cause at the best place, nil if none does
	position int          // that place
}

// scoreboard holds the scores by the ids of the causes.
type scoreboard map[cause.ID]*score

func (b scoreboard) of(id cause.ID) *score {
	s, known := b[id]
	if !known {
		s = &score{position: unranked}
		b[id] = s
	}
	return s
}

// total adds up what several errors say: the strongest counts whole, each further one half
// of the one before it, so that a repeated wrapper never outweighs one clear message.
func (s *score) total() float64 {
	support := slices.Clone(s.support)
	slices.SortFunc(support, func(a, b float64) int { return cmp.Compare(b, a) })
	sum, share := s.points, 1.0
	for _, points := range support {
		sum += points * share
		share /= 2
	}
	return sum
}

// The measures of a ranking.
const (
	worthNaming = 0.12 // share of the first cause's points from which a cause is named
	worthMore   = 0.75 // share from which it is suggested like the first one
	suggestive  = 45.0 // points from which a cause is suggested at all
	maxReasons  = 4
)

// rankText orders the causes and says how strong each is; out are those that the text
// excludes although an error names them.
func (c *textCase) rankText(scores scoreboard) (causes, out []candidate) {
	best := 0.0
	for _, s := range scores {
		if len(s.out) == 0 {
			best = max(best, s.total())
		}
	}
	rules := Rules()
	points := map[cause.ID]float64{}
	for i := range rules {
		s := scores[rules[i].ID]
		if s == nil || s.total() <= 0 {
			continue
		}
		cand := candidate{rule: &rules[i], index: i, because: firstReasons(s), position: s.position, strength: Allows}
		if s.total() < best*worthNaming {
			continue
		}
		if len(s.out) > 0 {
			cand.strength, cand.because = RulesOut, s.out
			out = append(out, cand)
			continue
		}
		if len(s.against) == 0 && s.total() >= suggestive && s.total() >= best*worthMore {
			cand.strength = Suggests
		}
		points[rules[i].ID] = s.total()
		causes = append(causes, cand)
	}
	slices.SortFunc(causes, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(points[b.rule.ID], points[a.rule.ID]), cmp.Compare(a.position, b.position), cmp.Compare(a.index, b.index))
	})
	c.prove(causes, scores)
	causes = causes[:min(len(causes), maxCauses)]
	for _, kept := range [][]candidate{causes, out} {
		for i := range kept {
			kept[i].explain = explainQuery(scores[kept[i].rule.ID].row)
		}
	}
	return causes, out
}

// prove raises the first cause if the service itself named it and it alone, and nothing
// else in the text comes near.
func (c *textCase) prove(causes []candidate, scores scoreboard) {
	if len(causes) == 0 || causes[0].strength != Suggests || !scores[causes[0].rule.ID].proven {
		return
	}
	for _, other := range causes[1:] {
		if other.strength == Suggests {
			return
		}
	}
	causes[0].strength = Proves
}

// firstReasons are the reasons for a cause and against it, as many as a reader will check.
func firstReasons(s *score) []string {
	reasons := slices.Clone(s.because[:min(len(s.because), maxReasons)])
	for _, fact := range s.against[:min(len(s.against), 2)] {
		reasons = append(reasons, "against it: "+fact)
	}
	return reasons
}

// unranked is the position of a cause that no row of the catalogue names.
const unranked = 1 << 10
