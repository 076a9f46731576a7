package advice

import (
	"crypto/x509"

	"dpsdiag/internal/probe"
)

func invalid() change { return refuse(401, 401002, "Invalid certificate.") }
func noCA() change    { return refuse(401, 401002, "CA certificate not found.") }
func otherCA() change {
	return refuse(401, 401002, "Signing certificate info did not match chain elements")
}
func noReason() change  { return refuse(401, 401002, "Unauthorized") }
func handshake() change { return alert(42) }

// certificateTail are the causes that always remain possible when a certificate is refused.
func certificateTail(first ...string) []string {
	all := append(first, "allows enrollment-not-found", "allows wrong-id-scope", "allows attestation-mismatch")
	return all[:min(len(all), 8)]
}

func certificateTable() []row {
	const mismatch = "cert-cn-registration-id-mismatch"
	return []row{
		{
			name:    "only a valid leaf, refused without a reason",
			ev:      refusedProbe(device(), noReason()),
			verdict: Fault,
			// The entry for this text lists only causes that are ruled out, so the entry of the code
			// is used.
			causes: []string{
				"suggests cert-not-trusted-by-enrollment", "allows cert-chain-incomplete", "allows cert-enrollment-mismatch",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
				"allows public-network-access-disabled",
			},
			out: []string{
				"symmetric-key-mismatch", "group-key-not-derived", "derived-key-incorrect", "sas-token-malformed", "device-clock-wrong", mismatch,
				"client-cert-not-presented", "cert-wrong-role-or-extensions",
			},
		},
		{
			name:    "only a valid leaf that the service calls invalid",
			ev:      refusedProbe(device(), invalid()),
			verdict: Fault,
			causes: certificateTail("suggests cert-enrollment-mismatch", "allows cert-chain-incomplete", "allows cert-not-trusted-by-enrollment",
				"allows ca-not-verified", "allows cert-expired"),
			out: []string{"public-network-access-disabled"},
		},
		{
			name:    "a self-signed leaf",
			ev:      refusedProbe(device(selfSigned), invalid()),
			verdict: Fault,
			causes: certificateTail("suggests cert-enrollment-mismatch", "allows cert-not-trusted-by-enrollment",
				"allows ca-not-verified"),
			out: []string{"cert-chain-incomplete", "cert-expired"},
		},
		{
			name:    "an expired leaf, and the clock is right",
			ev:      refusedProbe(device(endedOn), invalid()),
			verdict: Fault,
			causes:  []string{"proves cert-expired"},
		},
		{
			name:    "an expired leaf, and the clock is not known",
			ev:      refusedProbe(device(endedOn), noClock, invalid()),
			verdict: Fault,
			causes: certificateTail("suggests cert-expired", "suggests cert-enrollment-mismatch", "allows cert-chain-incomplete",
				"allows cert-not-trusted-by-enrollment", "allows ca-not-verified"),
		},
		{
			name:    "an expired leaf does not explain a 404",
			ev:      refusedProbe(device(endedOn), refuse(404, 404201, "Enrollment not found.")),
			verdict: Fault,
			causes:  []string{"suggests enrollment-not-found", "allows wrong-id-scope"},
		},
		{
			name:    "a leaf that is not yet valid",
			ev:      refusedProbe(device(beginsOn), invalid()),
			verdict: Fault,
			causes:  []string{"proves cert-expired"},
		},
		{
			name:    "an unconfirmed clock is only evidence against expiry",
			ev:      refusedProbe(device(), noClock, invalid()),
			verdict: Fault,
			causes: certificateTail("suggests cert-enrollment-mismatch", "allows cert-chain-incomplete", "allows cert-not-trusted-by-enrollment",
				"allows ca-not-verified", "allows cert-expired"),
		},
		{
			name:    "another common name",
			ev:      refusedProbe(device(name(probe.NameDifferent, "sensor-18")), noReason()),
			verdict: Fault,
			causes:  []string{"proves " + mismatch},
		},
		{
			name:    "no common name",
			ev:      refusedProbe(device(name(probe.NameMissing, "")), invalid()),
			verdict: Fault,
			causes:  []string{"proves " + mismatch},
		},
		{
			name:    "a common name in different letter case",
			ev:      refusedProbe(device(name(probe.NameCase, "Sensor-17")), noReason()),
			verdict: Fault,
			causes:  anyRefusal("suggests " + mismatch),
		},
		{
			name:    "another common name and an invalid id",
			ev:      refusedProbe(device(name(probe.NameDifferent, "sensor 17")), id("sensor_17"), refuse(400, 400004, "Invalid RegistrationId")),
			verdict: Fault,
			causes:  []string{"suggests " + mismatch, "suggests registration-id-invalid"},
		},
		{
			name:    "another common name and a hub that is full",
			ev:      refusedProbe(device(name(probe.NameDifferent, "sensor-18")), refuse(503, 503000, "Service Unavailable")),
			verdict: RetryLater,
			causes:  []string{"suggests service-transient", "allows throttled"},
		},
		{
			name:    "expired and with another name: two faults, none proven",
			ev:      refusedProbe(device(endedOn, name(probe.NameDifferent, "sensor-18")), invalid()),
			verdict: Fault,
			causes: certificateTail("suggests "+mismatch, "suggests cert-expired", "suggests cert-enrollment-mismatch",
				"allows cert-chain-incomplete", "allows cert-not-trusted-by-enrollment", "allows ca-not-verified"),
		},
		{
			name:    "a CA certificate as the device certificate",
			ev:      refusedProbe(device(func(f *probe.CertificateFacts) { f.IsCA, f.NoClientAuth = true, true }), invalid()),
			verdict: Fault,
			causes: certificateTail("suggests cert-wrong-role-or-extensions", "suggests cert-enrollment-mismatch", "allows cert-chain-incomplete",
				"allows cert-not-trusted-by-enrollment", "allows ca-not-verified", "allows cert-expired"),
		},
		{
			name: "an issuer that is not a CA, and an uncertain signer",
			ev: refusedProbe(device(func(f *probe.CertificateFacts) {
				f.Chain = []*x509.Certificate{certificate("sensor-17", "Plant Root")}
			}), otherCA()),
			verdict: Fault,
			causes: certificateTail("suggests cert-wrong-role-or-extensions", "suggests cert-not-trusted-by-enrollment",
				"allows cert-chain-incomplete"),
		},
		{
			name:    "a wrong role, and a limit that was reached first",
			ev:      refusedProbe(device(func(f *probe.CertificateFacts) { f.IsCA = true }), refuse(429, 429001, "Operations are being throttled for this tenant.")),
			verdict: RetryLater,
			causes:  []string{"proves throttled"},
		},
	}
}

