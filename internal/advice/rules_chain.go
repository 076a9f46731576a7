package advice

import (
	"fmt"

	"dpsdiag/internal/cause"
)

// chainRules are the causes between the device's certificate and the CA that the service knows.
func chainRules() []Rule {
	return []Rule{
		{
			ID:    cause.CertChainIncomplete,
			Party: ServiceParty,
			Only:  usingCertificate(),
			Until: Accepted,
			Weigh: weighChain,
		},
		{
			ID:    cause.CertNotTrustedByEnrollment,
			Party: ServiceParty,
			Only:  usingCertificate(),
			Until: Accepted,
			Weigh: weighSigner,
		},
		{
			ID:    cause.CANotVerified,
			Party: ServiceParty,
			Only:  usingCertificate(),
			Until: Accepted,
			Weigh: weighSigner,
		},
		{
			ID:    cause.PopCertificateWrongIssuer,
			Party: OperatorParty,
		},
	}
}

func weighChain(c *Case) Weight {
	cert := c.presented()
	switch {
	case cert == nil:
		return Weight{}
	case cert.SelfSigned:
		return ruledOut("the leaf is self-signed: there is nothing above it to send")
	case cert.Unlinked >= 0 && c.identityRefused():
		return suggested(fmt.Sprintf("certificate %d of the chain is not signed by the one that follows it", cert.Unlinked+1))
	case cert.Unlinked >= 0:
		return Weight{}
	case len(cert.Chain) == 0:
		return remark("only the leaf was sent; it was issued by " + quoted(cert.Top))
	case reachesRoot(cert):
		return ruledOut("the chain that was sent reaches the self-signed CA " + quoted(cert.Top))
	}
	return doubted(fmt.Sprintf("the leaf was sent with what is above it (%d), each signing the one before it; the last was issued by %s", len(cert.Chain), quoted(cert.Top)))
}

// weighSigner is for the causes that concern the CA above the chain.
func weighSigner(c *Case) Weight {
	cert := c.presented()
	switch {
	case cert == nil:
		return Weight{}
	case cert.SelfSigned:
		return doubted("the leaf is self-signed: it has no CA that could be enrolled")
	}
	return remark("the last certificate that was sent was issued by " + quoted(cert.Top))
}
