package cause

// certificateDefinitions are the causes in the device's own certificate.
var certificateDefinitions = [...]Definition{
	{
		ID:    CertCNRegistrationIDMismatch,
		Title: "Common name differs from registration id or is missing",
		Meaning: "For a device with a certificate the service takes the identity from the common name of the leaf. The common name is missing, " +
			"or it is not the registration id that the device uses.",
		Confirm: []string{
			"Print the subject of the leaf (openssl x509 -in CERT-FILE -noout -subject) and compare its CN with the registration id, character by character",
			"Make sure that the first certificate of the file is the leaf and not a CA",
		},
		Remedies: []string{
			"Reissue the certificate with a CN that equals the registration id (at most 64 characters)",
			"Or leave the registration id out of the device's settings, so that it is taken from the certificate",
		},
		Show:     "openssl x509 -noout -subject -in CERT-FILE",
		Scenario: "cert-cn-registration-id-mismatch",
	},
	{
		ID:      CertExpired,
		Title:   "Device or CA certificate expired",
		Meaning: "A certificate of the device's chain, or the CA certificate of the enrollment, is outside its validity period, and the clock is right.",
		Confirm: []string{
			"Print the dates of the leaf and of every CA above it (openssl x509 -in FILE -noout -dates)",
			"Check the expiry of the CA certificate in the instance as well",
		},
		Remedies: []string{
			"Issue new certificates, and put the new leaf or CA into the enrollment; keep the old one as secondary until every device has changed",
			"Set up renewal well before expiry, and have the device warn before it expires",
		},
		Show:     "openssl x509 -noout -dates -in CERT-FILE",
		Scenario: "cert-expired",
	},
	{
		ID:    CertWrongRoleOrExtensions,
		Title: "Certificate has the wrong role or extensions",
		Meaning: "The certificate presented is a CA certificate, lacks the client authentication usage, or a certificate above it may not sign others. " +
			"Such a chain does not prove a device's identity. Public CAs stop putting client authentication into their certificates, because browsers accept only server certificates from them: " +
			"Let's Encrypt did in 2026, Sectigo ends it on 2027-02-10, DigiCert on 2027-03-01. A private CA is not concerned.",
		Confirm: []string{
			"Look at basicConstraints, keyUsage and extendedKeyUsage of the leaf (openssl x509 -in CERT-FILE -noout -text)",
			"Check that every certificate above the leaf says CA:TRUE",
			"If the leaf is from a public CA, compare it with the one before the last renewal; whether DPS itself insists on client authentication is not documented, TLS stacks and gateways may",
		},
		Remedies: []string{
			"Issue an identity certificate: CA:FALSE, key usage digitalSignature, extended key usage clientAuth; from a private CA, since public ones no longer issue it",
			"Point the device at the identity certificate; a CA certificate belongs in the instance, not on a device",
		},
		Show:     "openssl x509 -noout -text -in CERT-FILE",
		Scenario: "cert-wrong-role-or-extensions",
	},
	{
		ID:    CertEnrollmentMismatch,
		Title: "Individual enrollment holds another certificate",
		Meaning: "The individual enrollment has one certificate and the device presents another: a renewed one, a test one, or the enrollment has a CA certificate " +
			"where it should have the leaf.",
		Confirm: []string{
			"Compare the thumbprint of the device's leaf (openssl x509 -in CERT-FILE -noout -fingerprint -sha256) with those in the enrollment",
			"Check whether an individual enrollment with this registration id exists in addition to the intended group: it takes precedence over the group",
		},
		Remedies: []string{
			"Put exactly the leaf that the device presents into the enrollment, as primary or secondary certificate",
			"If devices should be accepted by their CA, delete the individual enrollment and make an enrollment group",
		},
		Show:     "az iot dps enrollment show --dps-name DPS-NAME --enrollment-id REGISTRATION-ID --query attestation.x509",
		Scenario: "cert-enrollment-mismatch",
	},
}