func chainTable() []row {
	return []row{
		{
			name:    "the leaf alone, and no CA found",
			ev:      refusedProbe(device(), noCA()),
			verdict: Fault,
			causes:  certificateTail("suggests cert-chain-incomplete", "allows ca-not-verified", "allows cert-not-trusted-by-enrollment"),
		},
		{
			name:    "the intermediate sent, and no CA found",
			ev:      refusedProbe(device(above("Plant Intermediate")), noCA()),
			verdict: Fault,
			causes:  certificateTail("suggests ca-not-verified", "allows cert-not-trusted-by-enrollment", "allows cert-chain-incomplete"),
		},
		{
			name:    "the whole chain sent, and no CA found",
			ev:      refusedProbe(device(above("Plant Intermediate", "Plant Root")), noCA()),
			verdict: Fault,
			causes:  certificateTail("suggests ca-not-verified", "allows cert-not-trusted-by-enrollment"),
			out:     []string{"cert-chain-incomplete"},
		},
		{
			name:    "a chain in the wrong order",
			ev:      refusedProbe(device(above("Plant Root", "Plant Intermediate"), func(f *probe.CertificateFacts) { f.Unlinked = 0 }), noCA()),
			verdict: Fault,
			causes:  certificateTail("suggests cert-chain-incomplete", "allows ca-not-verified", "allows cert-not-trusted-by-enrollment"),
		},
		{
			name:    "a chain in the wrong order, without a reason",
			ev:      refusedProbe(device(above("Plant Root", "Plant Intermediate"), func(f *probe.CertificateFacts) { f.Unlinked = 0 }), unauthorized()),
			verdict: Fault,
			causes: []string{
				"suggests cert-chain-incomplete", "suggests cert-not-trusted-by-enrollment", "allows cert-enrollment-mismatch", "allows enrollment-not-found",
				"allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch", "allows public-network-access-disabled",
			},
		},
		{
			name: "a chain in the wrong order and an outage",
			ev: refusedProbe(device(above("Plant Root"), func(f *probe.CertificateFacts) { f.Unlinked = 0 }),
				refuse(500, 500000, "Internal Server Error")),
			verdict: RetryLater,
			causes:  []string{"suggests service-transient"},
		},
		{
			name:    "another signer",
			ev:      refusedProbe(device(above("Plant Intermediate")), otherCA()),
			verdict: Fault,
			causes:  certificateTail("suggests cert-not-trusted-by-enrollment", "allows cert-chain-incomplete"),
		},
		{
			name:    "a self-signed leaf has no signer",
			ev:      refusedProbe(device(selfSigned), otherCA()),
			verdict: Fault,
			causes: []string{
				"suggests cert-enrollment-mismatch", "allows cert-not-trusted-by-enrollment",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows attestation-mismatch",
			},
		},
		{
			name:    "a certificate that was not requested",
			ev:      refusedProbe(device(), host(ownHost), noCertificateRequest, noReason()),
			verdict: Fault,
			causes: []string{
				"suggests client-cert-not-presented", "suggests proxy-interference", "suggests cert-not-trusted-by-enrollment",
				"allows cert-chain-incomplete", "allows cert-enrollment-mismatch", "allows enrollment-not-found", "allows wrong-id-scope",
				"allows enrollment-disabled",
			},
		},
		{
			name:    "a certificate that was not requested, and no such enrollment",
			ev:      refusedProbe(device(), noCertificateRequest, refuse(404, 404201, "Enrollment not found.")),
			verdict: Fault,
			causes:  []string{"suggests enrollment-not-found", "allows wrong-id-scope"},
		},
		{
			name:    "a certificate that breaks the handshake",
			ev:      refusedProbe(device(), handshake()),
			verdict: Fault,
			causes: []string{
				"suggests proxy-interference", "allows cert-wrong-role-or-extensions", "allows cert-chain-incomplete",
			},
			out: []string{"device-key-material-unreadable"},
		},
		{
			name:    "that alert without any certificate",
			ev:      refusedProbe(handshake()),
			verdict: Fault,
			causes:  []string{"suggests proxy-interference"},
			out:     []string{"cert-wrong-role-or-extensions", "cert-chain-incomplete", "device-key-material-unreadable"},
		},
		{
			name:    "a key that does not belong to the certificate",
			ev:      refusedProbe(device(), alert(51)),
			verdict: Fault,
			causes:  []string{"suggests client-defect"},
			out:     []string{"cert-key-pair-mismatch"},
		},
	}
}
