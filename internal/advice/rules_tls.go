package advice

import (
	"dpsdiag/internal/cause"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// tlsRules are the causes in which device and server do not come to a TLS session.
func tlsRules() []Rule {
	return []Rule{
		{
			ID:    cause.ServerRootCAMissing,
			Until: Handshaken,
			Weigh: weighRoot,
		},
		{
			ID:    cause.TLSVersionOrCipherUnsupported,
			Until: Handshaken,
		},
	}
}

func weighRoot(c *Case) Weight {
	switch c.tlsFailure() {
	case netfail.TLSAlert:
		return ruledOut("the peer broke the handshake off, not the device")
	case netfail.TLSUnknownAuthority:
	default:
		return Weight{}
	}
	switch c.issuer() {
	case probe.IssuerKnown:
		return proven("the certificate presented leads to a public root that Azure uses, so it is genuine; the trust store lacks that root")
	case probe.IssuerOther:
		return doubted(c.foreignIssuer())
	}
	if trusting := c.across.trusting(); len(trusting) > 0 {
		return doubted("over " + transports(trusting) + " the same host shows a certificate that the device trusts")
	}
	return remark(c.host() + " is none of Azure's names, so its root has to be given to the device")
}
