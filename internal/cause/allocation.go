package cause

// allocationDefinitions are the causes that appear after the device was authenticated: the service
// finds no hub, or cannot write to it. Nothing on the device is wrong.
var allocationDefinitions = [...]Definition{
	{
		ID:    CustomAllocationFailed,
		Title: "Custom allocation webhook fails",
		Meaning: "The enrollment leaves the choice of the hub to a webhook, and the webhook cannot be reached, throws an exception, answers too late, or returns something that is not an allocation. " +
			"A function that accepts calls only from a virtual network cannot be reached by the service. " +
			"The device was authenticated; the backend failed.",
		Confirm: []string{
			"Check the webhook's own log for the time of the attempt",
			"Call the webhook URL as it is stored in the enrollment, with a sample allocation request",
			"Check that it returns 200 with the host name of a hub that is linked to the instance",
		},
		Remedies: []string{
			"Repair and redeploy the function; guard against fields that are absent on a re-registration",
			"Return {\"iotHubHostName\": \"HUB.azure-devices.net\"} with one of the linkedHubs of the request, without delay: a time limit is not documented",
			"Let the function accept calls from outside a virtual network, and protect it with its key",
			"Then register the device again; nothing changes on it",
		},
		Scenario: "custom-allocation-failed",
	},
	{
		ID:    CustomAllocationUnauthorized,
		Title: "Webhook refuses DPS",
		Meaning: "The allocation webhook requires a key or an identity that the service was not given, and answers 401 or 403. " +
			"The device was authenticated.",
		Confirm: []string{
			"Call the webhook URL exactly as it is stored in the enrollment: 401 or 403 means that the function key is missing from it or no longer valid",
			"Check whether the function app requires sign-in or a client certificate, or restricts IP addresses",
		},
		Remedies: []string{
			"Put the current function key into the webhook URL of the enrollment (?code=KEY at its end)",
			"Or lower the function's authorisation level, and allow calls from the service in the app",
		},
		Scenario: "custom-allocation-unauthorized",
	},
	{
		ID:    CustomAllocationRejected,
		Title: "Webhook rejects the device on purpose",
		Meaning: "The allocation webhook works and answers with a 4xx status by design: the device is unknown to the backend, not paid for, " +
			"not approved yet, or of a type that has no hub.",
		Confirm: []string{
			"Read the decision in the function's log for this registration id",
			"Look at what the function expects in the payload: a missing model or serial number is a usual reason",
		},
		Remedies: []string{
			"Register or approve the device in the backend that the function queries",
			"Send the payload that the function expects (--payload with dpsdiag)",
			"Let the device retry later with increasing delays, because approval may need a person",
		},
		Scenario: "custom-allocation-rejected",
	},
	{
		ID:    IoTCentralDeviceNotReady,
		Title: "IoT Central has not accepted the device",
		Meaning: "The id scope belongs to an IoT Central application in which the device is unapproved, unassociated, blocked or without a template. " +
			"IoT Central allocates through its own webhook, which then answers 404.",
		Confirm: []string{
			"Look up the device in the application: its status must not be unassociated, waiting for approval or blocked",
			"Look at the auto-approve setting of the device connection group",
		},
		Remedies: []string{
			"Approve, associate or unblock the device, or create it with exactly this device id",
			"Turn on auto-approve for the group if new devices should be accepted automatically",
			"Then provision again",
		},
		Show:     "az iot central device show --app-id APP-ID --device-id REGISTRATION-ID",
		Scenario: "iot-central-device-not-ready",
	},
	{
		ID:    NoHubAvailable,
		Title: "No eligible hub for allocation",
		Meaning: "No hub is linked to the instance, or the enrollment restricts the choice to hubs that are not linked or do not accept new devices.  " +
			"The device was authenticated.",
		Confirm: []string{
			"Compare the hub list of the enrollment with the linked hubs of the instance (az iot dps linked-hub list --dps-name NAME)",
			"Check that the linked hubs apply the allocation policy and have a weight above 0",
		},
		Remedies: []string{
			"Link a hub to the instance, or select a linked one in the enrollment",
			"Then register the device again; nothing changes on it",
		},
		Show:     "az iot dps linked-hub list --dps-name DPS-NAME",
		Scenario: "no-hub-available",
	},
	{
		ID:    HubLinkBroken,
		Title: "Link from DPS to the hub no longer valid",
		Meaning: "The service accepted the device but cannot create it in the hub. With a link by key the hub's shared access key was regenerated after it was linked, or the policy lost its permissions; " +
			"with a link by managed identity the identity of the instance was turned off or has no role on the hub. Or the hub was deleted, recreated or moved.",
		Confirm: []string{
			"Look for a hub's error inside the message: IotHubUnauthorizedAccess or IotHubNotFound next to a hub-style tracking id",
			"Look how the hub is linked (authenticationType in az iot dps linked-hub list): by key, compare the policy of the link with the hub's current keys; by identity, look at the roles of the instance's identity on the hub",
			"Check that the hub exists under that name",
		},
		Remedies: []string{
			"Link by key: remove the hub from the linked hubs of the instance and link it again, with a policy that has registry read, registry write and service connect",
			"Link by managed identity: there is no key to renew; turn the identity on and assign it its role on the hub again",
			"Then register the device again; nothing changes on it",
		},
		Show:     "az iot dps linked-hub list --dps-name DPS-NAME",
		Scenario: "hub-link-broken",
	},
}
