package cause

// Definition is what dpsdiag tells a user about one cause. The evidence for it is judged in package
// advice.
type Definition struct {
	ID      ID
	Title   string
	Meaning string
	// Confirm says how to check for the cause, in order; Remedies say what to do, in order.
	Confirm  []string
	Remedies []string
	// Show is a command line, mostly of az, that shows what the cause is about; "" where
	// nothing does. Its words in capitals are replaced as those of a [Step].
	Show string
	// Scenario is the sandbox scenario that reproduces the cause; NoScenario says why
	// there is none. Exactly one of them is set.
	Scenario   string
	NoScenario string
	// AtHub says that the scenario needs a probe with --check-hub, NeedsTPM that it needs a TPM, which
	// the sandbox does not have.
	AtHub    bool
	NeedsTPM bool
	// Decide is a step that would decide between this cause and others, with its command; nil if
	// nothing dpsdiag can run decides it.
	Decide *Step
}

// Step is a next step that would decide between causes that are all possible.
type Step struct {
	How string // one sentence
	// Command is a dpsdiag command line. In a [Definition] it has words in capitals, such as ID-SCOPE
	// and CREDENTIAL, which package advice replaces if it knows the values.
	Command string
}

// probeCommand begins the command of every Step that probes again.
const probeCommand = "dpsdiag probe --id-scope ID-SCOPE --registration-id REGISTRATION-ID "

// families are the definitions in the order of the documentation.
func families() [][]Definition {
	return [][]Definition{
		keyDefinitions[:],
		tokenDefinitions[:],
		certificateDefinitions[:],
		chainDefinitions[:],
		keyPairDefinitions[:],
		enrollmentDefinitions[:],
		requestDefinitions[:],
		allocationDefinitions[:],
		serviceDefinitions[:],
		networkDefinitions[:],
		pathDefinitions[:],
		tlsDefinitions[:],
		tpmDefinitions[:],
		operatorDefinitions[:],
		clientDefinitions[:],
		issuanceDefinitions[:],
	}
}

// Definitions returns the definition of every cause, family by family. They are shared by
// all callers and must not be changed.
func Definitions() []*Definition {
	var all []*Definition
	for _, family := range families() {
		for i := range family {
			all = append(all, &family[i])
		}
	}
	return all
}

// Definition returns the definition of the cause. It is nil for [None].
func (id ID) Definition() *Definition {
	for _, family := range families() {
		for i := range family {
			if family[i].ID == id {
				return &family[i]
			}
		}
	}
	return nil
}

// SandboxCommand is the command that plays the scenario of the cause, "" if there is none.
func (d *Definition) SandboxCommand() string {
	switch {
	case d.Scenario == "":
		return ""
	case d.AtHub:
		return "dpsdiag probe --sandbox " + d.Scenario + " --check-hub"
	case d.NeedsTPM:
		return "dpsdiag probe --sandbox " + d.Scenario + " --tpm /dev/tpmrm0"
	}
	return "dpsdiag probe --sandbox " + d.Scenario
}

// Lookup returns the definition of the cause with that name, or false for an unknown one.
func Lookup(name string) (*Definition, bool) {
	id, ok := Parse(name)
	if !ok {
		return nil, false
	}
	return id.Definition(), true
}
