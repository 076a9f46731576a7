// Package advice judges evidence: it turns what a probe learned into a verdict and a
// ranked list of causes, each with the reasons and the remedies.
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

// Strength says how far evidence carries a cause. The order is that of the constants.
type Strength int

// RulesOut: the evidence excludes the cause. Silent: it says nothing. Allows: it fits, as
// it fits others. Suggests: it points here more than elsewhere. Proves: it leaves no
// other cause.
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

// Rule judges one cause: what excludes it, and what the evidence says of it. What the cause
// is stands in its [cause.Definition].
type Rule struct {
	ID cause.ID

	// Only are the attestations under which a device can be refused for this cause. The
	// zero value means all.
	Only Attestations
	// Outside says why no call of dpsdiag can be refused for this cause; "" if one can, or if
	// its Party says so.
	Outside string
	// Party is who says no where the cause holds, and to whom. The zero value means that anyone
	// may, or that nobody does.
	Party Party
	// Until is how far an attempt cannot come while the cause holds: coming so far rules
	// the cause out. The zero value means that no progress does.
	Until Milestone
	// Judge judges what any witness can know of an attempt, beyond what the catalogue and the
	// fields above say of it. nil: nothing.
	Judge func(*Attempt) Weight
	// Weigh judges what a probe alone can measure in a run. Where it says nothing, Judge
	// decides. nil: nothing.
	Weigh func(*Case) Weight
}

// Attestations are the attestations to which a cause is limited.
type Attestations struct {
	Kinds []probe.AttestationKind // empty means all
	// Otherwise says why the cause is excluded under the others.
	Otherwise string
}

// Case is the evidence of one run with what every rule would otherwise compute anew.
type Case struct {
	Evidence *probe.Evidence
	Run      *probe.Run
	// Rows are the catalogue rows that fit what ended the run, most specific first: the
	// service's refusal, in the plainest words that it had for this device over any
	// transport, or a failure on the way to it. Empty when neither happened.
	Rows []*codes.Entry

	attempt *Attempt    // the run as the rules for every witness see it
	refusal *refusal    // how the service said no, here or plainer over another transport; nil when it did not
	across  *comparison // this run beside the others

	// hub is set where it is the assigned hub that did not take the device. Run is then the
	// way to it, across compares such ways, and hubSays is what the stage says.
	hub     *probe.HubCheck
	hubSays string

	before string // what happened earlier and is explained by what ended the run; "" for nothing
}

// Weight is a rule's judgement of a case.
type Weight struct {
	Strength Strength
	// Because lists the facts the judgement rests on, one line each, so that a reader can
	// check them. With [Silent] they are shown if something else brings the cause up.
	Because []string
	// Against lists facts that speak against the cause without excluding it. They hold it
	// at [Allows].
	Against []string
	// Remedies are what this evidence calls for, ahead of the rule's own.
	Remedies []string

	// inapplicable marks a cause that is out of the question and only worth a word if the
	// catalogue brings it up.
	inapplicable bool
}

// Diagnosis is the judgement of a whole probe.
type Diagnosis struct {
	Verdict Verdict
	Runs    []Verdict // one per run, in order
	// Unregistered says that a lookup found no registration of the device: it has not
	// registered yet.
	Unregistered bool
	Causes       []Cause // most likely first, at most 8
	RuledOut     []Cause // what the evidence excludes, in the order of Rules
	Warnings     []probe.Warning
	Decide       []cause.Step // what would separate the causes that are left together
}

// Cause is a cause with its weight in this diagnosis.
type Cause struct {
	*cause.Definition

	Strength Strength
	Because  []string
	// Remedies are what this evidence calls for, then those of the definition.
	Remedies []string
	// Command is the definition's Show for this target.
	Command string
	// Explain is the query for which "dpsdiag explain" tells more: the code that was
	// seen, or the cause id.
	Explain string
}
