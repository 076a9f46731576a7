package cause

// tlsDefinitions are the causes for which device and server do not establish a TLS session.
var tlsDefinitions = [...]Definition{
	{
		ID:    ServerRootCAMissing,
		Title: "Device does not trust the server certificate",
		Meaning: "The device's trust store does not have the root certificate that the server's certificate chains to. This usually appears after the service has moved to another root " +
			"(the move from Baltimore CyberTrust Root to DigiCert Global Root G2 ended in September 2024), or on a device whose image has no roots at all. " +
			"The Microsoft TLS roots that chains have since September 2025 are signed by DigiCert Global Root G2 and G3: a store with those still works, a pinned intermediate does not.",
		Confirm: []string{
			"Run a TLS client with the device's own trust store against the endpoint (openssl s_client -connect HOST:443 -CAfile ROOTS)",
			"Compare the root of the chain with the roots published for the service; some clients have their own roots and ignore the system's store",
		},
		Remedies: []string{
			"Add DigiCert Global Root G2 and Microsoft RSA Root CA 2017 to the trust store that the client actually uses; do not pin intermediates",
			"Keep old and new roots side by side until every device is updated, and plan how to update roots in the field",
			"For a private or test endpoint add its CA (--ca-file with dpsdiag)",
			"Where there is room, add the other roots on Azure's list too: DigiCert Global Root CA and G3, DigiCert TLS RSA4096 and TLS ECC P384 Root G5, Microsoft ECC Root CA 2017",
		},
		Show:     "openssl s_client -connect HOST:PORT -servername HOST",
		Scenario: "server-root-ca-missing",
		Decide: &Step{
			How:     "Probe with the published roots in a file: if the handshake then succeeds, only the root was missing",
			Command: probeCommand + "CREDENTIAL --ca-file ROOTS-FILE --preflight",
		},
	},
	{
		ID:    TLSVersionOrCipherUnsupported,
		Title: "No common TLS version or cipher",
		Meaning: "Client and server have no TLS version, cipher suite or signature scheme in common, or the handshake is larger than the client's buffers. " +
			"The service speaks TLS 1.2 alone; clients that offer only older versions or only TLS 1.3 fail. Hubs have refused TLS 1.0 and 1.1 since 2025-08-31; their classic name speaks TLS 1.2, " +
			"the newer HUB-NAME.device.azure-devices.net TLS 1.2 and 1.3.",
		Confirm: []string{
			"Try the handshake with each version (openssl s_client -tls1_2, -tls1_3) from the device",
			"Look for the alerts handshake_failure (40), protocol_version (70) or insufficient_security (71)",
		},
		Remedies: []string{
			"Enable TLS 1.2 with ECDHE and AES-GCM suites in the client's TLS library",
			"On a small device raise the TLS record and handshake buffers until the server's chain fits into them (the facts of the stage tls have its size), and allow chains of four certificates",
			"Let a client of TLS 1.3 alone offer TLS 1.2 too: an instance that was made with minTlsVersion 1.2 also needs an ECDHE suite with AES-GCM or CBC-SHA2",
			"Update a TLS library that supports nothing newer than TLS 1.1",
		},
		Scenario: "tls-version-or-cipher-unsupported",
	},
}
