package advice

import (
	"fmt"
	"net/http"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// allocationRules are the causes that appear after the device has proved itself: the
// service finds no hub, or cannot write to it. Nothing on the device is wrong.
func allocationRules() []Rule {
	return []Rule{
		{
			ID:    cause.CustomAllocationFailed,
			Until: Assigned,
			Weigh: weighWebhookFailed,
		},
		{
			ID:    cause.CustomAllocationUnauthorized,
			Until: Assigned,
			Weigh: weighWebhookUnauthorized,
		},
		{
			ID:    cause.CustomAllocationRejected,
			Until: Assigned,
			Weigh: weighWebhookRejected,
		},
		{
			ID:    cause.IoTCentralDeviceNotReady,
			Until: Assigned,
			Weigh: weighCentral,
		},
		{
			ID:    cause.NoHubAvailable,
			Until: Assigned,
			Weigh: weighNoHub,
		},
		{
			ID:    cause.HubLinkBroken,
			Until: Assigned,
			Weigh: weighHubLink,
		},
	}
}

func webhookAnswer(status int) string { return fmt.Sprintf("the webhook answered %d", status) }

func weighWebhookFailed(c *Case) Weight {
	switch status := c.refusal.webhookStatus(); {
	case status/100 == 5:
		return proven(webhookAnswer(status) + ", a failure of its own")
	case status/100 == 2:
		return suggested(webhookAnswer(status) + ", so what it returned is no allocation")
	case status != 0:
		return Weight{}
	case lost(c.Run) != nil && len(c.Run.Answers) == 0:
		return ruledOut("no registration had been asked for yet")
	case c.Run.End == probe.EndUnanswered:
		return allowed("a webhook that takes long keeps a registration waiting")
	}
	return Weight{}
}

func weighWebhookUnauthorized(c *Case) Weight {
	switch status := c.refusal.webhookStatus(); status {
	case 0:
		return Weight{}
	case http.StatusUnauthorized:
		return proven(webhookAnswer(status) + ": it wants a key or an identity")
	case http.StatusForbidden:
		return suggested(webhookAnswer(status))
	default:
		return ruledOut(webhookAnswer(status) + ", not 401 or 403")
	}
}

func weighWebhookRejected(c *Case) Weight {
	switch status := c.refusal.webhookStatus(); {
	case status == 0:
		return Weight{}
	case status/100 != 4 || status == http.StatusUnauthorized:
		return ruledOut(webhookAnswer(status) + ", which is no decision about a device")
	case status == http.StatusForbidden || status == http.StatusNotFound:
		return allowed(webhookAnswer(status))
	default:
		return suggested(webhookAnswer(status) + ", as a webhook does that turns a device away")
	}
}

func weighCentral(c *Case) Weight {
	switch status := c.refusal.webhookStatus(); status {
	case 0:
		return Weight{}
	case http.StatusNotFound:
		return suggested(webhookAnswer(status) + ", as IoT Central does for a device that it has not accepted")
	default:
		return remark(webhookAnswer(status))
	}
}

func weighNoHub(c *Case) Weight {
	if c.refusal != nil && c.refusal.code == codeNoHub {
		return suggested("the SDKs read this code as: no hub was specified for the device")
	}
	return Weight{}
}

// hubBody is the catalogue row of a hub's error passed on by the provisioning service.
const hubBody = "dps-hub-link-stale"

func weighHubLink(c *Case) Weight {
	switch r := c.refusal; {
	case r == nil:
		return Weight{}
	case r.webhookStatus() != 0:
		return ruledOut("the message speaks of the allocation webhook, not of a hub")
	case r.state != "" && c.hasRow(hubBody):
		return proven("the message is an error of the hub, given to the service and not to the device")
	case r.body == dps.BodyHubError && !dps.IsHubHost(c.host()):
		return suggested("an error of a hub in an answer of the service means that the service was refused")
	}
	return Weight{}
}
