package advice

import "dpsdiag/internal/probe"

// tpmRules are the causes that concern attestation with a TPM.
func tpmRules() []Rule {
	return []Rule{
		{
			ID:    "tpm-ek-mismatch",
			Title: "Endorsement key does not match the enrollment",
			Meaning: "The endorsement key read from the TPM is not the enrolled one: another or replaced TPM, a simulator that was restarted, a key made from another template, " +
				"or a text that was cut off when it was copied.",
			Confirm: []string{
				"Read the endorsement key again on the device and compare it with the enrollment: the base64 of an RSA 2048 key has 424 characters and begins AToAAQALAAMAsgAg",
				"Check that the enrollment is of type TPM and that the registration id is the one derived from this key",
			},
			Remedies: []string{
				"Put the current endorsement key into the enrollment",
				"Keep the state of a software TPM over restarts",
			},
			NoScenario: "The sandbox has no TPM identity.",
			Only:       usingTPM(),
			Until:      Accepted,
		},
		{
			ID:      "tpm-not-available",
			Title:   "TPM missing or not working",
			Meaning: "No usable TPM is there: it is off in the firmware, the virtual machine has none, the driver or resource manager is not loaded, or the TPM itself reports faults.",
			Confirm: []string{
				"Look for /dev/tpm0 and /dev/tpmrm0 and for kernel messages (dmesg | grep -i tpm); on Windows run Get-Tpm",
			},
			Remedies: []string{
				"Enable the TPM in the firmware, or add a virtual one to the machine",
				"Load the kernel driver; for a container or nested machine pass the device through",
				"Or choose another attestation and enroll the device with that",
			},
			NoScenario: "It happens on the device before any call is made.",
		},
		{
			ID:      "tpm-access-denied",
			Title:   "TPM present but access refused",
			Meaning: "The account of the provisioning service may not open the TPM, or the TPM's hierarchies are protected by authorisation values that it was not given.",
			Confirm: []string{
				"Check owner and mode of /dev/tpm0 and /dev/tpmrm0, and the account of the service",
				"Check whether an owner or endorsement password is set (tpm2_getcap properties-variable)",
			},
			Remedies: []string{
				"Give the account read and write access by a udev rule; IoT Edge uses the account aziottpm",
				"Configure the authorisation values the service needs, or clear the ones that nobody needs",
			},
			NoScenario: "It happens on the device before any call is made.",
		},
		{
			ID:    "tpm-challenge-unanswered",
			Title: "TPM challenge not answered",
			Meaning: "The first registration call of a TPM always ends in 401 with an encrypted key; the client has to activate it in the TPM and repeat the call with a token signed by it. " +
				"This client took the 401 for a failure and stopped.",
			Confirm: []string{
				"Look for the text asking to resend the request using the supplied key, and for no second request after it",
			},
			Remedies: []string{
				"Use an SDK with a TPM security provider, over HTTPS or AMQP",
				"Or decode authenticationKey, activate the credential in the TPM, import the key, sign the token with it, and send the same PUT again",
			},
			NoScenario: "The sandbox has no TPM identity.",
			Only:       usingTPM(),
			Until:      Accepted,
			Weigh:      weighChallenge,
		},
	}
}

// usingTPM limits a cause to devices that attest with a TPM.
func usingTPM() Attestations {
	return Attestations{Kinds: []probe.AttestationKind{probe.KindTPM}, Otherwise: "no TPM was used"}
}

func weighChallenge(c *Case) Weight {
	if c.challenged() {
		return suggested("the challenge is the first half of the attestation, and no second call followed it")
	}
	return Weight{}
}
