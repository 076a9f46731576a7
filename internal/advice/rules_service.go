package advice

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/probe"
)

// serviceRules are the causes on the side of the service: its limits, its rules and its
// health.
func serviceRules() []Rule {
	return []Rule{
		{
			ID:    cause.Throttled,
			Weigh: weighThrottled,
		},
		{
			ID:    cause.QuotaExceeded,
			Weigh: weighQuota,
		},
		{
			ID:    cause.ServiceTransient,
			Weigh: weighTransient,
		},
		{
			ID:    cause.PublicNetworkAccessDisabled,
			Until: Accepted,
			Judge: judgePrivate,
			Weigh: weighAccessRules,
		},
	}
}

func weighThrottled(c *Case) Weight {
	if c.hub != nil {
		return c.hubBusy(true)
	}
	if c.class() == http.StatusTooManyRequests {
		var attempts []string
		if n := c.putOff(); n > 0 && c.record == nil {
			attempts = append(attempts, fmt.Sprintf("%d of %d answers were 429, %s", n, len(c.Run.Answers), c.askedWait()))
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

// askedWait says which pause the last answer of status 429 asked for.
func (c *Case) askedWait() string {
	for _, answer := range slices.Backward(c.Run.Answers) {
		if answer.Status != http.StatusTooManyRequests {
			continue
		}
		switch asked := answer.RetryAfter; {
		case asked == nil:
			return "without Retry-After"
		case !asked.Valid:
			return fmt.Sprintf("the last with a Retry-After that is not a time: %q", asked.Text)
		default:
			return "the last with Retry-After: " + asked.Text
		}
	}
	return "without Retry-After"
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
	case c.refusal.signIn():
		return Weight{}
	case c.class()/100 == 5 && c.refusal.foreign() && c.issuer() == probe.IssuerOther:
		return allowed("but the answer may not come from the service at all")
	case c.refusal.at(probe.LayerSASL, saslSysPerm):
		return doubted("this outcome is for errors that are not temporary")
	case c.class()/100 == 5:
		return suggested("the 500 series means a failure of the service")
	case c.unavailable():
		return allowed("an outage has the same return code")
	case c.silent():
		return allowed("a service in trouble can stop answering")
	case c.Run.End == probe.EndUnanswered:
		return allowed("the service can be slow to decide")
	}
	return Weight{}
}

func weighAccessRules(c *Case) Weight {
	switch {
	case c.turnedAway() && c.refusal.ofService():
		return suggested("the service refused the WebSocket before the device had identified itself")
	case c.turnedAway():
		return allowed("the WebSocket was refused before the device had identified itself")
	case c.challengeAnswered() != "":
		return ruledOut("the service challenged the TPM, so it accepts calls from this network")
	case c.identityRefused() && c.refusal.plain():
		return suggested("a wrong credential gets a 401 with a six-digit code; an IP filter rule answers with a plain one")
	case c.certificateRefused():
		return ruledOut("the message is about the certificate, so the service looked at it")
	case c.identityRefused():
		return allowed("an IP filter rule also refuses the device, without a mention of the rule")
	}
	return Weight{}
}

// turnedAway reports whether a WebSocket was refused to a device that had sent no credential yet, as
// if all access were closed to it.
func (c *Case) turnedAway() bool {
	if !c.refusal.ofHandshake() || c.shown() || c.refusal.foreign() {
		return false
	}
	status := c.refusal.opening.Status
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// onlyPrivate reports whether every address that was dialled is private.
func (c *Case) onlyPrivate() bool {
	for _, d := range c.Run.Dials {
		if addr, err := netip.ParseAddrPort(d.Address); err != nil || !addr.Addr().IsPrivate() {
			return false
		}
	}
	return len(c.Run.Dials) > 0
}
