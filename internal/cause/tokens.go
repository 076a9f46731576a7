package cause

// tokenDefinitions are the causes in a shared access signature or in the clock that dates it.
var tokenDefinitions = [...]Definition{
	{
		ID:    SASTokenMalformed,
		Title: "SAS token built wrongly",
		Meaning: "The token is not the one the service computes for this device: it is for another resource, its text was changed by encoding after signing, " +
			"its policy is not registration, or its expiry is in milliseconds.",
		Confirm: []string{
			"Take the token apart: sr must be ID-SCOPE/registrations/REGISTRATION-ID (URL-encoded or raw), skn registration, empty or absent, se whole seconds since 1970",
			"Check that the signature was made over the sr text exactly as it is in the token, a newline, and se",
		},
		Remedies: []string{
			"Build the token as documented: sig is the URL-encoded base64 of the HMAC-SHA256 of sr + newline + se, keyed with the base64-decoded device key",
			"Do not use a token for an IoT hub: its resource is a different one",
			"Or, better, let an official SDK make the token from the key",
		},
		Scenario: "sas-token-malformed",
		Decide:   &signInstead,
	},
	{
		ID:      SASTokenExpired,
		Title:   "SAS token expired",
		Meaning: "The token was valid, but its expiry has passed, and the device's clock is right.",
		Confirm: []string{
			"Compare the se field of the token, in seconds since 1970, with the real time in UTC",
		},
		Remedies: []string{
			"Make a new token for each registration, right before it",
			"Do not keep tokens across a restart or in a configuration file; keep the key and sign with it",
		},
		Scenario: "sas-token-expired",
		Decide:   &signInstead,
	},
	{
		ID:    DeviceClockWrong,
		Title: "Device clock wrong or never set",
		Meaning: "The device's time is far from real time. Tokens are then expired when they are made, or dated decades ahead, and the server's certificate " +
			"looks expired or not yet valid, although nothing is wrong with either. A clock that shows 1970 was never set.",
		Confirm: []string{
			"Compare the device's time in UTC (date -u) with a reliable clock",
			"Look for a failed NTP or SNTP synchronisation in the log, for dates of 1970, or for a missing battery-backed clock",
		},
		Remedies: []string{
			"Set the clock from NTP before TLS and before the first token; let the device wait for it after a cold start",
			"Allow UDP port 123 to a time server, or take the time from the modem, GNSS or a Date header",
			"Then register again: the credential itself needs no change",
		},
		Show:     "date -u",
		Scenario: "device-clock-wrong",
		Decide: &Step{
			How:     "After setting the clock, a preflight shows whether it agrees with the service's; it registers nothing",
			Command: probeCommand + "CREDENTIAL --preflight",
		},
	},
}

var signInstead = Step{
	How:     "Give dpsdiag the key instead of the token: it then makes a new token itself",
	Command: probeCommand + "--key-file KEY-FILE",
}
