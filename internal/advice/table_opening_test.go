package advice

import (
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// Bodies in the description of an AMQP error or in the answer to a handshake.
const (
	overAMQP   = `{"errorCode":401002,"trackingId":"t","message":"IotHubUnauthorizedAccess"}`
	badVersion = `{"errorCode":400004,"message":"Unsupported API version 2019-03-31."}`
	badID      = `{"errorCode":400004,"message":"Invalid RegistrationId"}`
	badToken   = `{"errorCode":401002,"message":"Unauthorized"}`
	slowDown   = `{"errorCode":429001,"message":"Operations are being throttled for this tenant."}`
	blockPage  = "<html><body>blocked</body></html>"
)

func suback() change {
	return session(probe.MQTT, probe.Opening{Layer: probe.LayerMQTTSubscribe, Status: 128})
}

// mqttTable covers the return codes of MQTT.
func mqttTable() []row {
	return []row{
		{
			name: "CONNACK 5 is 401002 for a key", ev: refusedProbe(connack(5)), verdict: Fault,
			causes: []string{
				"suggests symmetric-key-mismatch", "suggests group-key-not-derived", "allows device-clock-wrong", "allows derived-key-incorrect",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
			},
			out: []string{"sas-token-malformed", "network-unreachable", "proxy-not-configured", "proxy-interference", "cert-cn-registration-id-mismatch"},
		},
		{
			name: "CONNACK 5 for a key made by hand", ev: refusedProbe(key(48), connack(5)), verdict: Fault,
			causes: []string{
				"suggests symmetric-key-mismatch", "allows group-key-not-derived", "allows device-clock-wrong", "allows derived-key-incorrect",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
			},
		},
		{
			name: "CONNACK 5 for a key that looks derived", ev: refusedProbe(key(32), connack(5)), verdict: Fault,
			causes: []string{
				"suggests derived-key-incorrect", "allows device-clock-wrong", "allows symmetric-key-mismatch", "allows group-key-not-derived",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
			},
		},
		{
			name: "CONNACK 5 for a token of another resource", verdict: Fault,
			ev:     refusedProbe(token(func(t *probe.TokenFacts) { t.CoversTarget = false }), connack(5)),
			causes: []string{"proves sas-token-malformed"},
		},
		{
			name: "CONNACK 5 for a certificate", ev: refusedProbe(device(), connack(5)), verdict: Fault,
			causes: []string{
				"suggests cert-not-trusted-by-enrollment", "allows cert-chain-incomplete", "allows cert-enrollment-mismatch", "allows device-clock-wrong",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
			},
		},
		{
			name: "CONNACK 5 for a certificate of another name", verdict: Fault,
			ev:     refusedProbe(device(name(probe.NameDifferent, "sensor-18")), connack(5)),
			causes: []string{"proves cert-cn-registration-id-mismatch"},
		},
		{
			name: "CONNACK 4 may be the token or the user name", ev: refusedProbe(key(48), connack(4)), verdict: Fault,
			causes: []string{
				"allows symmetric-key-mismatch", "allows transport-protocol-wrong", "allows enrollment-not-found", "allows wrong-id-scope",
				"allows enrollment-disabled", "allows attestation-mismatch", "allows public-network-access-disabled",
			},
			out: []string{"sas-token-malformed", "client-config-missing"},
		},
		{
			name: "CONNACK 4 for a token in milliseconds", verdict: Fault,
			ev: refusedProbe(token(func(t *probe.TokenFacts) { t.InMilliseconds, t.Expiry = true, started.AddDate(50000, 0, 0) }), connack(4)),
			causes: []string{
				"suggests sas-token-malformed", "allows symmetric-key-mismatch", "allows transport-protocol-wrong", "allows enrollment-not-found",
				"allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch", "allows public-network-access-disabled",
			},
		},
		{
			name: "CONNACK 3 is an unknown id scope", ev: refusedProbe(connack(3)), verdict: Fault,
			causes: []string{"suggests wrong-id-scope", "allows wrong-global-endpoint", "allows service-transient"},
		},
		{
			name: "CONNACK 3 for an id scope of another cloud", ev: refusedProbe(scope("0cn0000990D"), connack(3)), verdict: Fault,
			causes: []string{"suggests wrong-id-scope", "suggests wrong-global-endpoint", "allows service-transient"},
		},
		{
			name: "CONNACK 2 for an id that every version accepts", ev: refusedProbe(connack(2)), verdict: Fault,
			causes: []string{"allows transport-protocol-wrong"},
			out:    []string{"registration-id-invalid", "client-config-missing"},
		},
		{
			name: "CONNACK 2 for an id of the wide set", ev: refusedProbe(id("sensor_17"), connack(2)), verdict: Fault,
			causes: []string{"suggests registration-id-invalid", "allows transport-protocol-wrong"},
		},
		{
			name: "CONNACK 2 for an invalid id", verdict: Fault,
			ev:     refusedProbe(id("sensor."), warn("registration-id-invalid", `the registration id ends in "."`), connack(2)),
			causes: []string{"suggests registration-id-invalid", "allows transport-protocol-wrong"},
		},
		{
			name: "CONNACK 2 for a certificate of another name", verdict: Fault,
			ev:     refusedProbe(device(name(probe.NameDifferent, "sensor-18")), connack(2)),
			causes: []string{"suggests cert-cn-registration-id-mismatch", "allows transport-protocol-wrong"},
		},
		{
			name: "CONNACK 1", ev: refusedProbe(connack(1)), verdict: Fault,
			causes: []string{"suggests transport-protocol-wrong", "allows wrong-global-endpoint"},
		},
		{
			name: "a reserved return code", ev: refusedProbe(host(ownHost), connack(9)), verdict: Fault,
			causes: []string{"allows wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "SUBACK 128", ev: refusedProbe(host(ownHost), suback()), verdict: Fault,
			causes: []string{"suggests transport-protocol-wrong", "allows wrong-global-endpoint"},
		},
		{
			name: "bytes that are not MQTT", verdict: Fault,
			ev:     refusedProbe(host(ownHost), wordless(probe.MQTT, probe.LayerMQTTConnect, netfail.Protocol, probe.EndRefused)),
			causes: []string{"suggests proxy-interference", "allows transport-protocol-wrong", "allows wrong-global-endpoint"},
			out:    []string{"network-unreachable"},
		},
		{
			name: "bytes that are not MQTT, on a custom port", verdict: Fault,
			ev:     refusedProbe(host(ownHost), ports(443, 443, 5671), wordless(probe.MQTT, probe.LayerMQTTConnect, netfail.Protocol, probe.EndRefused)),
			causes: []string{"suggests proxy-interference", "suggests transport-protocol-wrong", "allows wrong-global-endpoint"},
		},
		{
			name: "bytes that are not MQTT, from Azure's own server", verdict: Fault,
			ev:     refusedProbe(wordless(probe.MQTT, probe.LayerMQTTConnect, netfail.Protocol, probe.EndRefused)),
			causes: []string{"suggests transport-protocol-wrong"},
			out:    []string{"proxy-interference"},
		},
	}
}

// amqpTable covers SASL outcomes and AMQP error conditions.
func amqpTable() []row {
	return []row{
		{
			name: "SASL outcome 1 is 401002 for a key", ev: refusedProbe(key(48), sasl(1, "PLAIN")), verdict: Fault,
			causes: []string{
				"suggests symmetric-key-mismatch", "allows group-key-not-derived", "allows device-clock-wrong", "allows derived-key-incorrect",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
			},
			out: []string{"sas-token-malformed"},
		},
		{
			name: "SASL outcome 2", ev: refusedProbe(sasl(2)), verdict: RetryLater,
			causes: []string{"suggests service-transient"},
		},
		{
			name: "SASL outcome 3 is permanent", ev: refusedProbe(sasl(3)), verdict: Fault,
			causes: []string{"allows service-transient"},
		},
		{
			name: "SASL outcome 4", ev: refusedProbe(sasl(4), ends(probe.EndExhausted)), verdict: RetryLater,
			causes: []string{"suggests service-transient"},
		},
		{
			name: "an undefined SASL outcome", ev: refusedProbe(host(ownHost), sasl(9)), verdict: Fault,
			causes: []string{"allows wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "the mechanism for keys is not offered", ev: refusedProbe(host(ownHost), sasl(0, "ANONYMOUS")), verdict: Fault,
			causes: []string{"allows wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "the mechanism for a TPM is not offered", ev: refusedProbe(unread, host(ownHost), sasl(0, "PLAIN")), verdict: Fault,
			causes: []string{"suggests attestation-mismatch", "allows wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "the peer wants AMQP without SASL", ev: refusedProbe(host(ownHost), sasl(0)), verdict: Fault,
			causes: []string{"allows transport-protocol-wrong", "allows proxy-interference", "allows wrong-global-endpoint"},
		},
		{
			name: "the peer speaks another AMQP", verdict: Fault,
			ev:     refusedProbe(device(), host(ownHost), session(probe.AMQP, probe.Opening{Layer: probe.LayerAMQPOpen})),
			causes: []string{"allows transport-protocol-wrong", "allows proxy-interference", "allows wrong-global-endpoint"},
		},
		{
			name: "the open-error for a certificate", verdict: Fault,
			ev: refusedProbe(device(), condition(probe.LayerAMQPOpen, "amqp:unauthorized-access", overAMQP)),
			causes: []string{
				"suggests cert-chain-incomplete", "allows cert-not-trusted-by-enrollment", "allows cert-enrollment-mismatch", "allows wrong-id-scope",
				"allows enrollment-not-found", "allows enrollment-disabled", "allows attestation-mismatch", "allows public-network-access-disabled",
			},
			out: []string{"wrong-global-endpoint", "transport-protocol-wrong"},
		},
		{
			name: "a link error for a certificate of another name", verdict: Fault,
			ev:     refusedProbe(device(name(probe.NameDifferent, "sensor-18")), condition(probe.LayerAMQPAttach, "amqp:unauthorized-access", overAMQP)),
			causes: []string{"proves cert-cn-registration-id-mismatch"},
		},
		{
			name: "the condition alone", ev: refusedProbe(key(48), condition(probe.LayerAMQPOpen, "amqp:unauthorized-access", "")), verdict: Fault,
			causes: []string{
				"allows symmetric-key-mismatch", "allows group-key-not-derived", "allows enrollment-not-found", "allows wrong-id-scope",
				"allows enrollment-disabled", "allows attestation-mismatch", "allows public-network-access-disabled",
			},
		},
		{
			name: "nothing known by that address", ev: refusedProbe(condition(probe.LayerAMQPOpen, "amqp:not-found", "")), verdict: Fault,
			causes: []string{"suggests wrong-id-scope", "allows enrollment-not-found", "allows transport-protocol-wrong"},
		},
		{
			name: "an api-version refused with the link", ev: refusedProbe(condition(probe.LayerAMQPAttach, "com.microsoft:argument-error", badVersion)), verdict: Fault,
			causes: []string{"suggests api-version-unsupported"},
			out:    []string{"payload-invalid", "registration-id-invalid"},
		},
		{
			name: "a registration id refused with OPEN", verdict: Fault,
			ev: refusedProbe(id("sensor."), warn("registration-id-invalid", `the registration id ends in "."`),
				warn("payload-invalid", "the payload is not a JSON object"), condition(probe.LayerAMQPOpen, "com.microsoft:argument-error", badID)),
			causes: []string{"proves registration-id-invalid"},
			out:    []string{"payload-invalid"},
		},
		{
			name: "throttled with a body", ev: refusedProbe(condition(probe.LayerAMQPOpen, "com.microsoft:device-container-throttled", slowDown)), verdict: RetryLater,
			causes: []string{"proves throttled"},
		},
		{
			name: "throttled without one", ev: refusedProbe(condition(probe.LayerAMQPAttach, "com.microsoft:device-container-throttled", "slow down")), verdict: RetryLater,
			causes: []string{"suggests throttled"},
		},
		{
			name: "an internal error", ev: refusedProbe(condition(probe.LayerAMQPOpen, "amqp:internal-error", "")), verdict: RetryLater,
			causes: []string{"suggests service-transient"},
		},
		{
			name: "a quota", ev: refusedProbe(condition(probe.LayerAMQPOpen, "com.microsoft:quota-exceeded", "")), verdict: Fault,
			causes: []string{"suggests quota-exceeded"},
		},
		{
			name: "not allowed", ev: refusedProbe(condition(probe.LayerAMQPAttach, "amqp:not-allowed", "")), verdict: Fault,
			causes: []string{"allows transport-protocol-wrong", "allows client-defect"},
		},
		{
			name: "an unknown AMQP condition", ev: refusedProbe(host(ownHost), condition(probe.LayerAMQPOpen, "vendor:no", "")), verdict: Fault,
			causes: []string{"allows wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "a page for a description", ev: refusedProbe(host(ownHost), condition(probe.LayerAMQPOpen, "com.microsoft:argument-error", blockPage)), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows wrong-global-endpoint"},
			out:    []string{"registration-id-invalid"},
		},
		{
			name: "bytes that are not AMQP", verdict: Fault,
			ev:     refusedProbe(host(ownHost), wordless(probe.AMQP, probe.LayerSASL, netfail.Protocol, probe.EndRefused)),
			causes: []string{"suggests proxy-interference", "allows transport-protocol-wrong", "allows wrong-global-endpoint"},
		},
		{
			name: "a request that is rejected by a condition", verdict: Fault,
			ev:     refusedProbe(over(probe.AMQP), answer(probe.Answer{Status: 412, Condition: "amqp:precondition-failed"})),
			causes: []string{"suggests concurrent-registration"},
		},
		{
			name: "a request that is rejected by a condition without a status", verdict: Fault,
			ev:     refusedProbe(over(probe.AMQP), answer(probe.Answer{Condition: "amqp:not-allowed"})),
			causes: []string{"allows transport-protocol-wrong", "allows client-defect"},
		},
		{
			name: "a request that is rejected with the service's body", verdict: Fault,
			ev:     refusedProbe(over(probe.AMQP), refuse(404, 404201, "Enrollment not found."), func(ev *probe.Evidence) { run(ev).Answers[0].Condition = "amqp:not-found" }),
			causes: []string{"suggests enrollment-not-found", "allows wrong-id-scope"},
		},
	}
}

// webSocketTable covers refused WebSocket handshakes.
func webSocketTable() []row {
	refused := []string{"suggests proxy-interference", "allows wrong-global-endpoint", "allows transport-protocol-wrong"}
	closed := append(refused[:3:3], "allows public-network-access-disabled")
	own := host(ownHost)
	return []row{
		{name: "400 to a WebSocket", ev: refusedProbe(own, upgrade(probe.MQTTWS, 400, "")), verdict: Fault, causes: refused},
		{
			name: "401 to a WebSocket is not about a token", ev: refusedProbe(own, upgrade(probe.MQTTWS, 401, "")), verdict: Fault, causes: closed,
		},
		{name: "403 to a WebSocket", ev: refusedProbe(own, upgrade(probe.AMQPWS, 403, "")), verdict: Fault, causes: closed},
		{name: "403 with a page", ev: refusedProbe(own, upgrade(probe.AMQPWS, 403, blockPage)), verdict: Fault, causes: refused},
		{name: "404 to a WebSocket is not a missing enrollment", ev: refusedProbe(own, upgrade(probe.MQTTWS, 404, "")), verdict: Fault, causes: refused},
		{name: "a page instead of a WebSocket", ev: refusedProbe(own, upgrade(probe.MQTTWS, 200, blockPage)), verdict: Fault, causes: refused},
		{
			name: "a redirect instead of a WebSocket", verdict: Fault,
			ev:     refusedProbe(own, session(probe.MQTTWS, probe.Opening{Layer: probe.LayerWebSocket, Status: 302, Location: "https://login.example/"})),
			causes: []string{"suggests proxy-interference", "suggests wrong-global-endpoint", "allows transport-protocol-wrong"},
		},
		{
			name: "407 to a WebSocket", ev: refusedProbe(own, upgrade(probe.MQTTWS, 407, "")), verdict: Fault,
			causes: []string{"suggests proxy-not-configured", "suggests proxy-interference"},
		},
		{
			name: "another subprotocol", ev: refusedProbe(own, upgrade(probe.AMQPWS, 101, "")), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows transport-protocol-wrong"},
		},
		{
			name: "Azure's own server has no WebSocket there", ev: refusedProbe(upgrade(probe.MQTTWS, 404, "")), verdict: Fault,
			causes: []string{"allows wrong-global-endpoint", "allows transport-protocol-wrong"},
			out:    []string{"proxy-interference"},
		},
		{
			name: "the service refuses a WebSocket before any token", ev: refusedProbe(upgrade(probe.MQTTWS, 401, badToken)), verdict: Fault,
			causes: []string{"suggests public-network-access-disabled"},
			out:    []string{"wrong-global-endpoint"},
		},
		{
			name: "the service refuses a WebSocket to a certificate", ev: refusedProbe(device(name(probe.NameMissing, "")), upgrade(probe.AMQPWS, 401, badToken)), verdict: Fault,
			causes: []string{"proves cert-cn-registration-id-mismatch"},
		},
		{
			name: "429 to a WebSocket", ev: refusedProbe(upgrade(probe.MQTTWS, 429, slowDown)), verdict: RetryLater,
			causes: []string{"proves throttled"},
		},
		{
			name: "503 to a WebSocket", ev: refusedProbe(own, upgrade(probe.AMQPWS, 503, "")), verdict: RetryLater,
			causes: []string{"suggests service-transient", "allows throttled"},
		},
		{
			name: "502 with a page", ev: refusedProbe(own, upgrade(probe.AMQPWS, 502, blockPage)), verdict: RetryLater,
			causes: []string{"suggests service-transient", "allows proxy-interference", "allows wrong-global-endpoint"},
		},
		{
			name: "an answer to a handshake that is not HTTP", verdict: Fault,
			ev:     refusedProbe(own, wordless(probe.MQTTWS, probe.LayerWebSocket, netfail.Protocol, probe.EndRefused)),
			causes: []string{"suggests proxy-interference", "allows wrong-global-endpoint", "allows transport-protocol-wrong"},
		},
		{
			name: "a WebSocket that is cut", verdict: NoVerdict,
			ev:     refusedProbe(own, wordless(probe.MQTTWS, probe.LayerWebSocket, netfail.Reset, probe.EndCut)),
			causes: []string{"allows proxy-interference", "allows network-unreachable", "allows service-transient"},
		},
	}
}
