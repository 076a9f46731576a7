package cause

// pathDefinitions are the causes in which something answers, but not the service, or not in the way a
// device expects.
var pathDefinitions = [...]Definition{
	{
		ID:    WrongGlobalEndpoint,
		Title: "Wrong provisioning endpoint",
		Meaning: "The client connects to a host that is not a device provisioning endpoint, or to that of another cloud: a hub's name, the portal's, a misspelled one, " +
			"or the public endpoint for an instance in China or US Government.",
		Confirm: []string{
			"Check the host that the client connects to: global.azure-devices-provisioning.net in the public cloud, the same with .us for US Government and .cn for China",
			"Compare it with the service endpoint and the global device endpoint on the overview page of the instance",
		},
		Remedies: []string{
			"Set the global device endpoint of the instance's cloud",
			"With a private endpoint or data residency set the instance's own name, NAME.azure-devices-provisioning.net",
		},
		NoScenario: "It depends on which host is contacted; the sandbox is one host and answers as the service.",
		Decide: &Step{
			How:     "Probe the documented endpoint of the instance's cloud (public, china or usgov)",
			Command: "dpsdiag probe --cloud CLOUD --id-scope ID-SCOPE --registration-id REGISTRATION-ID CREDENTIAL --preflight",
		},
	},
	{
		ID:    TransportProtocolWrong,
		Title: "Wrong port, protocol level, topic or operation property",
		Meaning: "A client without an SDK uses the protocol in a way that the service does not support: plain port 1883, MQTT 5, a foreign topic, " +
			"a missing WebSocket subprotocol, a wrong AMQP address, path or method.",
		Confirm: []string{
			"Compare port, protocol level, client id, user name and topics, or path and method, with the protocol reference, byte by byte",
			"Check that the port fits the transport: 443 HTTPS and WebSocket, 8883 MQTT, 5671 AMQP, all with TLS",
		},
		Remedies: []string{
			"Use the documented form: MQTT 3.1.1 over TLS, or PUT /ID-SCOPE/registrations/REGISTRATION-ID/register",
			"Or use an official SDK, which does this correctly",
		},
		NoScenario: "dpsdiag speaks the documented protocol; the mistake is in another client.",
	},
	{
		ID:    ProxyInterference,
		Title: "Proxy or middlebox alters the TLS session",
		Meaning: "A proxy, security gateway or captive portal interferes: it intercepts TLS with its own certificate, answers instead of the service, " +
			"cuts the connection, or drops the client certificate, which it cannot forward.",
		Confirm: []string{
			"Look at the issuer of the server certificate that the device sees (openssl s_client -connect HOST:443): a company or product name instead of DigiCert or Microsoft means interception",
			"Look for HTML where the service would answer JSON, and try from a network without the gateway",
		},
		Remedies: []string{
			"Have *.azure-devices-provisioning.net and *.azure-devices.net exempted from TLS inspection: with client certificates nothing else works",
			"With keys, adding the inspection CA to the device's trust store also works, if policy allows it",
			"If a proxy refuses to connect, have its rules allow CONNECT to these hosts",
		},
		Show:     "openssl s_client -connect HOST:PORT -servername HOST",
		Scenario: "proxy-interference",
		Decide:   &lookupElsewhere,
	},
}
