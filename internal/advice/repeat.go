package advice

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/shellword"
)

// repeat is the command of a step as a variation of the command that started the probe: it
// has the same flags except for those that the step changes. It is "" if the step needs a
// service or credential other than that of a sandbox.
func repeat(command string, t probe.Target) string {
	changes := changedFlags(command, t)
	names := namesOf(changes)
	asked := slices.Clone(t.Asked)
	if has(asked, "--sandbox") && slices.ContainsFunc(names, ownOfSandbox) {
		return ""
	}
	asked = slices.DeleteFunc(asked, func(f probe.Flag) bool {
		return slices.ContainsFunc(names, func(name string) bool { return replaces(name, f.Name) })
	})
	if f := find(asked, "--transport"); f != nil && !carries(f.Value, modeOf(names, t.Mode), t.Attestation) {
		asked = slices.DeleteFunc(asked, func(f probe.Flag) bool { return f.Name == "--transport" })
	}
	// A credential may have named the device.
	if slices.ContainsFunc(names, isCredential) && !has(asked, "--registration-id") && t.RegistrationID != "" {
		asked = append(asked, probe.Flag{Name: "--registration-id", Value: t.RegistrationID})
	}
	if t.Mode == probe.ModeHub && !has(asked, "--id-scope") && !has(asked, "--from") {
		asked = append(asked, probe.Flag{Name: "--id-scope", Value: "ID-SCOPE"}) // which the hub alone did not need
	}
	words := []string{"dpsdiag probe"}
	for _, f := range slices.Concat(asked, changes) {
		words = append(words, f.Name)
		if f.Value != "" {
			words = append(words, shellword.Quote(f.Value))
		}
	}
	return strings.Join(words, " ")
}

// changedFlags are the flags of a step's command that are not those of the target.
func changedFlags(command string, t probe.Target) []probe.Flag {
	var flags []probe.Flag
	for word := range strings.FieldsSeq(strings.TrimPrefix(command, "dpsdiag probe")) {
		switch {
		case strings.HasPrefix(word, "--"):
			flags = append(flags, probe.Flag{Name: word})
		case word == "API-VERSION":
			flags[len(flags)-1].Value = otherVersion(t)
		case word != "CREDENTIAL":
			flags[len(flags)-1].Value = word
		}
	}
	return slices.DeleteFunc(flags, func(f probe.Flag) bool { return f.Value == "ID-SCOPE" || f.Value == "REGISTRATION-ID" })
}

func namesOf(flags []probe.Flag) []string {
	var names []string
	for _, f := range flags {
		names = append(names, f.Name)
	}
	return names
}

func find(flags []probe.Flag, name string) *probe.Flag {
	for i := range flags {
		if flags[i].Name == name {
			return &flags[i]
		}
	}
	return nil
}

func has(flags []probe.Flag, name string) bool { return find(flags, name) != nil }

// replaces reports whether a flag that a step sets takes the place of one that was given.
func replaces(set, given string) bool {
	switch {
	case set == given:
		return true
	case isCredential(set):
		return isCredential(given) || given == "--chain"
	}
	return set == "--cloud" && (given == "--endpoint" || strings.HasPrefix(given, "--port-"))
}

// isCredential reports whether a flag says how a device proves itself. Flag --chain only
// adds to that.
func isCredential(name string) bool {
	for _, prefix := range []string{"--key", "--group-key", "--cert", "--pkcs12", "--sas-token", "--tpm"} {
		if name == prefix || strings.HasPrefix(name, prefix+"-") {
			return true
		}
	}
	return false
}

// ownOfSandbox reports whether a sandbox sets what the flag sets, so that it cannot be given
// with one.
func ownOfSandbox(name string) bool {
	own := []string{"--chain", "--id-scope", "--registration-id", "--endpoint", "--cloud", "--ca-file", "--proxy", "--from"}
	return isCredential(name) || slices.Contains(own, name) || strings.HasPrefix(name, "--port-")
}

// modeOf is the mode of a probe with these flags.
func modeOf(names []string, asked probe.Mode) probe.Mode {
	switch {
	case slices.Contains(names, "--lookup"):
		return probe.ModeLookup
	case slices.Contains(names, "--preflight"):
		return probe.ModePreflight
	case slices.Contains(names, "--check-hub"):
		return probe.ModeRegister
	}
	return asked
}

// carries reports whether the transports that a flag names can do what is asked of them.
func carries(list string, mode probe.Mode, attestation probe.AttestationKind) bool {
	able := 0
	for _, t := range probe.Transports() {
		named := slices.Contains(strings.Split(list, ","), string(t.ID()))
		switch {
		case t.Supports(mode, attestation) == nil:
			able++
		case named:
			return false
		}
	}
	return list != "all" || able > 1
}

// commandsFor returns the command line that shows what a cause is about, for this target, with the
// words that are not known left for the reader. A diagnosis has dozens of causes, so what is known
// of the target is found once.
func commandsFor(ev *probe.Evidence) func(*cause.Definition) string {
	sandbox := has(ev.Target.Asked, "--sandbox")
	known := placeholders(ev)
	return func(d *cause.Definition) string {
		if sandbox && (strings.Contains(d.Show, "HOST") || strings.Contains(d.Show, "-FILE")) {
			return "" // the service is gone, and there was no file
		}
		return known.Replace(d.Show)
	}
}

// placeholders replaces the placeholders of commands with what is known of the target.
func placeholders(ev *probe.Evidence) *strings.Replacer {
	t := ev.Target
	certificate, dpsName, hub, device, scope := "CERT-FILE", "DPS-NAME", "HUB-NAME", t.RegistrationID, "ID-SCOPE"
	if _, err := dps.CheckIDScope(t.Scope); err == nil {
		scope = t.Scope // stands inside quotes
	}
	if f := find(t.Asked, "--cert"); f != nil {
		certificate = shellword.Quote(f.Value)
	}
	if name, ok := instanceName(t.Endpoint.Host); ok {
		dpsName = name
	}
	group := "GROUP-ID"
	if side := ev.Service; side != nil {
		dpsName, group = cmp.Or(side.Instance, dpsName), cmp.Or(side.Group, group)
	}
	for i := range ev.Runs {
		if check := ev.Runs[i].Hub; check != nil {
			device = check.DeviceID
			if name, _, _ := strings.Cut(check.Hub, "."); dps.IsHubHost(check.Hub) {
				hub = name
			}
		}
	}
	return strings.NewReplacer(
		"ID-SCOPE", scope,
		"REGISTRATION-ID", shellword.Quote(cmp.Or(t.RegistrationID, "REGISTRATION-ID")),
		"DEVICE-ID", shellword.Quote(cmp.Or(device, "DEVICE-ID")),
		"DPS-NAME", shellword.Quote(dpsName),
		"HUB-NAME", shellword.Quote(hub),
		"GROUP-ID", shellword.Quote(group),
		"CERT-FILE", certificate,
		"HOST", shellword.Quote(t.Endpoint.Host),
		"PORT", strconv.Itoa(t.Endpoint.HTTPS),
	)
}

// instanceName is the name of the instance whose own endpoint a host is.
func instanceName(host string) (string, bool) {
	name, _, _ := strings.Cut(host, ".")
	cloud, ok := dps.CloudOf(host)
	return name, ok && host != cloud.GlobalHost()
}
