package cause

// keyPairDefinitions are the causes that keep a certificate from being presented or
// enrolled at all.
var keyPairDefinitions = [...]Definition{
	{
		ID:    ClientCertNotPresented,
		Title: "Intended client certificate not presented",
		Meaning: "The TLS library sends no client certificate, or a built-in sample one: the private key is missing, the certificate was given in a way that " +
			"this SDK ignores, or something between device and service ends the TLS session.",
		Confirm: []string{
			"Capture the handshake, or run openssl s_client with the same files, and look whether the client's Certificate message is empty",
			"In .NET log HasPrivateKey of the certificate; in C look which HSM module is compiled in",
		},
		Remedies: []string{
			"Load certificate and private key together: a PFX file, an HSM module, or the option documented for this SDK",
			"Take the sample certificate out of the C SDK's custom HSM example",
			"Exempt the provisioning endpoint from TLS inspection: a gateway cannot pass a client certificate on",
		},
		NoScenario: "dpsdiag always presents the certificate that it is given; a client that fails to is a defect or a setting of that client.",
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
			"Put the key that belongs to the leaf beside it, and the leaf first into the certificate file",
			"If the right key is lost, issue a new certificate for a new key",
		},
		NoScenario: "dpsdiag refuses such a pair before it sends anything (exit status 2), as any TLS library would.",
	},
	{
		ID:    DeviceKeyMaterialUnreadable,
		Title: "Certificate or key file cannot be read or parsed",
		Meaning: "The file with the key or certificate is missing, not readable for the account that runs the client, in another format than expected, " +
			"or its line breaks were lost on the way.",
		Confirm: []string{
			"Open both files as the account of the service (sudo -u ACCOUNT openssl x509 -in FILE -noout -subject)",
			"Check for the BEGIN and END lines and for real line breaks; a text of \\n is not one",
		},
		Remedies: []string{
			"Correct path, owner and permissions; for IoT Edge the certificate and key services have accounts of their own",
			"Convert to the format the client reads: PEM from DER with openssl x509 -inform DER, an encrypted key with openssl pkey",
			"Keep line breaks when a PEM text goes through an environment variable or JSON",
		},
		NoScenario: "dpsdiag refuses a file that it cannot read before it sends anything (exit status 2).",
	},
	{
		ID:    EnrollmentCertUploadInvalid,
		Title: "Certificate rejected when enrolling",
		Meaning: "The file given for an enrollment is not a single acceptable certificate: it holds a whole chain, is in another encoding, " +
			"or its common name is not one the service takes.",
		Confirm: []string{
			"Parse the file (openssl x509 -in FILE -noout -subject) and count its BEGIN CERTIFICATE lines: there must be one",
		},
		Remedies: []string{
			"Upload only the one certificate, as PEM or CER in base64 with LF line ends",
			"Convert a DER file with openssl x509 -inform DER -in FILE -out FILE.pem",
			"Give the certificate a common name within the rules of a registration id",
		},
		NoScenario: "It happens while an operator makes an enrollment; no device call shows it.",
	},
}
