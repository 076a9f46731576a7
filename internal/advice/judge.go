package advice

import (
	"fmt"
	"net/http"
	"slices"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
)

// What any witness can know is judged here: these functions are the Judge of rules.

// unfit says why a device that attests as this one does not have the cause, "" if it may.
func (r *Rule) unfit(a *Attempt) string {
	if !a.Attestation.Known || len(r.Only.Kinds) == 0 || slices.Contains(r.Only.Kinds, a.Attestation.Value) {
		return ""
	}
	return a.Attestation.say(r.Only.Otherwise)
}

// passed says how the attempt came to a point that it does not reach while the cause holds, ""
// if it is not known to have.
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

// judgeClock judges the clock of a device. A token that a clock dates too early has expired
// when it arrives; one dated too late only lives longer.
func judgeClock(a *Attempt) Weight {
	life := duration.Rough(probe.TokenLifetime())
	switch behind := a.Behind.Value; {
	case a.LongAgo.Known:
		return proven(a.LongAgo.say(a.LongAgo.Value))
	case !a.Behind.Known:
		return Weight{}
	case behind > probe.TokenLifetime():
		return proven(a.Behind.say("a token that is valid for " + life + " had expired " + duration.Rough(behind-probe.TokenLifetime()) + " before it arrived"))
	case behind > 0:
		return doubted(a.Behind.say("a token valid for " + life + " outlasts the error of the clock"))
	case a.TokenRefused:
		return doubted(a.Behind.say("a clock that is ahead only lengthens the life of a token"))
	}
	return suggested(a.Behind.say("the clock is ahead"))
}

// judgeChallenge: a challenge that was answered was none left unanswered.
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
		return proven(a.webhook(", a failure of its own"))
	case status/100 == 2:
		return remark(a.webhook(", so what it returned is no allocation"))
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests:
		return remark(a.webhook(", so it did not decide"))
	}
	return Weight{}
}

func judgeWebhookUnauthorized(a *Attempt) Weight {
	switch {
	case !a.Webhook.Known:
		return Weight{}
	case a.Webhook.Value == http.StatusUnauthorized:
		return proven(a.webhook(": it wants a key or an identity"))
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
		return ruledOut(a.webhook(", which is no decision about a device"))
	case status == http.StatusForbidden || status == http.StatusNotFound:
		return remark(a.webhook(""))
	}
	return suggested(a.webhook(", as a webhook does that turns a device away"))
}

func judgeCentral(a *Attempt) Weight {
	switch {
	case a.Central.Known:
		return suggested(a.Central.say("IoT Central allocates its devices by custom allocation and refuses those that are not approved, associated or known"))
	case !a.Webhook.Known:
		return Weight{}
	case a.Webhook.Value == http.StatusNotFound:
		return suggested(a.webhook(", as IoT Central does for a device that it has not accepted"))
	}
	return remark(a.webhook(""))
}

func judgeHubLink(a *Attempt) Weight {
	switch {
	case a.Webhook.Known:
		return ruledOut(a.Webhook.say("the message speaks of the allocation webhook, not of a hub"))
	case a.HubInAnswer.Known:
		return proven(a.HubInAnswer.say("the message is an error of the hub, given to the service and not to the device"))
	}
	return Weight{}
}

func judgeHubIdentity(a *Attempt) Weight {
	if a.HubRefused.Known {
		return suggested(a.HubRefused.say("provisioning itself went through: it is the hub that answers" + a.HubRefused.Value))
	}
	return Weight{}
}

func judgeStale(a *Attempt) Weight {
	if a.HubRefused.Known {
		return allowed(a.HubRefused.say("the hub may hold what an earlier registration wrote"))
	}
	return Weight{}
}

// judgePage judges an answer that the service does not give.
func judgePage(a *Attempt) Weight {
	switch status := a.Page.Value; {
	case !a.Page.Known:
		return Weight{}
	case status/100 == 5 || status == http.StatusTooManyRequests:
		return allowed(a.Page.say("gateways answer so for a service that they do not reach"))
	}
	return suggested(a.Page.say("the service answers in JSON of its own form"))
}

func judgePrivate(a *Attempt) Weight {
	if a.Private.Known {
		return suggested(a.Private.say(a.Private.Value))
	}
	return Weight{}
}
