package cause

// serviceDefinitions are the causes on the side of the service: its limits, its rules and its
// health.
var serviceDefinitions = [...]Definition{
	{
		ID:    Throttled,
		Title: "Request rate limited",
		Meaning: "A rate limit is exceeded: that of the instance, 1,000 operations and 1,000 registrations a minute (older texts say 200), or that of this device alone, " +
			"5 status polls in 10 seconds. Unless it polls too fast, nothing is wrong with this device; it registered at a busy time.",
		Confirm: []string{
			"Look for 429 answers of other devices at the same time, and chart the registration attempts metric of the instance",
			"Look in the device's log for a loop that registers or polls without pauses",
		},
		Remedies: []string{
			"Wait as long as Retry-After says; without it retry with exponential backoff and random jitter",
			"Spread the start of a fleet over time, and keep the operation id instead of registering again if only a poll was refused",
			"Connect with the cached hub and device id on every boot, and register only if the hub refuses the device",
			"If the rate is what you need, spread devices over instances (10 for a subscription): the documentation has no word on raising this limit",
		},
		Scenario: "throttled-forever",
	},
	{
		ID:    QuotaExceeded,
		Title: "Device or message quota used up",
		Meaning: "A count limit was reached: registrations or enrollments of the instance, devices of the hub, or the hub's messages of the day. " +
			"Unlike throttling, it does not end after a short wait.",
		Confirm: []string{
			"Compare the number of devices and messages of the hub, and of registrations of the instance, with the limits of their tier",
		},
		Remedies: []string{
			"Raise the tier or the number of units of the hub, or link another hub and let the allocation policy use it",
			"Delete identities that are no longer used",
			"For a daily message quota wait until midnight UTC",
		},
		Show:     "az iot hub show-quota-metrics --name HUB-NAME",
		Scenario: "quota-exceeded",
	},
	{
		ID:      ServiceTransient,
		Title:   "Temporary service-side failure",
		Meaning: "The service, or something it depends on, failed for a time. Nothing on the device or in the configuration has to change.",
		Confirm: []string{
			"Try again after a few minutes: the same request then works",
			"Look at the Azure status page and the resource health of the instance; keep the tracking id for support",
		},
		Remedies: []string{
			"Connect with the cached hub and device id if the device has been provisioned before",
			"Otherwise use the registration status lookup, because the first attempt may have succeeded, and register only if it has not",
			"Retry with exponential backoff and random jitter, starting at about 5 seconds",
			"If it continues, open a support request with the tracking id and the time",
		},
		Scenario: "service-transient",
		Decide: &Step{
			How:     "In a few minutes ask for the registration's state; the lookup changes nothing and is not billed",
			Command: probeCommand + "CREDENTIAL --lookup",
		},
	},
	{
		ID:    PublicNetworkAccessDisabled,
		Title: "Network access rules refuse the device",
		Meaning: "Public access to the instance is off, an IP filter applies, or only private endpoints are allowed, and the device connects from elsewhere. " +
			"A filtered address gets a plain 401 that does not mention the rule. With public access off the IP filter rules do not count any more, " +
			"while the public name still resolves and its ports still accept connections.",
		Confirm: []string{
			"Read the networking settings of the instance: public access first, since IP filter rules count only while it is on, then the rules in their order, then private endpoint connections",
			"Compare the filter, which has IPv4 rules only, with the address that the device has on the Internet",
			"With a private endpoint resolve the instance's own name on the device: it must give a private address",
		},
		Remedies: []string{
			"Allow the device's network in the IP filter, or turn on public access if it is off: a rule alone does not help then",
			"With a private endpoint use the instance's own host name instead of the global one, and make it resolve and route to the virtual network; it does not work across clouds",
		},
		Show:     `az iot dps show --name DPS-NAME --query "properties.[publicNetworkAccess,ipFilterRules]"`,
		Scenario: "public-network-access-disabled",
		Decide:   &lookupElsewhere,
	},
}

var lookupElsewhere = Step{
	How:     "Ask for the registration's state from another network, such as a phone's: if that is answered, the device's network is at fault",
	Command: probeCommand + "CREDENTIAL --lookup",
}
