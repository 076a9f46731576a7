package advice

import (
	"net/http"
	"strings"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// witness converts a run to the form that the rules judge.
func (c *Case) witness() *Attempt {
	a := &Attempt{Attestation: Fact[probe.AttestationKind]{Known: c.kind() != "", Value: c.kind()}}
	for m := Connected; m <= Assigned; m++ {
		a.Reached[m] = ifAny(c.reached(m))
	}
	if dps.IsHubHost(c.host()) && c.hub == nil && c.event() != "" {
		a.HubEndpoint = measured(c.host())
	}
	if c.unknownThere() {
		a.OtherCloud = ifAny(c.otherCloud())
	}
	a.LongAgo = c.longAgo()
	a.ChallengeAnswered = ifAny(c.challengeAnswered())
	if dialFailure(c.Run) != nil && c.azure() && c.onlyPrivate() {
		a.Private = measured("the name resolves to private addresses, as with a private endpoint, and no connection was made")
	}
	if step := c.hubAnswer(probe.HubDenied); step != nil && c.hubError() != hubQuota {
		a.HubRefused = measured(": " + step.Text)
	}
	if c.refusal != nil {
		c.witnessRefusal(a)
	}
	if c.serviceJudged() {
		a.Side, a.Ended = c.Evidence.Service, c.ended()
	}
	return a
}

// witnessRefusal adds what the refusal shows.
func (c *Case) witnessRefusal(a *Attempt) {
	if odd := c.warnings(cause.RegistrationIDInvalid); len(odd) > 0 && c.idRefused() {
		a.OddID, a.IDRefused = measured(odd), measured(c.namesID())
	}
	a.OtherName = ifAny(c.otherName())
	if c.identityRefused() || c.idRefused() || c.class() == http.StatusNotFound {
		a.NameJudged = measured(c.identityRefused())
	}
	if c.clockRefused() && c.kind() != probe.KindX509 && c.kind() != probe.KindSASToken && !c.tokenTaken() && !c.unchallenged() {
		ahead, _ := c.skew()
		a.Behind, a.TokenRefused = Fact[time.Duration]{Known: true, Value: -ahead - c.clock().Uncertainty, At: c.skewText()}, true
	}
	if status := c.refusal.webhookStatus(); status != 0 {
		a.Webhook = measured(status)
	}
	if c.refusal.state != "" && c.hasEntry(hubBody) {
		a.HubInAnswer = measured(true)
	}
	named := c.namesRegistry()
	a.Registry = Fact[bool]{Known: named, Value: named}
	if c.refusal.foreign() {
		a.Page = measured(c.refusal.status)
	}
}

// namesRegistry reports whether a registration failed with a message about the device registry. Its
// wording is not published; these are the names that the product has in the management API.
func (c *Case) namesRegistry() bool {
	if c.refusal.state == "" {
		return false
	}
	message := strings.ToLower(c.refusal.message)
	return strings.Contains(message, "device registry") || strings.Contains(message, "deviceregistry") || strings.Contains(message, "registry namespace")
}

// longAgo reports a local clock that shows a time before this program was written, if the device finds
// the server's certificate out of date.
func (c *Case) longAgo() Fact[string] {
	if !c.serverDated() || !c.Evidence.Started.Before(earliestPlausible()) {
		return Fact[string]{}
	}
	return told("the local clock reads "+day(c.Evidence.Started)+", which is before this program was written", c.boundText())
}

// ifAny is a measured text, not known if that is "".
func ifAny(text string) Fact[string] { return Fact[string]{Known: text != "", Value: text} }
