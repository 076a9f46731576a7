package advice

import (
	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// allocationRules are the causes that appear after the device was authenticated: the service finds no
// hub, or cannot write to it. Nothing on the device is wrong.
func allocationRules() []Rule {
	return []Rule{
		{
			ID:    cause.CustomAllocationFailed,
			Party: LinkParty,
			Until: Assigned,
			Judge: judgeWebhookFailed,
			Weigh: weighWebhookFailed,
		},
		{
			ID:    cause.CustomAllocationUnauthorized,
			Party: LinkParty,
			Until: Assigned,
			Judge: judgeWebhookUnauthorized,
		},
		{
			ID:    cause.CustomAllocationRejected,
			Party: LinkParty,
			Until: Assigned,
			Judge: judgeWebhookRejected,
		},
		{
			ID:    cause.IoTCentralDeviceNotReady,
			Party: LinkParty,
			Until: Assigned,
			Judge: judgeCentral,
		},
		{
			ID:    cause.NoHubAvailable,
			Party: LinkParty,
			Until: Assigned,
			Weigh: weighNoHub,
		},
		{
			ID:    cause.HubLinkBroken,
			Party: LinkParty,
			Until: Assigned,
			Judge: judgeHubLink,
			Weigh: weighHubLink,
		},
	}
}

// weighWebhookFailed judges a run in which no webhook is known to have answered.
func weighWebhookFailed(c *Case) Weight {
	switch {
	case c.refusal.webhookStatus() != 0:
		return Weight{}
	case lost(c.Run) != nil && len(c.Run.Answers) == 0:
		return ruledOut("no registration had been requested yet")
	case c.Run.End == probe.EndUnanswered:
		return allowed("a slow webhook keeps a registration waiting")
	}
	return Weight{}
}

func weighNoHub(c *Case) Weight {
	if c.refusal != nil && c.refusal.code == codeNoHub {
		return remark("in the SDKs this code means: no hub was specified for the device")
	}
	return Weight{}
}

// hubBody is the catalogue entry of a hub's error passed on by the provisioning service.
const hubBody = "dps-hub-link-stale"

func weighHubLink(c *Case) Weight {
	if r := c.refusal; r != nil && r.body == dps.BodyHubError && !dps.IsHubHost(c.host()) {
		return remark("an error of a hub in an answer from the service means that the hub refused the service")
	}
	return Weight{}
}
