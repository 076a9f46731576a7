package advice

import (
	"net/netip"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// via makes a run one over another transport; the addresses dialled get its port.
func via(t probe.TransportID, changes ...change) change {
	return func(ev *probe.Evidence) {
		for _, alter := range changes {
			alter(ev)
		}
		r := run(ev)
		r.Transport = t
		for i := range r.Dials {
			address := netip.MustParseAddrPort(r.Dials[i].Address).Addr()
			r.Dials[i].Address = netip.AddrPortFrom(address, uint16(t.Port(ev.Target.Endpoint))).String()
		}
	}
}

// passes is a run over a transport that registers.
func passes(t probe.TransportID) change {
	return via(t, state(dps.StatusAssigned, 0, ""), ends(probe.EndComplete))
}

// elsewhere moves the addresses of a run to another host of the same name.
func elsewhere(ev *probe.Evidence) {
	for i := range run(ev).Dials {
		run(ev).Dials[i].Address = "20.43.44.99:443"
	}
}

// on repeats the changes that concern the whole probe in its next run.
func on(t probe.TransportID, changes ...change) change { return also(via(t, changes...)) }

func compareTable() []row {
	own := host(ownHost)
	blocked := undialed(netfail.Timeout)
	credential := []string{
		"suggests symmetric-key-mismatch", "suggests group-key-not-derived", "allows derived-key-incorrect", "allows enrollment-not-found",
		"allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch", "allows public-network-access-disabled",
	}
	return []row{
		{
			name: "two ports are silent, 443 is open", verdict: Fault,
			ev:     refusedProbe(passes(probe.HTTPS), on(probe.MQTT, blocked), also(passes(probe.MQTTWS)), on(probe.AMQP, blocked)),
			causes: []string{"proves port-blocked"},
			out:    []string{"symmetric-key-mismatch"},
		},
		{
			name: "a port refuses, 443 of the same address is open", verdict: Fault,
			ev:     refusedProbe(passes(probe.HTTPS), on(probe.MQTT, undialed(netfail.Refused))),
			causes: []string{"proves port-blocked"},
		},
		{
			name: "a port is prohibited, which looks like no route", verdict: Fault,
			ev:     refusedProbe(passes(probe.HTTPS), on(probe.AMQP, undialed(netfail.Unreachable))),
			causes: []string{"proves port-blocked"},
		},
		{
			name: "443 of another address is open", verdict: Fault,
			ev:     refusedProbe(passes(probe.HTTPS), on(probe.MQTT, blocked, elsewhere)),
			causes: []string{"suggests port-blocked", "allows network-unreachable", "allows proxy-not-configured"},
		},
		{
			name: "a private host need not listen on every port", verdict: Fault,
			ev:     refusedProbe(own, passes(probe.HTTPS), on(probe.MQTT, own, undialed(netfail.Refused)), on(probe.AMQP, own, undialed(netfail.Refused))),
			causes: []string{"suggests port-blocked", "allows transport-protocol-wrong", "allows proxy-not-configured"},
		},
		{
			name: "443 is silent, MQTT passes", verdict: Fault,
			ev:     refusedProbe(via(probe.HTTPS, blocked), also(passes(probe.MQTT))),
			causes: []string{"proves port-blocked"},
		},
		{
			name: "443 accepts one connection and not another", verdict: Fault,
			ev:     refusedProbe(passes(probe.HTTPS), on(probe.MQTTWS, blocked)),
			causes: []string{"suggests network-unreachable", "allows port-blocked", "allows proxy-not-configured"},
		},
		{
			name: "no port is open", verdict: Fault,
			ev:     refusedProbe(via(probe.HTTPS, blocked), on(probe.MQTT, blocked), on(probe.AMQP, blocked)),
			causes: []string{"suggests port-blocked", "allows network-unreachable", "allows proxy-not-configured", "allows public-network-access-disabled"},
		},
		{
			name: "a port is blocked, and the key is wrong", verdict: Fault,
			ev:     refusedProbe(unauthorized(), on(probe.MQTT, blocked)),
			causes: append([]string{"proves port-blocked"}, credential[:7]...),
			out:    []string{"proxy-interference", "device-clock-wrong"},
		},
		{
			name: "the same refusal everywhere is the credential", verdict: Fault,
			ev:     refusedProbe(unauthorized(), also(connack(5)), also(sasl(1, "PLAIN"))),
			causes: credential,
			out:    []string{"proxy-interference", "device-clock-wrong", "transport-protocol-wrong"},
		},
		{
			name: "MQTT and AMQP say that the device is not believed, HTTPS says why", verdict: Fault,
			ev:     refusedProbe(connack(5), also(sasl(1)), also(refuse(404, 404201, "Enrollment not found."))),
			causes: []string{"suggests enrollment-not-found", "allows wrong-id-scope"},
		},
		{
			name: "AMQP has one condition for every certificate, HTTPS has several", verdict: Fault,
			ev: refusedProbe(device(above("Plant Intermediate")), noCA(),
				also(device(), condition(probe.LayerAMQPOpen, "amqp:unauthorized-access", overAMQP))),
			causes: certificateTail("suggests ca-not-verified", "allows cert-not-trusted-by-enrollment", "allows cert-chain-incomplete"),
		},
		{
			name: "an error about a hub does not explain a refused token", verdict: Fault,
			ev: refusedProbe(key(48), connack(5), also(refuse(409, 409203, ""))),
			causes: []string{
				"suggests concurrent-registration", "suggests symmetric-key-mismatch", "allows group-key-not-derived", "allows derived-key-incorrect",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
			},
		},
		{
			name: "MQTT and AMQP have no date, HTTPS does", verdict: Fault,
			ev:     refusedProbe(connack(5), also(sasl(1)), also(unauthorized(), clock(-3*60*60*1e9))),
			causes: []string{"proves device-clock-wrong"},
		},
		{
			name: "an unknown id scope in the terms of three transports", verdict: Fault,
			ev:     refusedProbe(bare(404), also(connack(3)), also(condition(probe.LayerAMQPOpen, "amqp:not-found", ""))),
			causes: []string{"suggests wrong-id-scope", "allows enrollment-not-found", "allows wrong-global-endpoint", "allows service-transient", "allows transport-protocol-wrong"},
		},
		{
			name: "only WebSockets are refused", verdict: Fault,
			ev: refusedProbe(own, passes(probe.HTTPS), also(passes(probe.MQTT)),
				also(own, upgrade(probe.MQTTWS, 403, "")), also(own, upgrade(probe.AMQPWS, 403, blockPage))),
			causes: []string{"suggests proxy-interference", "allows transport-protocol-wrong"},
			out:    []string{"wrong-global-endpoint", "public-network-access-disabled"},
		},
		{
			name: "only WebSockets are cut", verdict: Fault,
			ev:     refusedProbe(passes(probe.HTTPS), also(wordless(probe.MQTTWS, probe.LayerWebSocket, netfail.Reset, probe.EndCut))),
			causes: []string{"allows proxy-interference", "allows service-transient", "allows network-unreachable"},
		},
		{
			name: "a WebSocket that carries nothing, and a wrong key", verdict: Fault,
			ev: refusedProbe(unauthorized(), also(wordless(probe.AMQPWS, probe.LayerSASL, netfail.Timeout, probe.EndTimeout))),
			causes: []string{
				"suggests symmetric-key-mismatch", "suggests group-key-not-derived", "allows proxy-interference", "allows service-transient", "allows network-unreachable",
				"allows derived-key-incorrect", "allows enrollment-not-found", "allows wrong-id-scope",
			},
			out: []string{"custom-allocation-failed"},
		},
		{
			name: "one WebSocket of two is refused", verdict: Fault,
			ev:     refusedProbe(passes(probe.HTTPS), also(passes(probe.AMQPWS)), also(upgrade(probe.MQTTWS, 404, ""))),
			causes: []string{"allows transport-protocol-wrong"},
			out:    []string{"proxy-interference"},
		},
		{
			name: "WebSockets that are told to come back later", verdict: RetryLater,
			ev:     refusedProbe(own, passes(probe.HTTPS), also(own, upgrade(probe.MQTTWS, 503, ""))),
			causes: []string{"suggests service-transient", "allows throttled"},
		},
		{
			name: "everything is cut", verdict: NoVerdict,
			ev:     refusedProbe(own, unopened, also(own, wordless(probe.MQTTWS, probe.LayerWebSocket, netfail.Reset, probe.EndCut))),
			causes: []string{"allows proxy-interference", "allows network-unreachable", "allows service-transient"},
		},
		{
			name: "MQTT refuses what HTTPS accepts", verdict: Fault,
			ev:     refusedProbe(passes(probe.HTTPS), also(connack(5))),
			causes: []string{"allows transport-protocol-wrong", "allows service-transient"},
			out:    []string{"symmetric-key-mismatch", "enrollment-not-found"},
		},
		{
			name: "another certificate on another port", verdict: Fault,
			ev:     refusedProbe(own, passes(probe.HTTPS), on(probe.MQTT, own, unshaken(netfail.TLSUnknownAuthority, probe.IssuerOther))),
			causes: []string{"suggests proxy-interference", "allows server-root-ca-missing"},
		},
		{
			name: "a race between runs of the probe", verdict: Registered,
			ev:     refusedProbe(passes(probe.HTTPS), on(probe.MQTT, refuse(409, 409203, "Precondition failed."))),
			causes: []string{},
		},
		{
			name: "a race that no run of the probe won", verdict: Fault,
			ev:     refusedProbe(refuse(409, 409203, "Precondition failed."), on(probe.MQTT, refuse(412, 412000, "Precondition Failed"))),
			causes: []string{"suggests concurrent-registration"},
		},
		{
			name: "a race and a blocked port", verdict: Fault,
			ev:     refusedProbe(passes(probe.HTTPS), on(probe.MQTTWS, refuse(409, 409203, "")), on(probe.MQTT, blocked)),
			causes: []string{"proves port-blocked"},
		},
		{
			name: "throttled over one transport", verdict: RetryLater,
			ev:     refusedProbe(passes(probe.HTTPS), on(probe.MQTT, refuse(429, 429001, ""), ends(probe.EndExhausted))),
			causes: []string{"proves throttled"},
		},
	}
}
