package advice

import "slices"

// Rules returns every rule, family by family: one per cause of the taxonomy. Where
// evidence ranks two causes alike, the earlier one comes first.
func Rules() []Rule {
	return slices.Concat(
		keyRules(),
		tokenRules(),
		certificateRules(),
		chainRules(),
		keyPairRules(),
		enrollmentRules(),
		requestRules(),
		allocationRules(),
		serviceRules(),
		networkRules(),
		pathRules(),
		tlsRules(),
		tpmRules(),
		operatorRules(),
	)
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
// that are unknown. Every call builds all rules: ask once for what belongs together.
func RulesByID(ids ...string) []*Rule {
	rules := Rules()
	var found []*Rule
	for _, id := range ids {
		if i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id }); i >= 0 {
			found = append(found, &rules[i])
		}
	}
	return found
}
