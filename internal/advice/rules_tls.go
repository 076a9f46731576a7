package advice

import (
	"dpsdiag/internal/cause"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// tlsRules are the causes for which device and server do not establish a TLS session.
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
		return ruledOut("the peer, not the device, aborted the handshake")
	case netfail.TLSUnknownAuthority:
	default:
		return Weight{}
	}
	switch c.issuer() {
	case probe.IssuerKnown:
		return proven("the certificate presented chains to a public root that Azure uses, so it is genuine; the trust store does not have that root")
	case probe.IssuerOther:
		return doubted(c.foreignIssuer())
	}
	if trusting := c.across.trusting(); len(trusting) > 0 {
		return doubted("over " + transports(trusting) + " the same host presents a certificate that the device trusts")
	}
	return remark(c.host() + " is not one of Azure's names, so the device must be given its root")
}
