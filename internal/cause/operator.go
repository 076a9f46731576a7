package cause

// operatorDefinitions are the causes on the side of those who configure the client or the cloud, and
// those after provisioning.
var operatorDefinitions = [...]Definition{
	{
		ID:       HubIdentityUnusable,
		Title:    "Device identity in the hub deleted, disabled or re-keyed",
		Scenario: "hub-identity-unusable",
		Meaning: "The service assigned a hub, but the identity there was deleted, is disabled, or has another credential than the device presents. " +
			"Provisioning works; the hub refuses the device.",
		Confirm: []string{
			"Look up the device id in the assigned hub (az iot hub device-identity show): existence, status, authentication type, thumbprint or key",
			"Make sure that the refusal came from the hub and not from the provisioning endpoint (dpsdiag probe --check-hub contacts both)",
			"Read the network settings of the hub: an IP filter refuses a device in the same way",
		},
		Remedies: []string{
			"Register through the provisioning service again, as a device should after 401, 403 or 404 from its hub: that writes the identity again",
			"Enable the identity if it was not disabled on purpose",
			"Set the reprovision policy of the enrollment so that a new registration updates the hub",
		},
		Show:   "az iot hub device-identity show --hub-name HUB-NAME --device-id DEVICE-ID",
		AtHub:  true,
		Decide: &checkTheHub,
	},
	{
		ID:       StaleAssignment,
		Title:    "Stale assignment or reprovisioning not done",
		Scenario: "stale-assignment",
		Meaning: "The device was moved or enrolled again, but it or the service still uses the former hub, device id or credentials: the device reads a cache, " +
			"or the enrollment's reprovision policy is never.",
		Confirm: []string{
			"Compare the registration record (az iot dps enrollment registration show, or enrollment-group registration show) with the hub that the device connects to and with what it has cached",
			"Read the reprovision policy of the enrollment",
		},
		Remedies: []string{
			"Have the device register again: IoT Edge does with iotedge system reprovision, other clients after their cache is cleared",
			"Set the reprovision policy as intended, with or without migration of the twin",
			"Delete the registration record if it is from an earlier use of the device",
		},
		Show:   "az iot dps enrollment registration show --dps-name DPS-NAME --enrollment-id REGISTRATION-ID",
		AtHub:  true,
		Decide: &checkTheHub,
	},
	{
		ID:    ClientConfigMissing,
		Title: "Required client setting empty or not loaded",
		Meaning: "A setting that the client needs (id scope, registration id, key, endpoint) is empty when it runs: it was never set, has a wrong name, " +
			"or is in a file or environment that this process does not read.",
		Confirm: []string{
			"Have the client print its settings at start, without secrets",
			"Look for complaints about empty, blank or missing parameters before any network traffic",
			"For a service compare its environment with that of the shell in which it worked",
		},
		Remedies: []string{
			"Fill in the setting, under the name that this version of the client reads",
			"Make sure that the process reads the file or environment that has it: unit file, container, working directory",
		},
		NoScenario: "dpsdiag refuses to start without the settings it needs (exit status 2); another client fails before it sends anything.",
	},
	{
		ID:      ClientDefect,
		Title:   "Defect or gap in the client software",
		Meaning: "The SDK, runtime, sample or platform misbehaves in this version although the configuration is right.",
		Confirm: []string{
			"Let dpsdiag register with the same identity: if it succeeds, the service and the credential work and the client is at fault",
			"Look for the message in the change log and issues of the client, and try a current release",
		},
		Remedies: []string{
			"Update the client, or apply the workaround from its issue",
			"Report it with the log at the highest level and the versions of client, runtime and TLS library",
		},
		NoScenario: "It is in another program; the sandbox plays the service.",
	},
	{
		ID:      ManagementRequestInvalid,
		Title:   "Invalid or conflicting management request",
		Meaning: "The service rejects an enrollment, a hub link or a setting because its definition is incomplete or contradictory, because it exists already, or because it was changed in the meantime.",
		Confirm: []string{
			"Compare the message of the 400, 409 or 412 answer with the body of the request",
			"For a conflict read the object as it is now and compare its ETag",
		},
		Remedies: []string{
			"Correct the definition according to the message, and send it again",
			"To change an existing object send its current ETag; to replace it unconditionally send If-Match: *",
		},
		NoScenario: "It happens in the management of the instance; no device call shows it.",
	},
	{
		ID:    ServiceCredentialsInsufficient,
		Title: "Wrong or insufficient operator credentials",
		Meaning: "A management call or a sign-in uses the credentials of another service, or of an account without the required role: " +
			"usually a hub's connection string given to a provisioning tool. An instance with disableLocalAuth accepts no shared access policy on its service side; " +
			"the property is not known to concern the keys of devices.",
		Confirm: []string{
			"Check host name and policy in the connection string: it must be that of the instance, NAME.azure-devices-provisioning.net",
			"Check the role of the account on the instance: rights of management (ARM) are not those on enrollments, which need a data role",
			"Check whether the instance has disableLocalAuth: then a connection string is refused, whatever its policy",
		},
		Remedies: []string{
			"Use a connection string of the provisioning service with a policy that has the permission",
			"Or grant the account a Device Provisioning Service data role and sign in with it (--auth-type login), which disableLocalAuth demands",
		},
		Show:       "az iot dps show --name DPS-NAME --query properties.disableLocalAuth",
		NoScenario: "It happens in the management of the instance; no device call shows it.",
	},
}

var checkTheHub = Step{
	How:     "Register and check the hub: if it then accepts the device, only the assignment was out of date",
	Command: probeCommand + "CREDENTIAL --check-hub",
}
