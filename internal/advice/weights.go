package advice

// The weights that rules return, by name. Each takes the facts it rests on.

func ruledOut(because ...string) Weight { return Weight{Strength: RulesOut, Because: because} }

func allowed(because ...string) Weight { return Weight{Strength: Allows, Because: because} }

func suggested(because ...string) Weight { return Weight{Strength: Suggests, Because: because} }

func proven(because ...string) Weight { return Weight{Strength: Proves, Because: because} }

// remark adds facts to a cause that something else brings up.
func remark(because ...string) Weight { return Weight{Because: because} }

// doubted states facts against a cause that something else brings up.
func doubted(against ...string) Weight { return Weight{Against: against} }

// inapplicable rules out a cause that is out of the question; that is worth a word only
// where the catalogue names it.
func inapplicable(because string) Weight {
	return Weight{Strength: RulesOut, Because: []string{because}, inapplicable: true}
}

// empty reports whether a judgement says nothing at all.
func (w *Weight) empty() bool {
	return w.Strength == Silent && len(w.Because)+len(w.Against)+len(w.Remedies) == 0
}
