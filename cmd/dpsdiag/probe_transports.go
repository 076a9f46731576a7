package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dpsdiag/internal/probe"
)

// allTransports is the name for every transport.
const allTransports = "all"

func transportNames() []string {
	var names []string
	for _, t := range probe.Transports() {
		names = append(names, string(t.ID()))
	}
	return names
}

// completeTransports offers the transports, and after a comma those that are not named yet.
func completeTransports(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	before, named := "", []string(nil)
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		before, named = typed[:i+1], strings.Split(typed[:i], ",")
	}
	var list []cobra.Completion
	for _, t := range probe.Transports() {
		if !slices.Contains(named, string(t.ID())) {
			list = append(list, cobra.CompletionWithDesc(before+string(t.ID()), fmt.Sprintf("%s, port %d", t.Traits().Protocol, t.ID().StandardPort())))
		}
	}
	if before == "" {
		list = append(list, cobra.CompletionWithDesc(allTransports, "all of them, side by side"))
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// parseTransports returns the transports of a list of names, or all of them for allTransports.
func parseTransports(names []string) ([]probe.Transport, error) {
	if slices.Equal(names, []string{allTransports}) {
		return probe.Transports(), nil
	}
	var chosen []probe.Transport
	for _, name := range names {
		i := slices.Index(transportNames(), strings.TrimSpace(name))
		switch {
		case name == allTransports:
			return nil, usagef("leave the others out", "--transport: %s has every transport already", allTransports)
		case i < 0:
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

// fitTransports removes from "all" the transports that do not support the attestation or the
// mode, and says so, if at least two remain to compare. Transports that were named must fit.
func (o *probeOptions) fitTransports(a *app, chosen []probe.Transport, attestation probe.AttestationKind) ([]probe.Transport, error) {
	var fitting []probe.Transport
	var names []string
	for _, t := range probe.Transports() {
		if t.Supports(o.mode(), attestation) == nil {
			fitting, names = append(fitting, t), append(names, string(t.ID()))
		}
	}
	compares := o.transports.String() == allTransports && len(fitting) > 1
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
