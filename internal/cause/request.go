package cause

// requestDefinitions are the causes in the registration request itself.
var requestDefinitions = [...]Definition{
	{
		ID:    PayloadInvalid,
		Title: "Request body malformed",
		Meaning: "The service cannot read the body of the registration request: it is not valid JSON, has members other than registrationId, tpm, payload and csr, " +
			"or its payload is not a JSON object. All four members are optional: an empty body or one without registrationId is no fault.",
		Confirm: []string{
			"Log the bytes that are actually sent and parse them (jq .)",
			"Look for modelId or other custom data at the top level: it belongs inside payload",
			"Look for a payload that is a string holding JSON: it was encoded twice",
		},
		Remedies: []string{
			"Send one payload object that contains all custom data; registrationId may stand beside it, and csr if the device asks for a certificate",
			"Send it as application/json in UTF-8, not compressed, below the limit of 96 KB",
		},
		Scenario: "payload-invalid",
	},
	{
		ID:    APIVersionUnsupported,
		Title: "API version too old or unknown",
		Meaning: "The api-version of the call is retired, misspelled, or not known to the instance: sovereign clouds get new versions later than the public cloud, " +
			"and an old version may lack a feature that is used.",
		Confirm: []string{
			"Read the api-version: in the URL after ?api-version=, over MQTT at the end of the user name, ID-SCOPE/registrations/REGISTRATION-ID/api-version=VERSION, which has no question mark (that of a hub has one)",
			"Check that endpoint and instance are in the same cloud",
		},
		Remedies: []string{
			"Use 2019-03-31, which nearly all devices in the field speak, or 2021-06-01; 2021-10-01 is stable too",
			"A signing request needs 2025-07-01-preview, 2026-11-01 or 2026-11-02-preview; only the last one returns connectionProfile",
			"Update an SDK or tool that asks for a retired version; use a release that supports the sovereign cloud",
		},
		Scenario: "api-version-unsupported",
		Decide: &Step{
			How:     "Probe with another API version that devices in the field speak: if that passes, only the version was wrong",
			Command: probeCommand + "CREDENTIAL --api-version API-VERSION",
		},
	},
	{
		ID:    ConcurrentRegistration,
		Title: "Same identity registered twice at once",
		Meaning: "Two clients register the same identity at the same time, or one client does so twice, and one of the calls is refused. " +
			"It also happens when a client restarts while its first registration is still running.",
		Confirm: []string{
			"Look for other devices or processes that use this registration id: cloned images are the usual source",
			"Look in the device's log for a second register call within a few seconds",
		},
		Remedies: []string{
			"Wait a random few seconds and register once more",
			"Give each device its own identity, also if devices are made from one image",
			"Let only one process on a device register; let a restarted client wait for the operation that is in progress",
		},
		Scenario: "concurrent-registration",
	},
}
