package advice

import "dpsdiag/internal/cause"

// clientRules are the causes that lie in the client itself. A probe is a client of its own,
// so it meets none of them, but for a setting that is given to it: that of its proxy.
func clientRules() []Rule {
	const own = "dpsdiag made the call itself, not the device's client"
	return []Rule{
		{ID: cause.ClientConfigInvalid, Outside: own, Weigh: weighUnusable},
		{ID: cause.ClientVersionUnsupported, Outside: own},
		{ID: cause.ClientLimitExceeded, Outside: own},
		{ID: cause.LocalServiceDenied, Outside: own},
		{ID: cause.DeviceCertificateNotIssued, Outside: own},
		{ID: cause.HubNotAllowedByDevice, Outside: own},
		{ID: cause.DeploymentMissing, Outside: own},
	}
}

// issuanceRules are the causes that concern certificates which the service issues and hubs
// of newer kinds.
func issuanceRules() []Rule {
	return []Rule{
		{ID: cause.CertificateNotIssued, Outside: noIssuance},
		{ID: cause.CSRRejected, Outside: noIssuance},
		{ID: cause.IssuedCertificateUnusable, Outside: noIssuance},
		{ID: cause.HubProtocolUnsupported, Party: HubParty},
		{ID: cause.RegistryLinkBroken, Until: Assigned},
		{ID: cause.ConnectionTakenOver, Party: HubParty},
		{ID: cause.PopCodeOutdated, Party: OperatorParty},
	}
}

// noIssuance is why a registration without a signing request is not refused for one.
const noIssuance = "the probe asked for no certificate"
