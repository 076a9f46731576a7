package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
	"dpsdiag/internal/shellword"
)

// writeReady writes how to reach the emulator: as one line of JSON, or as text.
func (a *app) writeReady(ready emulator.Ready, scenario string) error {
	if a.global.onStdout() == "json" {
		if err := json.NewEncoder(a.stdout).Encode(ready); err != nil {
			return fmt.Errorf("write the ready line: %w", err)
		}
		return nil
	}
	if _, err := io.WriteString(a.stdout, readyText(ready, scenario)); err != nil {
		return fmt.Errorf("write the ready text: %w", err)
	}
	return nil
}

// readyText returns the addresses, and a command for each transport, which together use every
// identity. It fits a screen of 80 columns and 24 lines; the cursor is on the last one. Paths are
// relative to the state directory, since absolute ones would be too long.
func readyText(ready emulator.Ready, scenario string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Ready until Ctrl-C. Scenario: %s\n", scenario)
	at := map[string][]string{}
	for _, t := range probe.Transports() {
		address := addressFor(ready.Endpoints, t.ID())
		at[address] = append(at[address], string(t.ID()))
	}
	shown := map[string]bool{}
	for _, t := range probe.Transports() {
		if address := addressFor(ready.Endpoints, t.ID()); !shown[address] {
			shown[address] = true
			fmt.Fprintf(&b, "  %-25s%s\n", strings.Join(at[address], ", "), address)
		}
	}
	fmt.Fprintf(&b, "  %-25s%s\n  %-25s%s, see %s\n", "hub", ready.Endpoints.Hub,
		"id scope, service API", ready.IDScope, inDir(ready.StateDir, ready.ServiceConnectionStringFile))
	b.WriteString("Register from another terminal, first going where the CA and the keys are:\n")
	fmt.Fprintf(&b, "cd %s\n", shellword.Quote(ready.StateDir))
	for _, command := range readyCommands(ready, scenario) {
		b.WriteString(breakCommand(command))
	}
	return b.String()
}

// addressFor is the address at which a transport is served.
func addressFor(e emulator.Endpoints, id probe.TransportID) string {
	switch id {
	case probe.MQTT:
		return e.MQTT
	case probe.AMQP:
		return e.AMQP
	}
	return e.HTTPS
}

// readyCommands are a command for each transport and at least one for each identity, of which
// that comes first which the scenario is about.
func readyCommands(ready emulator.Ready, name string) [][]string {
	ids := slices.Clone(ready.Identities)
	scenario, _ := emulator.ScenarioByName(name)
	slices.SortStableFunc(ids, func(a, b emulator.Identity) int {
		return order(scenario.PlayedBy(a.Attestation), scenario.PlayedBy(b.Attestation))
	})
	var commands [][]string
	used := map[string]bool{}
	for i, t := range probe.Transports() {
		id := ids[i%len(ids)]
		for n := i + 1; t.Supports(probe.ModeRegister, probe.AttestationKind(id.Attestation)) != nil; n++ {
			id = ids[n%len(ids)]
		}
		used[id.RegistrationID] = true
		commands = append(commands, probeCommand(ready, id, t.ID()))
	}
	for _, id := range ids {
		if !used[id.RegistrationID] {
			commands = append(commands, probeCommand(ready, id, probe.HTTPS))
		}
	}
	return commands
}

// order puts what is true first.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// probeCommand is the command line, for a shell in the state directory, that registers one of
// the ready identities over a transport.
func probeCommand(ready emulator.Ready, id emulator.Identity, transport probe.TransportID) []string {
	command := []string{
		"dpsdiag", "probe", "--transport " + string(transport), "--endpoint " + dialable(addressFor(ready.Endpoints, transport)),
		"--ca-file " + inDir(ready.StateDir, ready.CAFile), "--id-scope " + ready.IDScope,
	}
	add := func(flag, value string) {
		if value != "" {
			command = append(command, flag+" "+inDir(ready.StateDir, value))
		}
	}
	if id.Attestation == emulator.X509 {
		add("--cert", id.CertFile)
		add("--cert-key", id.KeyFile)
		return append(command, "--registration-id "+id.RegistrationID)
	}
	command = append(command, "--registration-id "+id.RegistrationID)
	if id.Attestation == emulator.TPM {
		return append(command, "--tpm "+exampleTPM)
	}
	add("--key-file", id.KeyFile)
	add("--group-key-file", id.GroupKeyFile)
	if id.TokenFile != "" {
		command = append([]string{fmt.Sprintf(`TOKEN="$(cat %s)"`, inDir(ready.StateDir, id.TokenFile))}, command...)
		command = append(command, "--sas-token-env TOKEN")
	}
	return command
}

// dialable is where a device on this machine reaches an address, also one of all interfaces.
func dialable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// inDir is the name of a file as it is from a directory, quoted for a shell.
func inDir(dir, file string) string {
	if name, err := filepath.Rel(dir, file); err == nil {
		file = name
	}
	return shellword.Quote(file)
}

// breakCommand writes a command that can be copied also where it has to be broken. The shells
// of Windows do not know a backslash at the end of a line.
func breakCommand(words []string) string {
	if runtime.GOOS == "windows" {
		return strings.Join(words, " ") + "\n"
	}
	const more = " \\\n  "
	text, used := words[0], len(words[0])
	for _, word := range words[1:] {
		if used+1+len(word)+len(" \\") > report.DefaultWidth {
			text, used = text+more+word, len("  ")+len(word)
			continue
		}
		text, used = text+" "+word, used+1+len(word)
	}
	return text + "\n"
}
