package cause

// tpmDefinitions are the causes that concern attestation with a TPM.
var tpmDefinitions = [...]Definition{
	{
		ID:    TPMEKMismatch,
		Title: "Endorsement key does not match the enrollment",
		Meaning: "The endorsement key read from the TPM is not the enrolled one: another or replaced TPM, a simulator that was restarted, a key made from another template, " +
			"or a text that was cut off when it was copied. One TPM makes several endorsement keys: the C# SDK, IoT Edge and dpsdiag use the TCG template with 256 zero bytes in its unique field, " +
			"the C and Node SDKs leave that field empty, and so does the Java SDK, which also creates the key in the owner hierarchy. Once a key is persistent at 0x81010001, the SDKs use that one.",
		Confirm: []string{
			"Read the endorsement key again on the device and compare it with the enrollment: the base64 of an RSA 2048 key has 424 characters and begins AToAAQALAAMAsgAg",
			"Find out which client read the key that was enrolled: another client on the same TPM may make another key",
			"Check that the enrollment is of type TPM and that the registration id is the one derived from this key",
		},
		Remedies: []string{
			"Put the endorsement key that this client uses into the enrollment (dpsdiag probe --tpm PATH --show-ek prints it), and the registration id that belongs to it",
			"Or make the enrolled key persistent at 0x81010001 with the client that it was read with",
			"Keep the state of a software TPM across restarts",
		},
		Show:     "az iot dps enrollment show --dps-name DPS-NAME --enrollment-id REGISTRATION-ID --query attestation.tpm",
		Scenario: "tpm-ek-mismatch",
		NeedsTPM: true,
	},
	{
		ID:      TPMNotAvailable,
		Title:   "TPM missing or not working",
		Meaning: "There is no usable TPM: it is off in the firmware, the virtual machine has none, the driver or resource manager is not loaded, or the TPM itself reports faults.",
		Confirm: []string{
			"Look for /dev/tpm0 and /dev/tpmrm0 and for kernel messages (dmesg | grep -i tpm); on Windows run Get-Tpm",
		},
		Remedies: []string{
			"Enable the TPM in the firmware, or add a virtual one to the machine",
			"Load the kernel driver; for a container or nested machine pass the device through",
			"Use the device with the resource manager, /dev/tpmrm0, and stop other programs that use /dev/tpm0",
			"Or choose another attestation and enroll the device with it: Microsoft names X.509 with the key in the TPM for the C SDK, whose TPM provisioning is unsupported since May 2023",
		},
		NoScenario: "It happens on the device before any call is made.",
	},
	{
		ID:      TPMAccessDenied,
		Title:   "TPM present but access refused",
		Meaning: "The account of the provisioning service may not open the TPM, or the TPM's hierarchies are protected by authorisation values that it was not given.",
		Confirm: []string{
			"Check owner and mode of /dev/tpm0 and /dev/tpmrm0, and the account of the service",
			"Run dpsdiag as that account: its permissions under another account prove nothing",
			"Check whether an owner or endorsement password is set, or a lockout is on (tpm2_getcap properties-variable)",
		},
		Remedies: []string{
			"Give the account read and write access by a udev rule; IoT Edge uses the account aziottpm",
			"Configure the authorisation values the service needs, or clear the ones that are not needed",
		},
		NoScenario: "It happens on the device before any call is made.",
	},
	{
		ID:    TPMChallengeUnanswered,
		Title: "TPM challenge not answered",
		Meaning: "The first registration call of a TPM always ends in 401 with an encrypted key; the client has to activate it in the TPM and repeat the call with a token signed by it. " +
			"This client treated the 401 as a failure and stopped.",
		Confirm: []string{
			"Look for the text asking to resend the request using the supplied key, and for no second request after it",
		},
		Remedies: []string{
			"Use an SDK with a TPM security provider, over HTTPS or AMQP; that of the C SDK is deprecated and unsupported since May 2023, IoT Edge has its own",
			"Or decode authenticationKey, activate the credential in the TPM, import the key, sign the token with it, and send the same PUT again",
		},
		NoScenario: "The sandbox challenges a TPM as the service does; the client is what leaves the challenge unanswered.",
	},
}
