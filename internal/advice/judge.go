package advice

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
)

// This file judges what both a probe and a text can show: these functions are the Judge of rules.

// unfit says why a device with this attestation cannot have the cause, "" if it can.
func (r *Rule) unfit(a *Attempt) string {
	if !a.Attestation.Known || len(r.Only.Kinds) == 0 || slices.Contains(r.Only.Kinds, a.Attestation.Value) {
		return ""
	}
	return a.Attestation.say(r.Only.Otherwise)
}

// passed says how the attempt reached a milestone that it cannot reach if this is the cause, "" if it
// is not known to have reached it.
func (r *Rule) passed(a *Attempt) string {
	if r.Until == Nowhere || !a.Reached[r.Until].Known {
		return ""
	}
	return a.Reached[r.Until].say(a.Reached[r.Until].Value)
}

func judgeEndpoint(a *Attempt) Weight {
	switch {
	case a.HubEndpoint.Known:
		return suggested(a.HubEndpoint.say(a.HubEndpoint.Value + " is the name of an IoT hub, not of a provisioning endpoint"))
	case a.OtherCloud.Known:
		return suggested(a.OtherCloud.say(a.OtherCloud.Value))
	}
	return Weight{}
}

func judgeRegistrationID(a *Attempt) Weight {
	switch {
	case !a.OddID.Known || !a.IDRefused.Known:
		return Weight{}
	case a.IDRefused.Value:
		return proven(a.oddities()...)
	}
	return suggested(a.oddities()...)
}

func (a *Attempt) oddities() []string {
	var lines []string
	for _, odd := range a.OddID.Value {
		lines = append(lines, a.OddID.say(odd))
	}
	return lines
}

func judgeCommonName(a *Attempt) Weight {
	switch {
	case !a.OtherName.Known || !a.NameJudged.Known:
		return Weight{}
	case a.NameJudged.Value:
		return proven(a.OtherName.say(a.OtherName.Value))
	}
	return suggested(a.OtherName.say(a.OtherName.Value))
}

// clockEdge is how exactly a difference of two clocks is known: a Date has whole seconds, and its answer took time.
const clockEdge = 5 * time.Second

// judgeClock judges the clock of a device. A token dated too early has expired when it arrives; one
// dated too late only lives longer.
func judgeClock(a *Attempt) Weight {
	life := duration.Rough(probe.TokenLifetime())
	switch behind := a.Behind.Value; {
	case a.LongAgo.Known:
		return proven(a.LongAgo.say(a.LongAgo.Value))
	case !a.Behind.Known:
		return Weight{}
	case behind > probe.TokenLifetime():
		return proven(a.Behind.say("a token that is valid for " + life + " had expired " + duration.Rough(behind-probe.TokenLifetime()) + " before it arrived"))
	case behind > probe.TokenLifetime()-clockEdge:
		return suggested(a.Behind.say("a token that is valid for " + life + " may have expired when it arrived"))
	case behind > 0:
		return doubted(a.Behind.say("a token valid for " + life + " is valid longer than the error of the clock"))
	case a.TokenRefused:
		return doubted(a.Behind.say("a clock that is ahead only makes a token valid for longer"))
	}
	return suggested(a.Behind.say("the clock is ahead"))
}

// judgeChallenge rules out an unanswered challenge if the challenge was answered.
func judgeChallenge(a *Attempt) Weight {
	if a.ChallengeAnswered.Known {
		return ruledOut(a.ChallengeAnswered.say(a.ChallengeAnswered.Value))
	}
	return Weight{}
}

func webhookAnswer(status int) string { return fmt.Sprintf("the webhook answered %d", status) }

// webhook is a reason that rests on the answer of the webhook.
func (a *Attempt) webhook(so string) string {
	return a.Webhook.say(webhookAnswer(a.Webhook.Value) + so)
}

func judgeWebhookFailed(a *Attempt) Weight {
	switch status := a.Webhook.Value; {
	case status/100 == 5:
		return proven(a.webhook(", a failure of the webhook itself"))
	case status/100 == 2:
		return remark(a.webhook(", so what it returned is not an allocation"))
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests:
		return remark(a.webhook(", so it did not decide"))
	case status/100 == 4 && status != http.StatusNotFound:
		return doubted(a.webhook(", which is a decision, not a failure"))
	}
	return Weight{}
}

func judgeWebhookUnauthorized(a *Attempt) Weight {
	switch {
	case !a.Webhook.Known:
		return Weight{}
	case a.Webhook.Value == http.StatusUnauthorized:
		return proven(a.webhook(": it requires a key or an identity"))
	case a.Webhook.Value == http.StatusForbidden:
		return suggested(a.webhook(""))
	}
	return ruledOut(a.webhook(", not 401 or 403"))
}

func judgeWebhookRejected(a *Attempt) Weight {
	switch status := a.Webhook.Value; {
	case !a.Webhook.Known:
		return Weight{}
	case status/100 != 4, status == http.StatusUnauthorized, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return ruledOut(a.webhook(", which is not a decision about a device"))
	case status == http.StatusForbidden || status == http.StatusNotFound:
		return remark(a.webhook(""))
	}
	return allowed(a.webhook(", as a webhook does when it rejects a device"))
}

func judgeCentral(a *Attempt) Weight {
	switch {
	case a.Central.Known:
		return suggested(a.Central.say("IoT Central allocates its devices by custom allocation and refuses those that are not approved, associated or known"))
	case !a.Webhook.Known:
		return Weight{}
	case a.Webhook.Value == http.StatusNotFound:
		return suggested(a.webhook(", as IoT Central does if it has not accepted the device"))
	}
	return remark(a.webhook(""))
}

func judgeHubLink(a *Attempt) Weight {
	switch {
	case a.Webhook.Known:
		return ruledOut(a.Webhook.say("the message is about the allocation webhook, not about a hub"))
	case a.HubInAnswer.Known:
		return proven(a.HubInAnswer.say("the message is an error that the hub returned to the service, not to the device"))
	case a.HubRefused.Known:
		return ruledOut(a.HubRefused.say("the assigned hub answered the device itself, so DPS had reached this hub"))
	}
	return Weight{}
}

// judgeRegistry judges words about the device registry. Their form in an answer of the service is not
// published, so they prove nothing.
func judgeRegistry(a *Attempt) Weight {
	if a.Registry.Known {
		return suggested(a.Registry.say("the message is about the device registry, to which the service goes with its own managed identity"))
	}
	return Weight{}
}

func judgeHubIdentity(a *Attempt) Weight {
	if a.HubRefused.Known {
		return suggested(a.HubRefused.say("provisioning succeeded, and then the hub refused the device" + a.HubRefused.Value))
	}
	return Weight{}
}

func judgeStale(a *Attempt) Weight {
	if a.HubRefused.Known {
		return allowed(a.HubRefused.say("the hub may still have the data of an earlier registration"))
	}
	return Weight{}
}

// judgePage judges an answer that the service does not give.
func judgePage(a *Attempt) Weight {
	switch status := a.Page.Value; {
	case !a.Page.Known:
		return Weight{}
	case status/100 == 5 || status == http.StatusTooManyRequests:
		return allowed(a.Page.say("gateways answer like this for a service that they cannot reach"))
	}
	return suggested(a.Page.say("the service answers with JSON in its own format"))
}

func judgePrivate(a *Attempt) Weight {
	if a.Private.Known {
		return suggested(a.Private.say(a.Private.Value))
	}
	return Weight{}
}
