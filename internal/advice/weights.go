package advice

// The weights that rules return, by name. Each takes the facts that support it.

func ruledOut(because ...string) Weight { return Weight{Strength: RulesOut, Because: because} }

func allowed(because ...string) Weight { return Weight{Strength: Allows, Because: because} }

func suggested(because ...string) Weight { return Weight{Strength: Suggests, Because: because} }

func proven(because ...string) Weight { return Weight{Strength: Proves, Because: because} }

// remark adds facts to a cause that other evidence makes possible.
func remark(because ...string) Weight { return Weight{Because: because} }

// doubted adds evidence against a cause that other evidence makes possible.
func doubted(against ...string) Weight { return Weight{Against: against} }

// inapplicable rules out a cause that cannot apply. That is only worth mentioning if the catalogue
// lists it.
func inapplicable(because string) Weight {
	return Weight{Strength: RulesOut, Because: []string{because}, inapplicable: true}
}

// empty reports whether a judgement says nothing at all.
func (w *Weight) empty() bool {
	return w.Strength == Silent && len(w.Because)+len(w.Against)+len(w.Remedies) == 0
}
