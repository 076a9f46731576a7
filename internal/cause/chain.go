package cause

// chainDefinitions are the causes between the device's certificate and the CA that the service knows.
var chainDefinitions = [...]Definition{
	{
		ID:    CertChainIncomplete,
		Title: "Intermediate certificates not sent",
		Meaning: "The device presents its leaf without the certificates above it, or with one missing, and the service cannot build the path from the leaf to the CA " +
			"of the enrollment group. It may then say \"CA certificate not found\": that is no statement about the CA, which may be enrolled, but about what was sent, " +
			"as none of it was issued by a CA that is. The issuer of the last certificate that is sent decides: if it is the enrolled CA, nothing is missing between them. " +
			"Some TLS libraries take the intermediates from the operating system's store: the same program then works on one machine and not on another.",
		Confirm: []string{
			"Count the certificates in the file or store that the device uses: leaf first, then each one's issuer",
			"Compare the issuer of the last one with the subject of the CA in the enrollment group: they must be the same",
		},
		Remedies: []string{
			"Send the leaf and every intermediate up to, not including, the CA that is enrolled: put them into one PEM file, leaf first",
			"In .NET pass the chain as a collection to the X.509 security provider; on Windows put the intermediates into the store of the account that runs the program",
			"Or enroll and verify the CA that signs the leaf directly",
		},
		Show:     "openssl x509 -noout -subject -issuer -in CERT-FILE",
		Scenario: "cert-chain-incomplete",
		Decide: &Step{
			How:     "Present the intermediates as well: if they are accepted, only they were missing",
			Command: probeCommand + "CREDENTIAL --chain CHAIN-FILE",
		},
	},
	{
		ID:    CertNotTrustedByEnrollment,
		Title: "Signing CA is not the one enrolled",
		Meaning: "The chain was read, but no certificate in it is the CA of an enrollment group of this instance: the devices are signed by another CA, " +
			"or by one with the same name and another key. \"CA certificate not found\" means this only if the chain is complete: " +
			"the service says the same if the intermediates were not sent.",
		Confirm: []string{
			"Compare the thumbprint of every certificate above the leaf with the certificate of the enrollment group; the same name is not enough",
			"Check that the group is in the instance that the id scope belongs to",
		},
		Remedies: []string{
			"Upload and verify the CA that really signs the devices, and select it in the enrollment group",
			"Or reissue the device certificates from the CA that is enrolled",
		},
		Show:     "az iot dps certificate list --dps-name DPS-NAME",
		Scenario: "cert-not-trusted-by-enrollment",
	},
	{
		ID:    CANotVerified,
		Title: "CA uploaded but ownership not proven",
		Meaning: "The CA certificate is in the instance, but the proof of possession was never completed, or the certificate was deleted and uploaded again. " +
			"A group that relies on it refuses every device.",
		Confirm: []string{
			"Read the isVerified flag of the CA certificates (az iot dps certificate list --dps-name NAME)",
			"Check which CA certificate the enrollment group selects, and whether it still exists",
		},
		Remedies: []string{
			"Complete the verification: generate a verification code, sign a certificate with the code as its common name with the CA's key, and upload it",
			"Or upload the certificate again with the option that sets it to verified on upload",
			"Then register the device again; nothing changes on the device",
		},
		Show:     "az iot dps certificate list --dps-name DPS-NAME",
		Scenario: "ca-not-verified",
	},
	{
		ID:      PopCertificateWrongIssuer,
		Title:   "Proof-of-possession certificate issued by another CA",
		Meaning: "The verification certificate was not signed directly by the CA certificate that was uploaded, so the CA stays unverified.",
		Confirm: []string{
			"Compare the issuer of the verification certificate with the subject of the uploaded CA (openssl x509 -noout -issuer and -subject)",
			"Check that the common name of the verification certificate is the code that the portal shows now: a new code invalidates the old one",
		},
		Remedies: []string{
			"Sign the verification certificate with the private key of exactly the CA that was uploaded",
			"Or upload the CA that signs the verification certificate, if that is the one you want to enroll",
		},
		NoScenario: "It happens when an operator verifies a CA in the portal; no device call shows it.",
	},
}
