package advice

import (
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

func networkTable() []row {
	proxied := "allows proxy-not-configured"
	return []row{
		{
			name: "a documented name that is denied", ev: refusedProbe(unresolved(netfail.NoSuchHost)), verdict: Fault,
			causes: []string{"proves dns-failure"},
			out:    []string{"wrong-global-endpoint"},
		},
		{
			name: "the name of an instance that is gone", ev: refusedProbe(host("plant.azure-devices-provisioning.net"), unresolved(netfail.NoSuchHost)), verdict: Fault,
			causes: []string{"suggests dns-failure", "suggests wrong-global-endpoint", proxied},
		},
		{
			name: "an unknown name", ev: refusedProbe(host(ownHost), unresolved(netfail.NoSuchHost)), verdict: Fault,
			causes: []string{"suggests dns-failure", "suggests wrong-global-endpoint", proxied},
		},
		{
			name: "no resolver", ev: refusedProbe(host(ownHost), unresolved(netfail.ResolverTimeout)), verdict: Fault,
			causes: []string{"suggests dns-failure", "allows network-unreachable", proxied},
		},
		{
			name: "a resolver that refuses", ev: refusedProbe(unresolved(netfail.ResolverFailed)), verdict: Fault,
			causes: []string{"suggests dns-failure", "allows network-unreachable", proxied},
		},
		{
			name: "a silent port", ev: refusedProbe(undialed(netfail.Timeout)), verdict: Fault,
			causes: []string{"suggests port-blocked", "allows network-unreachable", proxied, "allows public-network-access-disabled"},
			out:    []string{"dns-failure"},
		},
		{
			name: "a silent port, with the budget used up", ev: refusedProbe(undialed(netfail.Timeout), ends(probe.EndTimeout)), verdict: Fault,
			causes: []string{"suggests port-blocked", "allows network-unreachable", proxied, "allows public-network-access-disabled"},
		},
		{
			name: "a closed port", ev: refusedProbe(undialed(netfail.Refused)), verdict: Fault,
			causes: []string{"suggests port-blocked", "allows transport-protocol-wrong", proxied},
			out:    []string{"network-unreachable"},
		},
		{
			name: "a closed port by its number", ev: refusedProbe(host("10.0.0.7"), literal, ports(8443, 8883, 5671), undialed(netfail.Refused)), verdict: Fault,
			causes: []string{"suggests port-blocked", "allows transport-protocol-wrong", proxied},
			out:    []string{"network-unreachable"},
		},
		{
			name: "no socket on this machine", ev: refusedProbe(undialed(netfail.Local), ends(probe.EndNoSocket)), verdict: NoVerdict,
			causes: []string{},
		},
		{
			name: "no socket for the resolver", ev: refusedProbe(unresolved(netfail.Local), ends(probe.EndNoSocket)), verdict: NoVerdict,
			causes: []string{},
		},
		{
			name: "no route", ev: refusedProbe(undialed(netfail.Unreachable)), verdict: Fault,
			causes: []string{"suggests network-unreachable", proxied},
		},
		{
			name: "no IPv6, and a silent port", ev: refusedProbe(undialed(netfail.Unreachable, netfail.Timeout)), verdict: Fault,
			causes: []string{"suggests port-blocked", "allows network-unreachable", proxied, "allows public-network-access-disabled"},
		},
		{
			name: "a connection that is reset", ev: refusedProbe(undialed(netfail.Reset)), verdict: Fault,
			causes: []string{"suggests port-blocked", "suggests proxy-interference", "allows network-unreachable", proxied},
		},
		{
			name: "an error of the device's own network", ev: refusedProbe(undialed(netfail.Other)), verdict: Fault,
			causes: []string{"suggests port-blocked", "allows network-unreachable", proxied},
		},
		{
			name: "a private endpoint out of reach", ev: refusedProbe(undialed(netfail.Timeout), behindPrivate), verdict: Fault,
			causes: []string{"suggests public-network-access-disabled", "suggests port-blocked", "allows network-unreachable", proxied},
		},
		{
			name: "one transport is blocked, the other registers",
			ev: refusedProbe(undialed(netfail.Timeout),
				also(state(dps.StatusAssigned, 0, ""), ends(probe.EndComplete))),
			verdict: Fault,
			causes:  []string{"proves port-blocked"},
			out:     []string{"symmetric-key-mismatch", "custom-allocation-failed", "hub-link-broken", "no-hub-available"},
		},
		{
			name:    "a proxy that requires credentials",
			ev:      refusedProbe(host(ownHost), page(407)),
			verdict: Fault,
			causes:  []string{"suggests proxy-not-configured", "suggests proxy-interference", "allows wrong-global-endpoint"},
		},
		{
			name: "the user interrupted a connect", ev: refusedProbe(undialed(netfail.Timeout), ends(probe.EndInterrupted)), verdict: Interrupted,
			causes: []string{},
			out:    []string{"dns-failure"},
		},
		{
			name: "the user interrupted a wait", ev: refusedProbe(refuse(429, 429001, ""), ends(probe.EndInterrupted)), verdict: Interrupted,
			causes: []string{"allows throttled"},
		},
	}
}

func literal(ev *probe.Evidence) { run(ev).Resolution.Literal = true }

func pathTable() []row {
	return []row{
		{
			name: "the name of a hub", ev: refusedProbe(host("plant.azure-devices.net"), refuse(404, 404000, "Not Found")), verdict: Fault,
			causes: []string{"suggests wrong-global-endpoint", "allows enrollment-not-found", "allows wrong-id-scope"},
		},
		{
			name: "a redirect", ev: refusedProbe(host(ownHost), redirect), verdict: Fault,
			causes: []string{"suggests wrong-global-endpoint", "suggests proxy-interference"},
		},
		{
			name: "a redirect from a server that claims to be Azure", ev: refusedProbe(issuer(probe.IssuerOther), redirect), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows wrong-global-endpoint"},
		},
		{
			name: "a page with Azure's certificate", ev: refusedProbe(page(200)), verdict: Fault,
			causes: []string{"allows service-transient", "allows transport-protocol-wrong", "allows client-defect"},
			out:    []string{"proxy-interference"},
		},
		{
			name: "nothing at all, with 200", ev: refusedProbe(host(ownHost), bare(200)), verdict: Fault,
			causes: []string{"allows wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "a status that is never sent", ev: refusedProbe(host(ownHost), bare(418)), verdict: Fault,
			causes: []string{"allows wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "a refusal through an interceptor", ev: refusedProbe(issuer(probe.IssuerOther), shows, refuse(404, 404201, "")), verdict: Fault,
			causes: []string{"suggests proxy-interference", "suggests enrollment-not-found", "allows wrong-id-scope"},
		},
		{
			name: "no TLS on a custom port", ev: refusedProbe(host(ownHost), ports(1883, 8883, 5671), unshaken(netfail.TLSNotTLS, "")), verdict: Fault,
			causes: []string{"suggests transport-protocol-wrong", "suggests proxy-interference"},
		},
		{
			name: "no TLS on another custom port", verdict: Fault,
			ev:     refusedProbe(host(ownHost), over(probe.AMQP), ports(443, 8883, 1883), unshaken(netfail.TLSNotTLS, "")),
			causes: []string{"suggests transport-protocol-wrong", "suggests proxy-interference"},
		},
		{
			name: "no TLS on the service's port for MQTT", ev: refusedProbe(over(probe.MQTT), unshaken(netfail.TLSNotTLS, "")), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows transport-protocol-wrong"},
		},
		{
			name: "no TLS on the service's port", ev: refusedProbe(unshaken(netfail.TLSNotTLS, "")), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows transport-protocol-wrong"},
		},
		{
			name: "silence after connecting", ev: refusedProbe(unshaken(netfail.TLSTimeout, "")), verdict: NoVerdict,
			causes: []string{"allows proxy-interference", "allows network-unreachable", "allows service-transient"},
		},
		{
			name: "a cut in the handshake", ev: refusedProbe(unshaken(netfail.TLSCut, "")), verdict: NoVerdict,
			causes: []string{"allows proxy-interference", "allows network-unreachable", "allows service-transient"},
		},
		{
			name: "silence after the call", ev: refusedProbe(lose(netfail.Timeout, probe.EndTimeout)), verdict: NoVerdict,
			causes: []string{"allows network-unreachable", "allows custom-allocation-failed", "allows service-transient", "allows proxy-interference"},
		},
		{
			name: "a cut after the call", ev: refusedProbe(host(ownHost), lose(netfail.Reset, probe.EndCut)), verdict: NoVerdict,
			causes: []string{"allows proxy-interference", "allows network-unreachable", "allows service-transient"},
		},
		{
			name: "a cut before any call", ev: refusedProbe(host(ownHost), unopened), verdict: NoVerdict,
			causes: []string{"allows proxy-interference", "allows network-unreachable", "allows service-transient"},
		},
		{
			name: "a cut while polling", ev: refusedProbe(host(ownHost), accept, lose(netfail.Reset, probe.EndCut)), verdict: NoVerdict,
			causes: []string{"allows proxy-interference", "allows network-unreachable", "allows service-transient"},
			out:    []string{"symmetric-key-mismatch"},
		},
	}
}

func over(t probe.TransportID) change { return func(ev *probe.Evidence) { run(ev).Transport = t } }

func ports(https, mqtt, amqp int) change {
	return func(ev *probe.Evidence) {
		e := &ev.Target.Endpoint
		e.HTTPS, e.MQTT, e.AMQP = https, mqtt, amqp
	}
}

func redirect(ev *probe.Evidence) {
	answer(probe.Answer{Status: 302, Location: "https://login.example/", Body: dps.Body{Kind: dps.BodyEmpty}})(ev)
}

func unopened(ev *probe.Evidence) {
	r := run(ev)
	r.Opening, r.End = &probe.Opening{Failure: &netfail.Failure{Kind: netfail.Reset}}, probe.EndCut
}

func tlsTable() []row {
	return []row{
		{
			name: "Azure's certificate without a trusted root", ev: refusedProbe(unshaken(netfail.TLSUnknownAuthority, probe.IssuerKnown)), verdict: Fault,
			causes: []string{"proves server-root-ca-missing"},
		},
		{
			name: "another certificate for Azure's name", ev: refusedProbe(unshaken(netfail.TLSUnknownAuthority, probe.IssuerOther)), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows server-root-ca-missing"},
		},
		{
			name: "a private server without a trusted root", ev: refusedProbe(host(ownHost), unshaken(netfail.TLSUnknownAuthority, probe.IssuerOther)), verdict: Fault,
			causes: []string{"suggests server-root-ca-missing", "allows proxy-interference"},
		},
		{
			name: "a certificate for other names", ev: refusedProbe(host(ownHost), unshaken(netfail.TLSNameMismatch, probe.IssuerOther)), verdict: Fault,
			causes: []string{"suggests wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "a chain that is broken", ev: refusedProbe(host(ownHost), unshaken(netfail.TLSBadCertificate, probe.IssuerOther)), verdict: Fault,
			causes: []string{"suggests proxy-interference"},
		},
		{
			name: "no common version", ev: refusedProbe(unshaken(netfail.TLSVersion, "")), verdict: Fault,
			causes: []string{"suggests tls-version-or-cipher-unsupported", "allows proxy-interference"},
		},
		{
			name: "the peer wants another version", ev: refusedProbe(alert(70)), verdict: Fault,
			causes: []string{"suggests tls-version-or-cipher-unsupported"},
		},
		{
			name: "the peer does not know the device's CA", ev: refusedProbe(device(), alert(48)), verdict: Fault,
			causes: []string{"suggests cert-not-trusted-by-enrollment", "allows proxy-interference"},
			out:    []string{"server-root-ca-missing"},
		},
		{
			name: "the peer wants a certificate", ev: refusedProbe(device(), alert(116)), verdict: Fault,
			causes: []string{"suggests client-cert-not-presented"},
		},
	}
}

func goodTable() []row {
	return []row{
		{name: "assigned", ev: refusedProbe(state(dps.StatusAssigned, 0, ""), ends(probe.EndComplete)), verdict: Registered, causes: []string{}},
		{name: "preflight", ev: refusedProbe(preflight, ends(probe.EndComplete)), verdict: Registered, causes: []string{}},
		{name: "a lookup of an assigned device", ev: refusedProbe(lookup, registration(dps.StatusAssigned), ends(probe.EndComplete)), verdict: Registered, causes: []string{}},
		{name: "a lookup of a device that is being assigned", ev: refusedProbe(lookup, registration(dps.StatusAssigning)), verdict: NoVerdict, causes: []string{}},
		{
			name: "throttled, then assigned", verdict: Registered, causes: []string{},
			ev: refusedProbe(refuse(429, 429001, ""), state(dps.StatusAssigned, 0, ""), ends(probe.EndComplete)),
		},
	}
}

func preflight(ev *probe.Evidence) { ev.Target.Mode = probe.ModePreflight }

func failed(stage probe.StageID) change {
	return func(ev *probe.Evidence) {
		run(ev).Findings = append(run(ev).Findings, probe.Finding{Stage: stage, Outcome: probe.Failed})
	}
}
