package advice

import (
	"slices"
	"strings"
)

// families returns what makes the rules of each family, in their order.
func families() []func() []Rule {
	return []func() []Rule{
		keyRules,
		tokenRules,
		certificateRules,
		chainRules,
		keyPairRules,
		enrollmentRules,
		requestRules,
		allocationRules,
		serviceRules,
		networkRules,
		pathRules,
		tlsRules,
		tpmRules,
		operatorRules,
	}
}

// Rules returns every rule, family by family: one per cause of the taxonomy. Where
// evidence ranks two causes alike, the earlier one comes first.
func Rules() []Rule {
	var rules []Rule
	for _, family := range families() {
		rules = append(rules, family()...)
	}
	return rules
}

// RuleByID returns the rule of a cause, or false for an unknown id.
func RuleByID(id string) (*Rule, bool) {
	found := RulesByID(id)
	if len(found) == 0 {
		return nil, false
	}
	return found[0], true
}

// RulesByID returns the rules of several causes in the order of the ids, without those
// that are unknown. It makes rules until it has them all, but none for codes: no id has a
// digit. Ask once for what belongs together.
func RulesByID(ids ...string) []*Rule {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return strings.ContainsAny(id, "0123456789") })
	found := make([]*Rule, len(ids))
	missing := len(ids)
	for _, family := range families() {
		if missing == 0 {
			break
		}
		rules := family()
		for i, id := range ids {
			at := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
			if at >= 0 {
				found[i] = &rules[at]
				missing--
			}
		}
	}
	return slices.DeleteFunc(found, func(r *Rule) bool { return r == nil })
}
