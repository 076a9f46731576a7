package advice

import (
	"cmp"
	"slices"
	"strconv"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/probe"
)

// candidate is a rule with the evidence for it in one run, or in all of them once merged.
type candidate struct {
	rule     *Rule
	index    int // of the rule in Rules
	strength Strength
	weight   float64 // share among all causes in a text; 0 for a probe
	because  []string
	// support is Suggests or more if the evidence alone points to the cause, whatever the catalogue
	// lists, and Silent otherwise.
	support  Strength
	named    bool // listed by the most specific catalogue entry
	doubted  bool // there is evidence against it
	seen     bool // the service's side shows it
	last     bool // of last resort: no rule explains the run
	position int  // in that entry
	explain  string
	remedies []string // before those of the rule
}

// weigh judges every rule on one run. No strength exceeds most. Causes without evidence are left out.
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

// weigh is what the evidence says about the cause, without the catalogue. What the service holds
// counts more than what its answer allows, but less than what the attempt itself shows.
func (r *Rule) weigh(c *Case) Weight {
	side, own := c.attempt.seen(r.ID), r.own(c)
	switch {
	case side.Strength == RulesOut && own.Strength != Proves:
		return side
	case side.Strength <= Silent || r.passed(c.attempt) != "":
		return own
	case own.Strength >= Suggests:
		side.Strength = max(side.Strength, own.Strength)
		side.Because, side.Remedies = union(side.Because, own.Because), own.Remedies
	}
	side.seen = true
	return side
}

// own is what the attempt and the record of an earlier one show about the cause, without the
// service's side.
func (r *Rule) own(c *Case) Weight {
	w := r.weighAttempt(c)
	if c.record != nil && c.record.Before != "" && w.Strength != RulesOut && isLasting(r.ID) {
		w.Against = append(slices.Clone(w.Against), c.record.Before)
	}
	return w
}

func (r *Rule) weighAttempt(c *Case) Weight {
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

// judge is what both kinds of evidence can show about the cause.
func (r *Rule) judge(a *Attempt) Weight {
	if r.Judge == nil {
		return Weight{}
	}
	return r.Judge(a)
}

// naming is what a catalogue entry says about a cause.
type naming struct {
	strength Strength
	position int
	explain  string
}

// nameCauses returns what the most specific catalogue entry with a possible cause says: it allows each
// cause it lists. If it is for one code or message rather than for a whole class, it suggests the
// first one without evidence against it. An entry mainly about keys or certificates says nothing about
// a TPM.
func nameCauses(c *Case, rules []Rule, own []Weight) map[cause.ID]naming {
	if len(c.Entries) == 0 {
		return nil
	}
	weights := make(map[cause.ID]*Weight, len(rules))
	for i := range rules {
		weights[rules[i].ID] = &own[i]
	}
	possible := func(id cause.ID) bool { w, known := weights[id]; return known && w.Strength != RulesOut }
	for _, entry := range c.Entries {
		if c.kind() == probe.KindTPM && noTPM(entry, rules) || !slices.ContainsFunc(entry.CauseIDs, possible) {
			continue
		}
		named := map[cause.ID]naming{}
		for i, id := range entry.CauseIDs {
			named[id] = naming{Allows, i, c.refusal.query()}
		}
		if specific(entry) && (c.record == nil || !mixed(entry, rules)) {
			lead := slices.IndexFunc(entry.CauseIDs, func(id cause.ID) bool { return possible(id) && len(weights[id].Against) == 0 })
			if lead >= 0 {
				named[entry.CauseIDs[lead]] = naming{Suggests, lead, c.refusal.query()}
			}
		}
		return named
	}
	return nil
}

// noTPM reports whether an entry is mainly about credentials of another kind.
func noTPM(entry *codes.Entry, rules []Rule) bool {
	first := slices.IndexFunc(rules, func(r Rule) bool { return len(entry.CauseIDs) > 0 && r.ID == entry.CauseIDs[0] })
	return first >= 0 && len(rules[first].Only.Kinds) > 0 && !slices.Contains(rules[first].Only.Kinds, probe.KindTPM)
}

// mixed reports whether an entry lists causes that no single attestation can have. If the attestation is
// not known, as in a record of the service, such an entry suggests none of them.
func mixed(entry *codes.Entry, rules []Rule) bool {
	left := probe.KindsWith(func(probe.AttestationTraits) bool { return true })
	for i := range rules {
		if kinds := rules[i].Only.Kinds; len(kinds) > 0 && slices.Contains(entry.CauseIDs, rules[i].ID) {
			left = slices.DeleteFunc(left, func(k probe.AttestationKind) bool { return !slices.Contains(kinds, k) })
		}
	}
	return len(left) == 0
}

// specific reports whether an entry is for one code, message or failure, and not for a whole HTTP
// status or family of codes. A code of MQTT or AMQP is as general as a status unless it has a single
// cause.
func specific(entry *codes.Entry) bool {
	if entry.Wrapper {
		return false
	}
	switch entry.Kind {
	case codes.KindMQTT, codes.KindAMQP:
		return !slices.ContainsFunc(entry.CauseIDs, func(id cause.ID) bool { return !id.Fits(entry.CauseIDs[0]) })
	case codes.KindHTTP:
		_, err := strconv.Atoi(entry.Code)
		return err != nil && entry.Code != "5xx"
	}
	return true
}

// combine adds what the catalogue says to the evidence.
func combine(c *Case, id cause.ID, own Weight, named naming) candidate {
	cand := candidate{strength: own.Strength, because: own.Because, remedies: own.Remedies, seen: own.seen}
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

// foundBefore reports whether the inputs stage found a sign of the cause before the refusal.
func (c *Case) foundBefore(id cause.ID) bool { return c.refusal != nil && len(c.warnings(id)) > 0 }

// reasons are the lines under a cause: what was found in the settings before anything was sent, what
// happened, evidence for it, evidence against it.
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

// settle makes a proof exclusive: if one cause is proven the others are not listed. Several proofs
// together prove nothing, unless the service's side shows them: there may be several obstacles.
func settle(found []candidate) []candidate {
	proven := func(c candidate) bool { return c.strength == Proves }
	shown := func(c candidate) bool { return proven(c) && c.seen }
	switch n := count(found, proven); {
	case n == 0:
		return found
	case n == 1 || slices.ContainsFunc(found, shown):
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
