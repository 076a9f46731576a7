package advice

import (
	"cmp"
	"slices"
	"strconv"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/probe"
)

// candidate is a rule with what speaks for it in one run, or in all of them once merged.
type candidate struct {
	rule     *Rule
	index    int // of the rule in Rules
	strength Strength
	weight   float64 // share among all causes by what a text says; 0 for a probe
	because  []string
	// support is Suggests or more where the evidence alone points to the cause, whatever
	// the catalogue names, and Silent otherwise.
	support  Strength
	named    bool // by the most specific catalogue row
	doubted  bool // something speaks against it
	last     bool // of last resort: no rule explains the run
	position int  // in that row
	explain  string
	remedies []string // before those of the rule
}

// weigh judges every rule on one run. Nothing is judged stronger than most. What the
// evidence says nothing of is left out.
func weigh(c *Case, rules []Rule, most Strength) []candidate {
	own := make([]Weight, len(rules))
	for i := range rules {
		own[i] = rules[i].weigh(c)
	}
	named := nameCauses(c, rules, own)
	for i := range rules {
		if own[i].inapplicable && !c.mentions(rules[i].ID) {
			own[i] = Weight{}
		}
	}
	var found []candidate
	for i := range rules {
		cand := combine(c, rules[i].ID, own[i], named[rules[i].ID])
		cand.rule, cand.index = &rules[i], i
		cand.strength = min(cand.strength, most)
		if cand.strength != Silent {
			found = append(found, cand)
		}
	}
	return settle(found)
}

// weigh is what the evidence says of the cause, the catalogue left aside.
func (r *Rule) weigh(c *Case) Weight {
	if c.judged() {
		if why := cmp.Or(r.unfit(c.attempt), r.outside()); why != "" {
			return inapplicable(why)
		}
	}
	if why := r.passed(c.attempt); why != "" {
		return ruledOut(why)
	}
	if r.Weigh != nil {
		if w := r.Weigh(c); !w.empty() {
			return w
		}
	}
	return r.judge(c.attempt)
}

// judge is what any witness can say of the cause.
func (r *Rule) judge(a *Attempt) Weight {
	if r.Judge == nil {
		return Weight{}
	}
	return r.Judge(a)
}

// naming is what a catalogue row says of a cause.
type naming struct {
	strength Strength
	position int
	explain  string
}

// nameCauses returns what the most specific catalogue row that still has a possible cause
// says: it allows each cause it names and, if it is for one code or message rather than
// for a whole class, suggests the first one that nothing speaks against. A row
// about keys or certificates before all says nothing of a TPM.
func nameCauses(c *Case, rules []Rule, own []Weight) map[cause.ID]naming {
	weights := map[cause.ID]Weight{}
	for i := range rules {
		weights[rules[i].ID] = own[i]
	}
	possible := func(id cause.ID) bool { w, known := weights[id]; return known && w.Strength != RulesOut }
	for _, row := range c.Rows {
		if c.kind() == probe.KindTPM && noTPM(row, rules) || !slices.ContainsFunc(row.CauseIDs, possible) {
			continue
		}
		named := map[cause.ID]naming{}
		for i, id := range row.CauseIDs {
			named[id] = naming{Allows, i, c.refusal.query()}
		}
		if specific(row) {
			lead := slices.IndexFunc(row.CauseIDs, func(id cause.ID) bool { return possible(id) && len(weights[id].Against) == 0 })
			if lead >= 0 {
				named[row.CauseIDs[lead]] = naming{Suggests, lead, c.refusal.query()}
			}
		}
		return named
	}
	return nil
}

// noTPM reports whether a row is before all about credentials of another kind.
func noTPM(row *codes.Entry, rules []Rule) bool {
	first := slices.IndexFunc(rules, func(r Rule) bool { return len(row.CauseIDs) > 0 && r.ID == row.CauseIDs[0] })
	return first >= 0 && len(rules[first].Only.Kinds) > 0 && !slices.Contains(rules[first].Only.Kinds, probe.KindTPM)
}

// specific reports whether a row is for one code, message or failure, and not for a whole
// HTTP status or family of codes. A code of MQTT or AMQP tells as little as a status unless
// one cause alone goes with it.
func specific(row *codes.Entry) bool {
	if row.Wrapper {
		return false
	}
	switch row.Kind {
	case codes.KindMQTT, codes.KindAMQP:
		return !slices.ContainsFunc(row.CauseIDs, func(id cause.ID) bool { return !id.Fits(row.CauseIDs[0]) })
	case codes.KindHTTP:
		_, err := strconv.Atoi(row.Code)
		return err != nil && row.Code != "5xx"
	}
	return true
}

// combine adds what the catalogue says to what the evidence says.
func combine(c *Case, id cause.ID, own Weight, named naming) candidate {
	cand := candidate{strength: own.Strength, because: own.Because, remedies: own.Remedies}
	if own.Strength >= Suggests {
		cand.support = own.Strength
	}
	if own.Strength == RulesOut {
		return cand
	}
	if named.strength > Silent {
		cand.strength = max(own.Strength, named.strength)
		cand.named, cand.position, cand.explain = true, named.position, named.explain
	}
	if cand.strength == Silent {
		return cand
	}
	if c.foundBefore(id) {
		cand.strength, cand.support = max(cand.strength, Suggests), max(cand.support, Suggests)
	}
	if len(own.Against) > 0 {
		cand.strength, cand.doubted = min(cand.strength, Allows), true
	}
	cand.because = reasons(c, id, own)
	return cand
}

// foundBefore reports whether the inputs stage had found a sign of the cause that the
// refusal then shows.
func (c *Case) foundBefore(id cause.ID) bool { return c.refusal != nil && len(c.warnings(id)) > 0 }

// reasons are the lines under a cause: what was found in the settings before anything was
// sent, what happened, what speaks for it, what against.
func reasons(c *Case, id cause.ID, own Weight) []string {
	var lines []string
	if c.foundBefore(id) {
		lines = append(lines, c.warnings(id)...)
	}
	if event := c.event(); event != "" {
		lines = append(lines, event)
	}
	if c.before != "" {
		lines = append(lines, c.before)
	}
	lines = union(lines, own.Because)
	for _, fact := range own.Against {
		lines = append(lines, "against it: "+fact)
	}
	return lines
}

// settle lets a proof stand only alone: beside one proven cause the others need no
// mention, and several proofs together prove none.
func settle(found []candidate) []candidate {
	proven := func(c candidate) bool { return c.strength == Proves }
	switch count(found, proven) {
	case 0:
		return found
	case 1:
		return slices.DeleteFunc(found, func(c candidate) bool { return c.strength > Silent && !proven(c) })
	}
	for i := range found {
		found[i].strength = min(found[i].strength, Suggests)
	}
	return found
}

func count[T any](list []T, is func(T) bool) int {
	n := 0
	for _, c := range list {
		if is(c) {
			n++
		}
	}
	return n
}
