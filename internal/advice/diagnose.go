package advice

import (
	"cmp"
	"fmt"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/shellword"
)

// Diagnose judges the evidence of a probe: the verdict, the possible causes with the likeliest first,
// what is ruled out, and what would decide between the rest. A probe that registered has no causes.
func Diagnose(ev *probe.Evidence) Diagnosis { return diagnose(ev, Rules()) }

// diagnose is Diagnose with a choice of rules.
func diagnose(ev *probe.Evidence, rules []Rule) Diagnosis {
	var d Diagnosis
	var counted []Verdict
	var failed []judged
	across := compare(ev)
	for _, c := range newCases(ev, across) {
		if across.ownRace(c.Run) {
			d.Runs = append(d.Runs, NoVerdict)
			continue
		}
		v := across.verdict(ev.Target.Mode, c.Run)
		d.Runs, counted = append(d.Runs, v), append(counted, v)
		if v != Registered {
			at := c.atHub()
			found := weigh(at, rules, at.strongest(v))
			if v == Fault || v == RetryLater {
				found = withLast(at, rules, found, at.strongest(v))
			}
			failed = append(failed, judged{at, found})
		}
	}
	d.Verdict = across.overall(counted)
	if d.Verdict == Fault && !slices.ContainsFunc(failed, func(j judged) bool { return slices.ContainsFunc(j.found, isCause) }) {
		for i, j := range failed {
			failed[i].found = withLast(j.c, rules, j.found, Allows)
		}
	}
	d.Unregistered = d.Verdict == NoVerdict && slices.ContainsFunc(across.runs, func(run *probe.Run) bool { return refusalOf(run).unregistered() })
	causes, out := rank(together(failed))
	if line := across.passedText(); line != "" && len(causes) > 0 {
		causes[0].because = append(slices.Clone(causes[0].because), line)
	}
	d.Causes, d.RuledOut = asCauses(causes, ev), asCauses(out, ev)
	d.Warnings = warnings(ev, across, d.Causes)
	d.Decide = nextSteps(ev, across, d.Verdict, causes)
	return d
}

// nextSteps are the steps that would decide. If the service still works on the registration, the
// first one is to resume it.
func nextSteps(ev *probe.Evidence, across *comparison, verdict Verdict, causes []candidate) []cause.Step {
	known := slices.ContainsFunc(causes, func(c candidate) bool { return !c.last })
	if step := across.detour(); step != nil && !known && verdict != Registered {
		return []cause.Step{fill(step, ev)}
	}
	steps := decide(ev, causes)
	if slices.ContainsFunc(across.runs, unable) {
		steps = append(steps, fill(&cause.Step{
			How:     "Allow dpsdiag more open files (ulimit -n), or end what uses up the connections of this machine, and probe again",
			Command: probeCommand + "CREDENTIAL",
		}, ev))
	}
	if step := resumption(ev); step != nil && (verdict == NoVerdict || verdict == Interrupted) {
		return append([]cause.Step{*step}, steps...)
	}
	return steps
}

// resumption is the step that resumes a registration on which the service still works; nil if there is
// none, or if the service was a sandbox, which is gone.
func resumption(ev *probe.Evidence) *cause.Step {
	for i := range ev.Runs {
		run := &ev.Runs[i]
		last := run.LastAnswer(probe.OpRegister, probe.OpStatus)
		if last == nil || last.Body.Operation == nil || !pending(stateOf(last)) || ev.Target.Attestation == probe.KindTPM || has(ev.Target.Asked, "--sandbox") {
			continue
		}
		step := fill(&cause.Step{
			How:     "Resume the registration: the service continues with it",
			Command: probeCommand + "CREDENTIAL --operation-id " + shellword.Quote(last.Body.Operation.OperationID),
		}, ev)
		return &step
	}
	return nil
}

// strongest is the highest strength that a run with that verdict can give to a cause. Without an
// answer nothing is more than possible, and a probe that the user interrupted, or that this machine could
// not make, has not failed.
func (c *Case) strongest(v Verdict) Strength {
	switch {
	case (v == Interrupted || unable(c.Run)) && c.refusal == nil:
		return Silent
	case v == Interrupted || v == NoVerdict:
		return Allows
	}
	return Proves
}

func asCauses(list []candidate, ev *probe.Evidence) []Cause {
	var causes []Cause
	command := commandsFor(ev)
	for _, c := range list {
		definition := c.rule.ID.Definition()
		causes = append(causes, Cause{
			Definition: definition,
			Strength:   c.strength,
			Because:    c.because,
			Remedies:   slices.Concat(c.remedies, definition.Remedies),
			Command:    command(definition),
			Explain:    cmp.Or(c.explain, c.rule.ID.String()),
		})
	}
	return causes
}

// warnings are the warnings of the inputs stage and of the runs, unless they are among the causes
// already.
func warnings(ev *probe.Evidence, across *comparison, causes []Cause) []probe.Warning {
	all := slices.Clone(ev.Inputs.Warnings)
	for _, c := range newCases(ev, across) {
		for _, w := range c.observations() {
			isCause := slices.ContainsFunc(causes, func(c Cause) bool { return c.ID.String() == w.ID })
			if !isCause && !slices.Contains(all, w) {
				all = append(all, w)
			}
		}
	}
	return append(all, sideWarnings(ev.Service, causes)...)
}

// observations are unusual facts about a run that need not prevent a registration.
func (c *Case) observations() []probe.Warning {
	var odd []probe.Warning
	if c.clockWrong() {
		odd = append(odd, probe.Warning{ID: cause.DeviceClockWrong.String(), Detail: c.skewText() + "; tokens and certificates will be judged wrongly"})
	}
	if c.issuer() == probe.IssuerOther && c.tlsFailure() == "" {
		odd = append(odd, probe.Warning{ID: cause.ProxyInterference.String(), Detail: c.foreignIssuer()})
	}
	if size := c.chainBytes(); size > smallBuffer {
		odd = append(odd, probe.Warning{
			ID:     string(cause.ServerChainLong),
			Detail: fmt.Sprintf("the server sent %d certificates in %d bytes, more than a device with a TLS buffer of %d bytes can read", len(c.Run.TLS.Peer), size, smallBuffer),
		})
	}
	if text := healed(c.Run.Hub); text != "" {
		odd = append(odd, probe.Warning{ID: cause.StaleAssignment.String(), Detail: text})
	}
	return odd
}

// smallBuffer is the TLS buffer of Azure RTOS (eclipse-threadx/netxduo addons/azure_iot/
// nx_azure_iot.h), the largest among the defaults that are smaller than a TLS record.
const smallBuffer = 7 * 1024

// chainBytes is the size of the server's certificates, 0 without a handshake.
func (c *Case) chainBytes() int {
	if c.Run.TLS == nil {
		return 0
	}
	return c.Run.TLS.ChainBytes()
}
