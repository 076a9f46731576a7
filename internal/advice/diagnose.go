package advice

import (
	"cmp"
	"slices"

	"dpsdiag/internal/probe"
)

// Diagnose judges the evidence of a probe: the verdict, the causes that the evidence
// leaves with the likeliest first, what it rules out and what would decide the rest. A
// probe that registered has no causes.
func Diagnose(ev *probe.Evidence) Diagnosis { return diagnose(ev, Rules()) }

// diagnose is Diagnose with a choice of rules.
func diagnose(ev *probe.Evidence, rules []Rule) Diagnosis {
	var d Diagnosis
	var found [][]candidate
	for i := range ev.Runs {
		v := verdictOf(ev.Target.Mode, &ev.Runs[i])
		d.Runs = append(d.Runs, v)
		if v != Registered {
			c := newCase(ev, &ev.Runs[i])
			found = append(found, weigh(c, rules, c.strongest(v)))
		}
	}
	d.Verdict = overall(d.Runs)
	causes, out := rank(merge(found))
	d.Causes, d.RuledOut = asCauses(causes), asCauses(out)
	d.Warnings = warnings(ev, d.Causes)
	d.Decide = decide(ev, causes)
	return d
}

// strongest is how much a run with that verdict can say for any cause. Without an answer
// nothing is more than possible, and what the user broke off is no failure at all.
func (c *Case) strongest(v Verdict) Strength {
	switch {
	case v == Interrupted && c.refusal == nil:
		return Silent
	case v == Interrupted || v == NoVerdict:
		return Allows
	}
	return Proves
}

func asCauses(list []candidate) []Cause {
	var causes []Cause
	for _, c := range list {
		causes = append(causes, Cause{
			Rule:     c.rule,
			Strength: c.strength,
			Because:  c.because,
			Remedies: c.rule.Remedies,
			Explain:  cmp.Or(c.explain, c.rule.ID),
		})
	}
	return causes
}

// warnings are what the inputs stage found odd and what the runs show besides, unless it
// is among the causes already.
func warnings(ev *probe.Evidence, causes []Cause) []probe.Warning {
	all := slices.Clone(ev.Inputs.Warnings)
	for i := range ev.Runs {
		for _, w := range newCase(ev, &ev.Runs[i]).observations() {
			isCause := slices.ContainsFunc(causes, func(c Cause) bool { return c.Rule.ID == w.ID })
			if !isCause && !slices.Contains(all, w) {
				all = append(all, w)
			}
		}
	}
	return all
}

// observations are what is odd in a run although it need not hinder a registration.
func (c *Case) observations() []probe.Warning {
	var odd []probe.Warning
	if c.clockWrong() {
		odd = append(odd, probe.Warning{ID: "device-clock-wrong", Detail: c.skewText() + "; tokens and certificates will be judged wrongly"})
	}
	if c.issuer() == probe.IssuerOther && c.tlsFailure() == "" {
		odd = append(odd, probe.Warning{ID: "proxy-interference", Detail: c.foreignIssuer()})
	}
	return odd
}
