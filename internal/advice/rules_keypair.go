package advice

import "dpsdiag/internal/cause"

// keyPairRules are the causes that prevent a certificate from being presented or enrolled at all.
func keyPairRules() []Rule {
	return []Rule{
		{
			ID:    cause.ClientCertNotPresented,
			Party: ServiceParty,
			Only:  usingCertificate(),
			Until: Accepted,
			Weigh: weighPresented,
		},
		{
			ID:      cause.CertKeyPairMismatch,
			Party:   ServiceParty,
			Only:    usingCertificate(),
			Outside: "the private key belongs to the certificate: dpsdiag checked it before it started",
		},
		{
			ID:      cause.DeviceKeyMaterialUnreadable,
			Outside: "the device's credential was read and parsed",
		},
		{
			ID:    cause.EnrollmentCertUploadInvalid,
			Party: OperatorParty,
		},
	}
}

func weighPresented(c *Case) Weight {
	h := c.Run.TLS
	switch {
	case c.presented() == nil || h == nil || h.Failure != nil:
		return Weight{}
	case h.ClientCertSent:
		return ruledOut("the server asked for a client certificate and dpsdiag sent it")
	case c.identityRefused():
		return suggested("the server never asked for a client certificate during the handshake")
	}
	return Weight{}
}
