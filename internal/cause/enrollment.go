package cause

// enrollmentDefinitions are the causes between the device's names and what is enrolled.
var enrollmentDefinitions = [...]Definition{
	{
		ID:    EnrollmentNotFound,
		Title: "No enrollment for this registration id",
		Meaning: "The instance that owns the id scope has neither an individual enrollment nor an enrollment group that matches the identity presented. " +
			"404201 says so explicitly; with keys and certificates the service may answer just Unauthorized instead.",
		Confirm: []string{
			"List the enrollments and the groups of the instance that owns the id scope (az iot dps enrollment list, az iot dps enrollment-group list) and look for exactly this registration id",
			"For a TPM compare the registration id, by default a hash of the endorsement key, with that of the enrollment",
		},
		Remedies: []string{
			"Create the enrollment, or correct the registration id on the device or in the enrollment",
			"If the enrollment was deleted on purpose, take the device out of service or move it to the id scope in which it is enrolled now",
		},
		Show:     "az iot dps enrollment show --dps-name DPS-NAME --enrollment-id REGISTRATION-ID",
		Scenario: "enrollment-not-found",
	},
	{
		ID:    WrongIDScope,
		Title: "Wrong ID scope",
		Meaning: "The device uses the id scope of an instance that does not exist, or that does not have its enrollment. " +
			"Over MQTT the service refuses the connection with return code 3, server unavailable, which looks like an outage but is not one.",
		Confirm: []string{
			"Compare the id scope on the device with the one on the overview page of the instance that has the enrollment, character by character (0 and O, 1 and l)",
			"For IoT Central take it from the device connection page of the application",
		},
		Remedies: []string{
			"Copy the id scope of the right instance into the device's configuration",
			"After an instance was deleted and created again, update every device: the new one has another id scope",
		},
		Show:     `az iot dps list --query "[*].{name:name,idScope:properties.idScope}" --output table`,
		Scenario: "wrong-id-scope",
		Decide: &Step{
			How:     "Probe again with the id scope copied from the overview page of the instance that has the enrollment",
			Command: "dpsdiag probe --id-scope SCOPE-FROM-PORTAL --registration-id REGISTRATION-ID CREDENTIAL",
		},
	},
	{
		ID:    EnrollmentDisabled,
		Title: "Enrollment disabled",
		Meaning: "An enrollment or group matches the device, but its provisioning status is disabled. A disabled individual enrollment also locks out a device " +
			"that an enabled group would let in.",
		Confirm: []string{
			"Read provisioningStatus of the individual enrollment of this registration id and of the group (az iot dps enrollment show, az iot dps enrollment-group show)",
		},
		Remedies: []string{
			"Find out who disabled it and why: disabling is how a device is locked out",
			"Enable the enrollment, or delete the individual one if the group should decide, then register again",
		},
		Show:     "az iot dps enrollment show --dps-name DPS-NAME --enrollment-id REGISTRATION-ID --query provisioningStatus",
		Scenario: "enrollment-disabled",
	},
	{
		ID:    RegistrationIDInvalid,
		Title: "Registration id breaks the naming rules",
		Meaning: "The registration id, or the certificate's common name used as one, has characters, letter case or a length that the service refuses. " +
			"The rules differ between API versions; the strictest accepts lower-case letters, digits and hyphens.",
		Confirm: []string{
			"Check the id: at most 128 characters (64 with a certificate), letters, digits and - . _ : only, ending in a letter, a digit or a hyphen",
			"Print the id as the device sends it, in hexadecimal if need be: a trailing newline or a full-width character is not visible",
		},
		Remedies: []string{
			"Use an id of lower-case letters, digits and hyphens: every API version accepts it",
			"Change the enrollment, the certificate and the derived key along with the id",
		},
		Scenario: "registration-id-invalid",
	},
	{
		ID:    AttestationMismatch,
		Title: "Attestation method does not match enrollment or transport",
		Meaning: "The device authenticates in a way that its enrollment or the transport does not accept: a key where a certificate is enrolled, a certificate where a TPM is enrolled, " +
			"a TPM over MQTT, a key derived for a group of certificates.",
		Confirm: []string{
			"Compare the attestation type of the enrollment (az iot dps enrollment show) with the security provider that the client uses",
			"Remember that TPM attestation works over HTTPS and AMQP only",
		},
		Remedies: []string{
			"Use the attestation that is enrolled, over a transport that supports it",
			"Or create a new enrollment with the attestation that the device has: the type of an existing one does not change",
		},
		Show:     "az iot dps enrollment show --dps-name DPS-NAME --enrollment-id REGISTRATION-ID --query attestation.type",
		Scenario: "attestation-mismatch",
	},
}
