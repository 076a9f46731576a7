package advice

import "dpsdiag/internal/cause"

// operatorRules are the causes on the side of those who configure the client or the cloud, and those
// after provisioning.
func operatorRules() []Rule {
	return []Rule{
		{
			ID:    cause.HubIdentityUnusable,
			Party: HubParty,
			Judge: judgeHubIdentity,
			Weigh: weighHubIdentity,
		},
		{
			ID:    cause.StaleAssignment,
			Party: HubParty,
			Judge: judgeStale,
			Weigh: weighStale,
		},
		{
			ID:      cause.ClientConfigMissing,
			Outside: "id scope, registration id, endpoint and credential were all given",
		},
		{
			ID: cause.ClientDefect,
		},
		{
			ID:    cause.ManagementRequestInvalid,
			Party: OperatorParty,
		},
		{
			ID:      cause.ServiceCredentialsInsufficient,
			Party:   OperatorParty,
			Outside: "dpsdiag made a device call, which needs no operator's rights",
		},
	}
}
