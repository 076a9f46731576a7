package advice

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/shellword"
)

// maxDeciders is how many next steps a diagnosis suggests.
const maxDeciders = 3

// probeCommand begins the command of every step that probes again.
const probeCommand = "dpsdiag probe --id-scope ID-SCOPE --registration-id REGISTRATION-ID "

// decide returns the steps that would decide between the remaining causes: those of the likeliest
// ones, each step once, filled in for this target. A proven cause needs none.
func decide(ev *probe.Evidence, causes []candidate) []cause.Step {
	var steps []cause.Step
	for _, c := range causes {
		next := c.rule.ID.Definition().Decide
		if next == nil || c.strength == Proves || c.doubted || len(steps) == maxDeciders || isDone(next, ev) {
			continue
		}
		step := fill(next, ev)
		if !slices.ContainsFunc(steps, func(s cause.Step) bool { return sameStep(s, step) }) {
			steps = append(steps, step)
		}
	}
	return steps
}

// isDone reports whether the probe has already done what a step asks for: the hub was asked, also
// after another registration.
func isDone(step *cause.Step, ev *probe.Evidence) bool {
	again := func(s probe.HubStep) bool { return s.Action == probe.HubRegister }
	return strings.HasSuffix(step.Command, " --check-hub") && slices.ContainsFunc(ev.Runs, func(run probe.Run) bool {
		return run.Hub != nil && slices.ContainsFunc(run.Hub.Steps, again)
	})
}

// sameStep reports whether two steps run the same command, or give the same instruction if neither
// has a command.
func sameStep(a, b cause.Step) bool {
	return a.Command == b.Command && (a.Command != "" || a.How == b.How)
}

// fill completes the step for the target of a probe.
func fill(d *cause.Step, ev *probe.Evidence) cause.Step {
	command := keepHub(d.Command, ev.Runs)
	if ev.Target.Asked != nil {
		return cause.Step{How: d.How, Command: repeat(command, ev.Target)}
	}
	return cause.Step{How: d.How, Command: fillCommand(keepProxy(command, ev.Runs), ev.Target)}
}

// keepProxy adds the proxy flag to a command if a flag chose the proxy. A proxy from the environment
// also applies to the next command.
func keepProxy(command string, runs []probe.Run) string {
	fromFlag := func(run probe.Run) bool {
		return run.Route.Proxy != nil && strings.HasPrefix(run.Route.Proxy.Origin, "--")
	}
	direct := func(run probe.Run) bool { return strings.HasPrefix(run.Route.Direct, "--") }
	switch {
	case strings.Contains(command, "--proxy"):
		return command
	case slices.ContainsFunc(runs, fromFlag):
		return command + " --proxy PROXY-URL"
	case slices.ContainsFunc(runs, direct):
		return command + " --proxy none"
	}
	return command
}

// fillCommand puts the target into a command. Credentials remain placeholders for the reader to
// replace: the files are not known here, and a secret must not be.
func fillCommand(command string, t probe.Target) string {
	if t.ExtraRoots && !strings.Contains(command, "--ca-file") {
		command += " --ca-file CA-FILE"
	}
	return strings.NewReplacer(
		"dpsdiag probe --id-scope", "dpsdiag probe "+endpointFlag(t.Endpoint)+"--id-scope",
		"ID-SCOPE", shellword.Quote(t.Scope),
		"REGISTRATION-ID", shellword.Quote(t.RegistrationID),
		"CREDENTIAL", cmp.Or(t.Attestation.Traits().Flags, "CREDENTIAL"),
		"API-VERSION", otherVersion(t),
	).Replace(command)
}

// endpointFlag is the flag that selects the endpoint, with a space after it; "" for the default one.
func endpointFlag(e dps.Endpoint) string {
	if e.HTTPS != dps.PortHTTPS {
		return "--endpoint " + shellword.Quote(net.JoinHostPort(e.Host, strconv.Itoa(e.HTTPS))) + " "
	}
	for _, cloud := range dps.Clouds() {
		switch {
		case e.Host != cloud.GlobalHost():
		case cloud == dps.CloudPublic:
			return ""
		default:
			return "--cloud " + string(cloud) + " "
		}
	}
	return "--endpoint " + shellword.Quote(e.Host) + " "
}

// portFlag is the flag that selects the port of a transport in addition to endpointFlag, with a space
// before it; "" if endpointFlag selects it already.
func portFlag(t probe.TransportID, e dps.Endpoint) string {
	given := e.HTTPS // which --endpoint gives to every transport
	if given == dps.PortHTTPS {
		given = t.StandardPort()
	}
	port := t.Port(e)
	if port == given {
		return ""
	}
	return " --port-" + string(t) + " " + strconv.Itoa(port)
}

// otherVersion is an api-version that nearly every instance accepts, other than the one that was
// requested. With a signing request it is one that has those.
func otherVersion(t probe.Target) string {
	switch {
	case t.Signing && t.APIVersion == stableIssuing:
		return dps.IssuingAPIVersion
	case t.Signing:
		return stableIssuing
	case t.APIVersion == dps.DefaultAPIVersion:
		return "2021-06-01" // of the C SDK and IoT Edge
	}
	return dps.DefaultAPIVersion
}

// stableIssuing is the stable api-version with signing requests (azure-rest-api-specs
// deviceprovisioningservices/data-plane, device/examples/2026-11-01).
const stableIssuing = "2026-11-01"
