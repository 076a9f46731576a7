package advice

import (
	"fmt"
	"net/http"
	"net/netip"

	"dpsdiag/internal/probe"
)

// serviceRules are the causes on the side of the service: its limits, its rules and its
// health.
func serviceRules() []Rule {
	return []Rule{
		{
			ID:    "throttled",
			Title: "Request rate limited",
			Meaning: "Registrations or status polls exceed a rate limit of the instance: 1,000 registrations a minute, 5 polls in 10 seconds for one device " +
				"(older texts say 200 a minute). Nothing is wrong with this device; it came at a bad moment or polls too fast.",
			Confirm: []string{
				"Look for 429 answers of other devices at the same time, and chart the registration attempts metric of the instance",
				"Look in the device's log for a loop that registers or polls without pauses",
			},
			Remedies: []string{
				"Wait as long as Retry-After says; without it retry with exponential backoff and random jitter",
				"Spread the start of a fleet over time, and keep the operation id instead of registering anew when only a poll was put off",
				"Connect with the cached hub and device id on every boot, and register only when the hub refuses that",
				"If the rate is what you need, ask for a higher limit or spread devices over instances",
			},
			Scenario: "throttled-forever",
			Weigh:    weighThrottled,
		},
		{
			ID:    "quota-exceeded",
			Title: "Device or message quota used up",
			Meaning: "A count limit was reached: registrations or enrollments of the instance, devices of the hub, or the hub's messages of the day. " +
				"It does not pass by waiting a moment, as throttling does.",
			Confirm: []string{
				"Compare the number of devices and messages of the hub, and of registrations of the instance, with the limits of their tier",
			},
			Remedies: []string{
				"Raise the tier or the number of units of the hub, or link another hub and let the allocation policy use it",
				"Delete identities that are no longer used",
				"For a daily message quota wait until midnight UTC",
			},
			Scenario: "quota-exceeded",
			Weigh:    weighQuota,
		},
		{
			ID:      "service-transient",
			Title:   "Temporary service-side failure",
			Meaning: "The service, or something it depends on, failed for a time. Nothing on the device or in the configuration has to change.",
			Confirm: []string{
				"Try again after a few minutes: the same request then works",
				"Look at the Azure status page and the resource health of the instance; keep the tracking id for support",
			},
			Remedies: []string{
				"Connect with the cached hub and device id if the device has been provisioned before",
				"Otherwise ask the registration status lookup, since the first attempt may have gone through, and register only if it has not",
				"Retry with exponential backoff and random jitter, beginning at about 5 seconds",
				"If it lasts, open a support request with the tracking id and the time",
			},
			Scenario: "service-transient",
			Decide: &Decider{
				How:     "In a few minutes ask for the registration's state; the lookup changes nothing and is not billed",
				Command: probeCommand + "CREDENTIAL --lookup",
			},
			Weigh: weighTransient,
		},
		{
			ID:    "public-network-access-disabled",
			Title: "Network access rules refuse the device",
			Meaning: "Public access to the instance is off, an IP filter applies, or only private endpoints are allowed, and the device comes from elsewhere. " +
				"A filtered address gets a plain 401 that does not name the rule.",
			Confirm: []string{
				"Read the networking settings of the instance: public access, IP filter rules, private endpoint connections",
				"Compare the filter with the address that the device has on the Internet",
				"With a private endpoint resolve the instance's own name on the device: it must give a private address",
			},
			Remedies: []string{
				"Allow the device's network in the IP filter, or switch public access on",
				"With a private endpoint use the instance's own host name instead of the global one, and route and resolve it into the virtual network",
			},
			Scenario: "public-network-access-disabled",
			Decide:   lookupElsewhere(),
			Until:    Accepted,
			Weigh:    weighAccessRules,
		},
	}
}

func weighThrottled(c *Case) Weight {
	if c.hub != nil {
		return c.hubBusy(true)
	}
	if c.class() == http.StatusTooManyRequests {
		var attempts []string
		if n := c.putOff(); n > 0 {
			attempts = append(attempts, fmt.Sprintf("%d of %d answers were 429", n, len(c.Run.Answers)))
		}
		if c.refusal.ofService() {
			return proven(attempts...)
		}
		return suggested(attempts...)
	}
	if c.refusal == nil && c.putOff() > 0 && c.event() != "" {
		return allowed("the service answered 429 earlier in the run")
	}
	return Weight{}
}

// putOff counts the answers of status 429.
func (c *Case) putOff() int {
	n := 0
	for i := range c.Run.Answers {
		if c.Run.Answers[i].Status == http.StatusTooManyRequests {
			n++
		}
	}
	return n
}

func weighTransient(c *Case) Weight {
	switch {
	case c.hubAnswer(probe.HubBusy) != nil:
		return c.hubBusy(false)
	case c.class()/100 == 5 && c.refusal.foreign() && c.issuer() == probe.IssuerOther:
		return allowed("but the answer may not come from the service at all")
	case c.refusal.at(probe.LayerSASL, saslSysPerm):
		return doubted("this outcome is for errors that do not pass by themselves")
	case c.class()/100 == 5:
		return suggested("the 500 series tells of a failure on the side of the service")
	case c.unavailable():
		return allowed("an outage has the same return code")
	case c.silent():
		return allowed("a service in trouble can fall silent")
	case c.Run.End == probe.EndUnanswered:
		return allowed("the service can be slow to decide")
	}
	return Weight{}
}

func weighAccessRules(c *Case) Weight {
	switch {
	case c.turnedAway() && c.refusal.ofService():
		return suggested("the service refused the WebSocket, before the device had shown who it is")
	case c.turnedAway():
		return allowed("the WebSocket was refused before the device had shown who it is")
	case c.challengeAnswered() != "":
		return ruledOut("the service challenged the TPM, so it lets calls from this network through")
	case c.identityRefused() && c.refusal.plain():
		return suggested("a wrong credential gets a 401 with a six-digit code; an IP filter rule answers with a plain one")
	case c.certificateRefused():
		return ruledOut("the message is about the certificate, so the service looked at it")
	case c.identityRefused():
		return allowed("an IP filter rule refuses the device too, without naming itself")
	case dialFailure(c.Run) != nil && c.azure() && c.onlyPrivate():
		return suggested("the name resolves to private addresses, as with a private endpoint, and no connection was made")
	}
	return Weight{}
}

// turnedAway reports whether a WebSocket was refused to a device that had shown no
// credential yet, in the way of a door that is closed to it.
func (c *Case) turnedAway() bool {
	if !c.refusal.ofHandshake() || c.shown() || c.refusal.foreign() {
		return false
	}
	status := c.refusal.opening.Status
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// lookupElsewhere is the step for causes that show only when a call is answered.
func lookupElsewhere() *Decider {
	return &Decider{
		How:     "Ask for the registration's state from another network, such as a phone's: if that is answered, the device's network is at fault",
		Command: probeCommand + "CREDENTIAL --lookup",
	}
}

// onlyPrivate reports whether every address that was dialled is a private one.
func (c *Case) onlyPrivate() bool {
	for _, d := range c.Run.Dials {
		if addr, err := netip.ParseAddrPort(d.Address); err != nil || !addr.Addr().IsPrivate() {
			return false
		}
	}
	return len(c.Run.Dials) > 0
}
