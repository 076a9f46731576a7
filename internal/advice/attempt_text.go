package advice

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

// witness converts a text to the form that the rules judge. A text may report several attempts; they
// are taken as one.
func (c *textCase) witness() *Attempt {
	a := &Attempt{Attestation: c.findAttestation()}
	c.attempt = a
	c.witnessProgress(a)
	c.witnessSettings(a)
	c.witnessClock(a)
	c.witnessAllocation(a)
	c.witnessParty(a)
	a.Page = told(0, quoteFact(c.sign(logtext.SignHTML)))
	if m := c.refusedByHub(); m != nil {
		a.HubRefused = told("", quoteMatch(m))
	}
	if c.matching(refusesIdentity) != nil || c.matching(missesNetwork) != nil || c.matching(namingAny(cause.PublicNetworkAccessDisabled)) != nil {
		a.Private = told("where public access is restricted, DPS refuses devices from elsewhere with a plain 401", quoteFact(c.sign(logtext.SignPrivate)))
	}
	if c.matching(namingAny(cause.TPMChallengeUnanswered)) != nil {
		resent := firstOf(c.event(logtext.EventResent), c.event(logtext.EventAssigned))
		a.ChallengeAnswered = told("the device went on with the activated key, so the first 401 was the normal challenge of a TPM", quoteFact(resent))
	}
	return a
}

// witnessProgress adds how far the device got.
func (c *textCase) witnessProgress(a *Attempt) {
	if at := seeAnswerAfterNetwork(c); at != "" {
		for _, m := range []Milestone{Connected, Handshaken, Answered} {
			a.Reached[m] = told("the service answered after the network had failed, so it could be reached by then", at)
		}
	}
	certificate := c.matching(func(m *logtext.Match) bool {
		return distrustsServer(m) && telling(m) && !missesNetwork(m)
	})
	if certificate != nil && seeLayer(cause.DNSFailure)(c) == "" {
		for _, m := range []Milestone{Connected, Answered} {
			a.Reached[m] = told("the peer's certificate was checked, so the name was resolved and the port is open", quoteMatch(certificate))
		}
	}
}

// witnessParty adds who refused whom.
func (c *textCase) witnessParty(a *Attempt) {
	service := c.matching(func(m *logtext.Match) bool {
		return m.Phase == logtext.PhaseRegister && telling(m) && refusesIdentity(m)
	})
	switch operator := seeBoth(seeOperatorCall, seeStatus(400, 401, 403, 409, 412))(c); {
	case a.HubInAnswer.Known:
		a.Refused = told(LinkParty, a.HubInAnswer.At)
	case operator != "":
		a.Refused = told(OperatorParty, operator)
	case service != nil:
		a.Refused = told(ServiceParty, quoteMatch(service))
	}
}

// witnessSettings adds what is wrong with the configuration and the names.
func (c *textCase) witnessSettings(a *Attempt) {
	for i := range c.Settings {
		if s := &c.Settings[i]; s.Meaning == logtext.SettingEndpoint && s.State == logtext.StateSet && dps.IsHubHost(hostOf(s.Value)) {
			a.HubEndpoint = told(hostOf(s.Value), quoteSetting(s))
		}
	}
	a.OtherCloud = told("the instance is in another cloud than this endpoint", seeForeignCloud(c))
	c.witnessID(a)
	if len(c.IDs.RegistrationIDs) == 1 && len(c.IDs.CommonNames) == 1 && a.Attestation.Value == probe.KindX509 {
		if id, name := c.IDs.RegistrationIDs[0], c.IDs.CommonNames[0]; id.Value != name.Value {
			a.OtherName = told("the common name of the certificate is not the registration id", quote(id.Place, id.Value)+" and "+quote(name.Place, "CN="+name.Value))
			a.NameJudged = Fact[bool]{Known: true, Value: c.matching(refusesIdentity) != nil}
		}
	}
}

