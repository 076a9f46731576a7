package cause

// keyDefinitions are the causes that lie in a symmetric key.
var keyDefinitions = [...]Definition{
	{
		ID:    SymmetricKeyMismatch,
		Title: "Symmetric key is not the enrolled one",
		Meaning: "The device signs its token with a key that its enrollment does not hold: the key belongs to another enrollment, " +
			"was regenerated since it was installed, or was damaged in copying. The service says no more than Unauthorized.",
		Confirm: []string{
			"Show the enrollment's keys (az iot dps enrollment show --dps-name NAME --enrollment-id ID --show-keys) and compare a hash of each with a hash of the device's key",
			"Check that the id scope is that of the instance you are looking at: the same registration id may be enrolled in two instances with different keys",
			"For a device of an enrollment group compare the group's keys, from which the device key is derived",
		},
		Remedies: []string{
			"Install the current primary or secondary key of the enrollment on the device",
			"Copy the key as a whole: it is base64 and its last characters, often ==, belong to it",
			"After regenerating a key, give the device the other one first, so that one of the two always works",
		},
		Show:     "az iot dps enrollment show --dps-name DPS-NAME --enrollment-id REGISTRATION-ID --show-keys",
		Scenario: "symmetric-key-mismatch",
		Decide:   &deriveInstead,
	},
	{
		ID:    GroupKeyNotDerived,
		Title: "Group key used directly",
		Meaning: "The enrollment is a group, and the device signs with the group's own key where the service expects the key derived for its registration id. " +
			"The group key is never accepted from a device.",
		Confirm: []string{
			"See in the portal whether the device is covered by an enrollment group instead of an individual enrollment",
			"Look at the size of the key: one made by the service has 64 bytes (88 characters of base64), a derived one always 32 (44 characters)",
			"Check that the registration id is the device's own name and not that of the group",
		},
		Remedies: []string{
			"Derive one key per device: base64 of the HMAC-SHA256 of the registration id, keyed with the base64-decoded group key (dpsdiag derive-key or az iot dps enrollment-group compute-device-key does it)",
			"Install only the derived key on the device; the group key must not leave the factory or the backend",
		},
		Show:     "az iot dps enrollment-group compute-device-key --dps-name DPS-NAME --group-id GROUP-ID --registration-id REGISTRATION-ID",
		Scenario: "group-key-not-derived",
		Decide:   &deriveInstead,
	},
	{
		ID:    DerivedKeyIncorrect,
		Title: "Derived key computed wrongly",
		Meaning: "The device has a key derived from the group key, but not the one that the service derives: the group key was not base64-decoded first, " +
			"another text was hashed (the group's name, a trailing newline, other letter case), or the result was written in hexadecimal.",
		Confirm: []string{
			"Derive the key again with a reference (az iot dps enrollment-group compute-device-key) for exactly the registration id that the device sends, and compare",
			"Compare the registration id on the device with the text that was hashed, letter by letter: case counts",
		},
		Remedies: []string{
			"Decode the group key from base64, take the HMAC-SHA256 of the registration id without a newline, and encode the 32 bytes in base64",
			"Use a registration id of lower-case letters, digits and hyphens, so that no step can change its case",
		},
		Show:     "az iot dps enrollment-group compute-device-key --dps-name DPS-NAME --group-id GROUP-ID --registration-id REGISTRATION-ID",
		Scenario: "derived-key-incorrect",
		Decide:   &deriveInstead,
	},
}

var deriveInstead = Step{
	How:     "If the device belongs to an enrollment group, let dpsdiag derive its key from the group key and try that",
	Command: probeCommand + "--group-key-file GROUP-KEY-FILE",
}
