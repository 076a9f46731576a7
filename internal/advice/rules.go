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
	rules := Rules()
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return nil, false
	}
	return &rules[i], true
}
