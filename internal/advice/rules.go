package advice

import "dpsdiag/internal/cause"

// families returns the functions that make the rules of each family, in their order.
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
		clientRules,
		issuanceRules,
	}
}

// Rules returns every rule, family by family: one per cause of the taxonomy. If the evidence ranks two
// causes equally, the earlier one comes first.
func Rules() []Rule {
	rules := make([]Rule, 0, len(cause.All()))
	for _, family := range families() {
		rules = append(rules, family()...)
	}
	return rules
}
