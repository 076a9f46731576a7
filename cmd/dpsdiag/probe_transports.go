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

// transport is a transport that --transport offers.
type transport struct {
	protocol string
	open     probe.Transport
}

// transports lists them in the order in which a comparison shows them.
func transports() []transport {
	return []transport{
		{"HTTP 1.1 over TLS", probe.NewHTTPS()},
		{"MQTT 3.1.1 over TLS", probe.NewMQTT()},
		{"MQTT 3.1.1 over WebSocket", probe.NewMQTTOverWebSocket()},
		{"AMQP 1.0 over TLS", probe.NewAMQP()},
		{"AMQP 1.0 over WebSocket", probe.NewAMQPOverWebSocket()},
	}
}

func transportNames() []string {
	var names []string
	for _, t := range transports() {
		names = append(names, string(t.open.ID()))
	}
	return names
}

func transportCompletions() []cobra.Completion {
	var list []cobra.Completion
	for _, t := range transports() {
		list = append(list, cobra.CompletionWithDesc(string(t.open.ID()), fmt.Sprintf("%s, port %d", t.protocol, t.open.ID().StandardPort())))
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
		t := transports()[i].open
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
	for _, t := range transports() {
		if t.open.Supports(o.mode(), attestation) == nil {
			fitting, names = append(fitting, t.open), append(names, string(t.open.ID()))
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
