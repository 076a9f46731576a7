package advice

import "dpsdiag/internal/cause"

// operatorRules are the causes that lie with those who configure the client or the cloud
// side, and with what comes after provisioning.
func operatorRules() []Rule {
	return []Rule{
		{
			ID:      cause.HubIdentityUnusable,
			Outside: beforeAnyHub,
			Weigh:   weighHubIdentity,
		},
		{
			ID:      cause.StaleAssignment,
			Outside: beforeAnyHub,
			Weigh:   weighStale,
		},
		{
			ID:      cause.ClientConfigMissing,
			Outside: "id scope, registration id, endpoint and credential were all given",
		},
		{
			ID: cause.ClientDefect,
		},
		{
			ID:      cause.ManagementRequestInvalid,
			Outside: noManagement,
		},
		{
			ID:      cause.ServiceCredentialsInsufficient,
			Outside: "dpsdiag made a device call, which needs no operator's rights",
		},
	}
}

// noManagement is why a device call is not refused for what an operator asked.
const noManagement = "dpsdiag made a device call, no management request"

// beforeAnyHub is why a refusal of the provisioning endpoint is none of a hub.
const beforeAnyHub = "the refusal came from the provisioning endpoint, before the device had to do with a hub"
