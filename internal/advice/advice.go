// Package advice judges the evidence of a registration. A diagnosis is a verdict with a ranked list
// of causes, each with its reasons and remedies.
//
// Call [Diagnose] with the evidence of a probe, or [Rules] for the rules. Nothing here does I/O or looks at a clock: the same evidence gives
// the same diagnosis, so every rule can be tested by a table.
package advice

import (
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/probe"
)

// Verdict is the outcome of a probe in one word, as reports and scripts see it.
type Verdict string

// The verdicts of the probe/1 schema.
const (
	Registered  Verdict = "registered"
	Fault       Verdict = "fault"
	NoVerdict   Verdict = "no-verdict"
	RetryLater  Verdict = "retry-later"
	Interrupted Verdict = "interrupted"
)

// Strength says how strongly the evidence supports a cause. The constants are in ascending order.
type Strength int

// RulesOut: the evidence excludes the cause. Silent: it says nothing about the cause. Allows: the
// cause is possible, as others are. Suggests: the cause is more likely than others. Proves: no other
// cause is possible.
const (
	RulesOut Strength = iota - 1
	Silent
	Allows
	Suggests
	Proves
)

// String returns the strength as reports write it.
func (s Strength) String() string {
	switch s {
	case RulesOut:
		return "rules-out"
	case Allows:
		return "allows"
	case Suggests:
		return "suggests"
	case Proves:
		return "proves"
	}
	return "silent"
}

// Rule judges one cause: what excludes it, and what the evidence says about it. The cause itself is
// described by its [cause.Definition].
type Rule struct {
	ID cause.ID

	// Only lists the attestations under which a device can be refused for this cause. The zero value
	// means all.
	Only Attestations
	// Outside says why no call of dpsdiag can be refused for this cause. It is "" if one can, or if
	// Party gives the reason.
	Outside string
	// Party is who refuses whom if this is the cause. The zero value means anyone or nobody.
	Party Party
	// Until is the first milestone that an attempt cannot reach if this is the cause: reaching it
	// rules the cause out. The zero value means that no progress does.
	Until Milestone
	// Judge judges what both a probe and a text can show of an attempt, in addition to the catalogue
	// and the fields above. nil means that there is nothing to judge.
	Judge func(*Attempt) Weight
	// Weigh judges what only a probe can measure. If it says nothing, Judge decides. nil means that
	// there is nothing to measure.
	Weigh func(*Case) Weight
}

// Attestations limits a cause to some attestations.
type Attestations struct {
	Kinds []probe.AttestationKind // empty means all
	// Otherwise says why the cause is excluded under other attestations.
	Otherwise string
}

// Case is the evidence of one run, with values that every rule would otherwise compute again.
type Case struct {
	Evidence *probe.Evidence
	Run      *probe.Run
	// Entries are the catalogue entries that match what ended the run, most specific first. That is
	// the service's refusal, in the clearest form it gave over any transport, or a failure before the
	// service was reached. Empty when neither happened.
	Entries []*codes.Entry

	attempt *Attempt    // the run in the form that both kinds of evidence share
	refusal *refusal    // how the service refused the device, here or more clearly over another transport; nil if it did not
	across  *comparison // this run compared with the others

	// hub is set if the assigned hub did not accept the device. Run is then the connection to the hub,
	// across compares such connections, and hubSays is the detail of the stage that failed.
	hub     *probe.HubCheck
	hubSays string

	record *Record // what the service recorded of the refusal, nil for a probe

	before string // an earlier event that is explained by what ended the run; "" for none
}

// Weight is a rule's judgement of a case.
type Weight struct {
	Strength Strength
	// Because lists the facts that support the judgement, one line each, so that a reader can check
	// them. With [Silent] they are shown only if other evidence makes the cause possible.
	Because []string
	// Against lists evidence against the cause that does not exclude it. It limits the strength to
	// [Allows].
	Against []string
	// Remedies are specific to this evidence and come before those of the definition.
	Remedies []string

	// inapplicable marks a cause that cannot apply. It is only worth mentioning if the catalogue lists
	// it.
	inapplicable bool
	// seen says that the service's side shows the cause.
	seen bool
}

// Diagnosis is the result of a whole probe.
type Diagnosis struct {
	Verdict Verdict
	Runs    []Verdict // one per run, in order
	// Unregistered says that a lookup found no registration: the device has not registered yet.
	Unregistered bool
	Causes       []Cause // most likely first, at most 8
	RuledOut     []Cause // what the evidence excludes, in the order of Rules
	Warnings     []probe.Warning
	Decide       []cause.Step // steps that would decide between the remaining causes
}

// Cause is a cause with its strength in this diagnosis.
type Cause struct {
	*cause.Definition

	Strength Strength
	Because  []string
	// Remedies are those specific to this evidence, then those of the definition.
	Remedies []string
	// Command is the definition's Show for this target.
	Command string
	// Explain is the query for which "dpsdiag explain" says more: the code that was seen, or the cause
	// id.
	Explain string
}
