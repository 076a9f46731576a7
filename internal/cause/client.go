package cause

// clientDefinitions are the causes in the client itself: its settings, its version, its limits and the
// other services on the device.
var clientDefinitions = [...]Definition{
	{
		ID:    ClientConfigInvalid,
		Title: "A setting is present but cannot be used",
		Meaning: "A setting of the client is present, but its form or its place is wrong: broken TOML, YAML or JSON, a key in another table, a path where a URI belongs, " +
			"a connection string of another kind or without a device id, or a changed file that was never applied. Nothing is sent, or not what was intended.",
		Confirm: []string{
			"Read the setting back as the client does: aziotctl check and aziotctl config apply for IoT Edge, or print the parsed value in your own program",
			"Compare the form of the value with the reference of the client: quotes, URI schemes (file://, pkcs11:), the table it is in",
		},
		Remedies: []string{
			"Correct the setting in the message",
			"Apply the configuration (iotedge config apply, or start the service again) and start the client",
		},
		NoScenario: "The client fails before it makes a call.",
	},
	{
		ID:    ClientVersionUnsupported,
		Title: "Client, tool or build lacks a required feature",
		Meaning: "The installed client, tool, extension or firmware is too old for the feature, was built without it, or does not support the combination at all, " +
			"such as a TPM over MQTT or a leaf device that registers through a gateway.",
		Confirm: []string{
			"Print the version and the build options of the client and compare them with the first version that has the feature",
		},
		Remedies: []string{
			"Install or build a version that has the feature",
			"Or use a combination that is supported: another transport, attestation or command",
		},
		NoScenario: "It appears in the client, before any call is made.",
	},
	{
		ID:    ClientLimitExceeded,
		Title: "A limit of the client itself is too small",
		Meaning: "A buffer, a pool or a size limit inside the client is exceeded: a key or certificate that is longer than the buffer for it, a long id or host name, " +
			"a TLS record or chain larger than the device's memory for it.",
		Confirm: []string{
			"Compare the length of the value with the client's limit",
			"Raise the limit in a test build and see whether the message goes away",
		},
		Remedies: []string{
			"Raise the limit where the program sets it (buffer sizes, TLS record size, heap)",
			"Or shorten the value: a shorter id, a certificate with an elliptic-curve key, a shorter chain",
		},
		NoScenario: "It appears in the client, before any call is made.",
	},
	{
		ID:    LocalServiceDenied,
		Title: "The device's own service refuses the caller",
		Meaning: "A service on the device, such as the identity service, the key service or the IoT Edge daemon, refuses the caller: the user may not open its socket, " +
			"or the caller is not one of its principals. The provisioning service is not reached.",
		Confirm: []string{
			"Check the socket or address in the message, its owner and group (ls -l), and the groups of the user (id)",
			"For the identity and key services compare the caller's user id with the principals in their configuration",
		},
		Remedies: []string{
			"Put the user into the group of the service, or correct the principal",
			"Apply the configuration and start the services again (iotedge system restart)",
		},
		NoScenario: "It happens on the device before any call is made.",
	},
	{
		ID:    DeviceCertificateNotIssued,
		Title: "The device never got its certificate (EST, CA)",
		Meaning: "Before any registration the device requests its identity certificate from an EST server or a local CA, and that fails. " +
			"Without the certificate it cannot register.",
		Confirm: []string{
			"Look for the first failure of the certificate service (aziot-certd)",
			"Call the EST server from the device with the same bootstrap credential and the same trust anchors",
		},
		Remedies: []string{
			"Correct the address of the EST server, the CA that the device trusts for it, or the bootstrap credential",
			"Or give the device a certificate from a file",
		},
		NoScenario: "It happens between the device and its certificate authority.",
	},
	{
		ID:    HubNotAllowedByDevice,
		Title: "The device's own allow-list lacks the assigned hub",
		Meaning: "The platform of the device lets programs reach only the hosts on a list, such as AllowedConnections of Azure Sphere, and the assigned hub is not on it. " +
			"The provisioning endpoint is reached, the hub is not.",
		Confirm: []string{
			"Compare the name of the assigned hub with the list of the application",
		},
		Remedies: []string{
			"Add the assigned hub, or every hub that the instance may assign, to the list and deploy the application again; a hub may also have a name of the form HUB-NAME.device.azure-devices.net",
		},
		NoScenario: "The list is on the device.",
	},
	{
		ID:    DeploymentMissing,
		Title: "Provisioned; no deployment yet",
		Meaning: "The device is registered and connected, but it has no deployment of modules, or its configuration is empty. " +
			"Provisioning is not at fault.",
		Confirm: []string{
			"Look at the modules of the device in the hub (az iot hub module-identity list) and at the deployments that target it",
		},
		Remedies: []string{
			"Create a deployment that targets the device, or set its modules",
		},
		NoScenario: "The registration succeeds.",
	},
}

