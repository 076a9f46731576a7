package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dpsdiag/internal/probe"
)

// allTransports stands for every transport.
const allTransports = "all"

func transportNames() []string {
	var names []string
	for _, t := range probe.Transports() {
		names = append(names, string(t.ID()))
	}
	return names
}

func transportCompletions() []cobra.Completion {
	var list []cobra.Completion
	for _, t := range probe.Transports() {
		list = append(list, cobra.CompletionWithDesc(string(t.ID()), fmt.Sprintf("%s, port %d", t.Traits().Protocol, t.ID().StandardPort())))
	}
	return append(list, cobra.CompletionWithDesc(allTransports, "all of them, side by side"))
}

// parseTransports reads a list of transports with commas between them.
func parseTransports(list string) ([]probe.Transport, error) {
	if list == allTransports {
		list = strings.Join(transportNames(), ",")
	}
	var chosen []probe.Transport
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(transportNames(), strings.TrimSpace(name))
		if i < 0 {
			return nil, usagef("available: "+strings.Join(transportNames(), ", ")+", or "+allTransports, "--transport: %q is not available", name)
		}
		t := probe.Transports()[i]
		if slices.ContainsFunc(chosen, func(c probe.Transport) bool { return c.ID() == t.ID() }) {
			return nil, usagef("name each transport once", "--transport: %s is named twice", t.ID())
		}
		chosen = append(chosen, t)
	}
	return chosen, nil
}

// fitTransports leaves out of "all" what cannot carry the attestation or the mode, and says
// so, if there is still something to compare. What was named must fit.
func (o *probeOptions) fitTransports(a *app, chosen []probe.Transport, attestation probe.AttestationKind) ([]probe.Transport, error) {
	var fitting []probe.Transport
	var names []string
	for _, t := range probe.Transports() {
		if t.Supports(o.mode(), attestation) == nil {
			fitting, names = append(fitting, t), append(names, string(t.ID()))
		}
	}
	compares := o.transports == allTransports && len(fitting) > 1
	for _, t := range chosen {
		switch why := t.Supports(o.mode(), attestation); {
		case why == nil:
		case compares:
			tell(a.stderr, "dpsdiag: --transport %s: %s is left out: %v", allTransports, t.ID(), why)
		default:
			return nil, usagef("use "+strings.Join(names, " or "), "--transport: transport %s: %v", t.ID(), why)
		}
	}
	if compares {
		return fitting, nil
	}
	return chosen, nil
}