// witnessID adds a registration id that the service cannot accept, or one with upper-case letters if
// the service complains about the id.
func (c *textCase) witnessID(a *Attempt) {
	complains := c.matching(namingAny(cause.RegistrationIDInvalid)) != nil
	for _, id := range c.IDs.RegistrationIDs {
		odd, err := dps.CheckRegistrationID(id.Value)
		if err != nil {
			odd = []string{err.Error()}
		}
		if err != nil || complains && len(odd) > 0 {
			a.OddID, a.IDRefused = told(odd, quote(id.Place, id.Value)), Fact[bool]{Known: true}
			return
		}
	}
}

// witnessClock adds a clock that was wrong when something with a date failed.
func (c *textCase) witnessClock(a *Attempt) {
	const day = 24 * time.Hour
	for i := range c.Matches {
		m := &c.Matches[i]
		switch at := quoteMatch(m); {
		case !clockMatters(m) || a.LongAgo.Known || a.Behind.Known:
		case m.Clock.Year != 0 && m.Clock.Year < 2016:
			a.LongAgo = told("the failure is dated long before the service existed, so the device's clock was not set", at)
		case m.Clock.Future:
			a.Behind, a.TokenRefused = told(-day, at), c.refusesToken(m)
		case m.Clock.Known && m.Clock.Behind != 0:
			a.Behind, a.TokenRefused = told(time.Duration(m.Clock.Behind)*day, at), c.refusesToken(m)
		}
	}
}

// refusesToken reports whether an error is certainly about a token or its key.
func (c *textCase) refusesToken(m *logtext.Match) bool {
	return refusesIdentity(m) && c.attempt.Attestation.Value == probe.KindSymmetricKey
}

// witnessAllocation adds what the webhook and the hub answered to the service.
func (c *textCase) witnessAllocation(a *Attempt) {
	for _, f := range c.facts(logtext.KindWebhook) {
		if status, err := strconv.Atoi(f.Value); err == nil {
			a.Webhook = told(status, quoteFact(f))
			break
		}
	}
	if c.matching(namingAny(cause.CustomAllocationFailed, cause.CustomAllocationRejected, cause.CustomAllocationUnauthorized)) != nil {
		a.Central = told(true, quoteFact(c.sign(logtext.SignCentral)))
	}
	if c.matching(namingAny(cause.RegistryLinkBroken)) != nil {
		a.Registry = told(true, quoteFact(c.sign(logtext.SignRegistry)))
	}
	for _, b := range c.Bodies {
		if b.Shape == logtext.ShapeHubInDPS && !a.HubInAnswer.Known {
			a.HubInAnswer = told(true, quote(b.Place, "an error of the hub in an answer from DPS"))
		}
	}
}

// findAttestation returns how the device attests. A setting decides; otherwise all hints have to
// agree.
func (c *textCase) findAttestation() Fact[probe.AttestationKind] {
	var set Fact[probe.AttestationKind]
	for i := range c.Settings {
		s := &c.Settings[i]
		if s.Meaning != logtext.SettingAttestation {
			continue
		}
		if kind := probe.AttestationKind(s.Value); !set.Known {
			set = told(kind, cmp.Or(quoteFact(c.fact(logtext.KindAttestation, s.Value)), quoteSetting(s)))
		} else if set.Value != kind {
			return Fact[probe.AttestationKind]{}
		}
	}
	hints := c.facts(logtext.KindAttestation)
	if set.Known || len(hints) != 1 {
		return set
	}
	return told(probe.AttestationKind(hints[0].Value), quoteFact(hints[0]))
}

// judge adds what the rules say about the attempt. A milestone in a text is evidence against a cause
// but does not exclude it, because a text may report several attempts.
func (c *textCase) judge(rules []Rule, scores scoreboard) {
	a := c.attempt
	for i := range rules {
		r := &rules[i]
		w, s := r.judge(a), scores.of(r.ID)
		for _, why := range []string{r.passed(a), r.otherParty(a)} {
			if why != "" {
				s.against = append(s.against, why)
			}
		}
		s.against = append(s.against, w.Against...)
		if why := r.unfit(a); why != "" {
			s.out = append(s.out, why)
		}
		switch {
		case w.Strength == RulesOut:
			s.out = append(s.out, w.Because...)
		case w.Strength > Silent:
			s.favour(c.points[gradeOf(w.Strength)], slices.Clone(w.Because)...)
		}
	}
}