// issuanceDefinitions are the causes that concern certificates issued by the service, and newer kinds
// of hub.
var issuanceDefinitions = [...]Definition{
	{
		ID:    CertificateNotIssued,
		Title: "DPS registered the device but issued no certificate",
		Meaning: "The device sent a certificate signing request and was assigned, but got no certificate: the enrollment has no certificate policy, " +
			"the instance is not linked to a device registry namespace, or the api-version does not support signing requests.",
		Confirm: []string{
			"Check the certificate policy of the enrollment and at the link of the instance to its namespace",
			"Check the api-version that the client sent",
		},
		Remedies: []string{
			"Set a certificate policy in the enrollment, and link the instance to the namespace of the policy",
			"Use a client with an api-version that issues certificates",
		},
		Scenario: "certificate-not-issued",
	},
	{
		ID:    CSRRejected,
		Title: "The certificate signing request is refused",
		Meaning: "The service does not accept the request: its common name differs from the registration id, its signature or encoding is wrong (PEM armour left in), " +
			"its key type is not accepted, or it is too long.",
		Confirm: []string{
			"Decode the request (openssl req -text) and compare its common name, key and size with the rules of the service",
		},
		Remedies: []string{
			"Make a new request: base64 of DER without PEM lines, common name equal to the registration id, a key of an accepted type",
		},
		Scenario: "csr-rejected",
	},
	{
		ID:    IssuedCertificateUnusable,
		Title: "The certificate that DPS issued cannot be used at the hub",
		Meaning: "The hub does not accept the issued certificate: the authority of the policy is not synchronised to the hub, the device still presents the certificate " +
			"that it registered with, the issued one has expired or was revoked, or its key is a different one.",
		Confirm: []string{
			"Compare the certificate that the device presents to the hub with the issued chain: subject, dates, key",
			"Look at the state of the synchronisation between the namespace and the hub",
		},
		Remedies: []string{
			"Present the issued chain with the key of the request",
			"Synchronise the authority to the hub, or register again for a new certificate",
		},
		Scenario: "issued-certificate-unusable",
		AtHub:    true,
	},
	{
		ID:    HubProtocolUnsupported,
		Title: "The assigned hub speaks another protocol",
		Meaning: "The assigned hub accepts only MQTT 5 (connection profile mqttV5), while the client speaks MQTT 3.1.1, AMQP or HTTPS. " +
			"The credentials are not at fault.",
		Confirm: []string{
			"Read connectionProfile in the registration, with an api-version that returns it",
		},
		Remedies: []string{
			"Use a client that speaks MQTT 5",
			"Or allocate the device to a hub of the classic kind",
		},
		Scenario: "hub-protocol-unsupported",
		AtHub:    true,
	},
	{
		ID:    RegistryLinkBroken,
		Title: "DPS cannot use its device registry",
		Meaning: "The managed identity of the instance has no role, or no longer one, on the linked device registry namespace, or the link is in the state Failed or Orphaned. " +
			"Registrations or the issuing of certificates then fail. How the service answers a device is not published.",
		Confirm: []string{
			"Look at the linked namespaces of the instance and their linkingState, and of the hubs too: they are linked to the same namespace, the instance first",
			"Look at the role assignments of the instance's managed identity on the namespace: those of the person who calls, and the data roles of the instance, are other permissions",
		},
		Remedies: []string{
			"Assign the role on the namespace to the identity again",
			"Where the namespace was deleted or moved, remove the link and make it again: the instance first, then its hubs",
			"Then register the device again; nothing changes on it",
		},
		Show:       "az iot dps show --name DPS-NAME",
		NoScenario: "The answer of the service is not published, so that the sandbox cannot give it.",
	},
	{
		ID:    ConnectionTakenOver,
		Title: "Another connection of the same identity takes over",
		Meaning: "Two clients use one identity. The hub keeps one connection per identity and closes the older one each time, " +
			"so both clients reconnect in turn.",
		Confirm: []string{
			"Look for two connections of one device id within seconds in the hub's logs, or for a second process or device with the same credential",
		},
		Remedies: []string{
			"Give each device its own identity",
			"Stop the second client, or give it another client id",
		},
		NoScenario: "It needs two clients at once.",
	},
	{
		ID:    PopCodeOutdated,
		Title: "Proof of possession with an outdated code",
		Meaning: "The verification certificate has a code that was replaced in the meantime, or the call that verifies it has an old ETag. " +
			"Each request for a code invalidates the previous one.",
		Confirm: []string{
			"Compare the common name of the verification certificate with the code that the instance shows now",
		},
		Remedies: []string{
			"Generate a new code, sign a certificate for it, and upload that with the ETag that came with the code",
		},
		NoScenario: "It concerns an operator's call, not a device's.",
	},
}
