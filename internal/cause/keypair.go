package cause

// keyPairDefinitions are the causes that prevent a certificate from being presented or enrolled at
// all.
var keyPairDefinitions = [...]Definition{
	{
		ID:    ClientCertNotPresented,
		Title: "Intended client certificate not presented",
		Meaning: "The TLS library sends no client certificate, or a built-in sample one: the private key is missing, the certificate was given in a way that " +
			"this SDK ignores, or something between device and service terminates the TLS session.",
		Confirm: []string{
			"Capture the handshake, or run openssl s_client with the same files, and check whether the client's Certificate message is empty",
			"In .NET log HasPrivateKey of the certificate; in C check which HSM module is compiled in",
		},
		Remedies: []string{
			"Load certificate and private key together: a PFX file, an HSM module, or the option documented for this SDK",
			"Remove the sample certificate from the C SDK's custom HSM example",
			"Exempt the provisioning endpoint from TLS inspection: a gateway cannot forward a client certificate",
		},
		NoScenario: "dpsdiag always presents the certificate that it is given; if another client does not, that is a defect or a setting of that client.",
	},
	{
		ID:    CertKeyPairMismatch,
		Title: "Private key and certificate are not a pair",
		Meaning: "The certificate and the private key given to the client belong to different key pairs, or the certificate file does not begin with the leaf. " +
			"No TLS library can use such a pair.",
		Confirm: []string{
			"Print the public key of both (openssl x509 -in CERT-FILE -noout -pubkey and openssl pkey -in KEY-FILE -pubout) and compare",
		},
		Remedies: []string{
			"Use the key that belongs to the leaf, and put the leaf first in the certificate file",
			"If the right key is lost, issue a new certificate for a new key",
		},
		NoScenario: "dpsdiag refuses such a pair before it sends anything (exit status 2), as any TLS library would.",
	},
	{
		ID:    DeviceKeyMaterialUnreadable,
		Title: "Certificate or key file cannot be read or parsed",
		Meaning: "The file with the key or certificate is missing, not readable for the account that runs the client, in another format than expected, " +
			"or its line breaks were lost.",
		Confirm: []string{
			"Open both files as the account of the service (sudo -u ACCOUNT openssl x509 -in FILE -noout -subject)",
			"Check for the BEGIN and END lines and for real line breaks; the two characters \\n are not one",
		},
		Remedies: []string{
			"Correct path, owner and permissions; for IoT Edge the certificate and key services have their own accounts",
			"Convert to the format the client reads: PEM from DER with openssl x509 -inform DER, an encrypted key with openssl pkey",
			"Keep line breaks when a PEM text goes through an environment variable or JSON",
		},
		NoScenario: "dpsdiag refuses a file that it cannot read before it sends anything (exit status 2).",
	},
	{
		ID:    EnrollmentCertUploadInvalid,
		Title: "Certificate rejected when enrolling",
		Meaning: "The file given for an enrollment is not a single acceptable certificate: it contains a whole chain, is in another encoding, " +
			"or the service does not accept its common name.",
		Confirm: []string{
			"Parse the file (openssl x509 -in FILE -noout -subject) and count its BEGIN CERTIFICATE lines: there must be one",
		},
		Remedies: []string{
			"Upload only the one certificate, as PEM or CER in base64 with LF line ends",
			"Convert a DER file with openssl x509 -inform DER -in FILE -out FILE.pem",
			"Give the certificate a common name within the rules of a registration id",
		},
		NoScenario: "It happens when an operator creates an enrollment; no device call shows it.",
	},
}
