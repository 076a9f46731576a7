package advice

import "dpsdiag/internal/cause"

// clientRules are the causes in the client itself. A probe is a client of its own, so none of them
// applies to it, except a wrong proxy setting.
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

// issuanceRules are the causes that concern certificates issued by the service, and newer kinds of
// hub.
func issuanceRules() []Rule {
	return []Rule{
		{ID: cause.CertificateNotIssued, Weigh: weighNotIssued},
		{ID: cause.CSRRejected, Until: Accepted, Weigh: weighRequestRejected},
		{ID: cause.IssuedCertificateUnusable, Weigh: weighIssuedUnusable},
		{ID: cause.HubProtocolUnsupported, Party: HubParty, Weigh: weighHubProtocol},
		{ID: cause.RegistryLinkBroken, Party: LinkParty, Until: Assigned, Judge: judgeRegistry},
		{ID: cause.ConnectionTakenOver, Party: HubParty},
		{ID: cause.PopCodeOutdated, Party: OperatorParty},
	}
}

// noIssuance is why a registration without a signing request is not refused because of one.
const noIssuance = "the probe did not request a certificate"
