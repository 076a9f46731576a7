package advice

import (
	"fmt"
	"net/http"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// allocationRules are the causes that appear after the device has proved itself: the
// service finds no hub, or cannot write to it. Nothing on the device is wrong.
func allocationRules() []Rule {
	return []Rule{
		{
			ID:    "custom-allocation-failed",
			Title: "Custom allocation webhook fails",
			Meaning: "The enrollment leaves the choice of the hub to a webhook, and that cannot be reached, throws, takes too long, or answers with something that is no allocation. " +
				"The device proved itself; the backend failed.",
			Confirm: []string{
				"Look up the webhook's own log for the minute of the attempt",
				"Call the webhook URL as it is stored in the enrollment, with a sample allocation request",
				"Check that it returns 200 with the host name of a hub that is linked to the instance",
			},
			Remedies: []string{
				"Repair and redeploy the function; guard against fields that are absent on a re-registration",
				"Return {\"iotHubHostName\": \"HUB.azure-devices.net\"} with one of the linkedHubs of the request, within a few seconds",
				"Then register the device again; nothing changes on it",
			},
			Scenario: "custom-allocation-failed",
			Until:    Assigned,
			Weigh:    weighWebhookFailed,
		},
		{
			ID:    "custom-allocation-unauthorized",
			Title: "Webhook refuses DPS",
			Meaning: "The allocation webhook demands a key or an identity that the service was not given, and answers 401 or 403. " +
				"The device proved itself.",
			Confirm: []string{
				"Call the webhook URL exactly as it is stored in the enrollment: 401 or 403 means that the function key is missing from it or no longer valid",
				"Check whether the function app demands sign-in, a client certificate or an IP address of its own",
			},
			Remedies: []string{
				"Put the current function key into the webhook URL of the enrollment (?code=KEY at its end)",
				"Or lower the function's authorisation level, and let the app accept calls from the service",
			},
			Scenario: "custom-allocation-unauthorized",
			Until:    Assigned,
			Weigh:    weighWebhookUnauthorized,
		},
		{
			ID:    "custom-allocation-rejected",
			Title: "Webhook deliberately turns the device away",
			Meaning: "The allocation webhook works and answers with a status of the 400 series by design: the device is unknown to the backend, not paid for, " +
				"not approved yet, or of a type that no hub is meant for.",
			Confirm: []string{
				"Read the decision in the function's log for this registration id",
				"Look at what the function expects in the payload: a missing model or serial number is a usual reason",
			},
			Remedies: []string{
				"Register or approve the device in the backend that the function asks",
				"Send the payload that the function decides by (--payload with dpsdiag)",
				"Let the device retry later with growing pauses, since approval may take people",
			},
			Scenario: "custom-allocation-rejected",
			Until:    Assigned,
			Weigh:    weighWebhookRejected,
		},
		{
			ID:    "iot-central-device-not-ready",
			Title: "IoT Central has not accepted the device",
			Meaning: "The id scope belongs to an IoT Central application, and that has the device unapproved, unassociated, blocked or without a template. " +
				"IoT Central allocates through a webhook of its own, which then answers 404.",
			Confirm: []string{
				"Look up the device in the application: its status must not be unassociated, waiting for approval or blocked",
				"Look at the auto-approve setting of the device connection group",
			},
			Remedies: []string{
				"Approve, associate or unblock the device, or create it with exactly this device id",
				"Turn on auto-approve for the group if devices should be accepted as they come",
				"Then provision again",
			},
			Scenario: "iot-central-device-not-ready",
			Until:    Assigned,
			Weigh:    weighCentral,
		},
		{
			ID:    "no-hub-available",
			Title: "No eligible hub for allocation",
			Meaning: "No hub is linked to the instance, or the enrollment restricts the choice to hubs that are not linked or are set to take no new devices. " +
				"The device proved itself.",
			Confirm: []string{
				"Compare the hub list of the enrollment with the linked hubs of the instance (az iot dps linked-hub list --dps-name NAME)",
				"Check that the linked hubs apply the allocation policy and have a weight above 0",
			},
			Remedies: []string{
				"Link a hub to the instance, or select a linked one in the enrollment",
				"Then register the device again; nothing changes on it",
			},
			Scenario: "no-hub-available",
			Until:    Assigned,
			Weigh:    weighNoHub,
		},
		{
			ID:    "hub-link-broken",
			Title: "Link from DPS to the hub no longer valid",
			Meaning: "The service accepted the device but cannot create it in the hub: the hub's shared access key was regenerated after it was linked, the policy lost its rights, " +
				"or the hub was deleted, recreated or moved.",
			Confirm: []string{
				"Look for a hub's error inside the message: IotHubUnauthorizedAccess or IotHubNotFound beside a hub-style tracking id",
				"Compare the policy of the hub link with the hub's current keys; check that the hub exists under that name",
			},
			Remedies: []string{
				"Remove the hub from the linked hubs of the instance and link it again: a regenerated key always needs that",
				"Use a policy with registry read, registry write and service connect",
				"Then register the device again; nothing changes on it",
			},
			Scenario: "hub-link-broken",
			Until:    Assigned,
			Weigh:    weighHubLink,
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
