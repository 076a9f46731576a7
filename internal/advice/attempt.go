package advice

import (
	"cmp"
	"time"

	"dpsdiag/internal/probe"
)

// Attempt is an attempt of a device to register as far as a witness knows it: the probe that
// made it, or a text that tells of it. The rules judge both by it. A fact that the witness did
// not learn is the zero value; that is not the same as "no".
type Attempt struct {
	Attestation Fact[probe.AttestationKind]
	// Reached tells, for each milestone, what shows that the attempt came so far.
	Reached [Assigned + 1]Fact[string]
	// Refused is who refused whom.
	Refused Fact[Party]

	// HubEndpoint is the name of a hub that was asked in place of a provisioning endpoint.
	HubEndpoint Fact[string]
	// OtherCloud says that the instance lives in another cloud than the endpoint.
	OtherCloud Fact[string]

	// OddID says what is odd about the registration id, and IDRefused whether the service's
	// refusal is about the id for certain.
	OddID     Fact[[]string]
	IDRefused Fact[bool]
	// OtherName says how the common name of the certificate differs from the registration id,
	// and NameJudged whether the service refused the identity: a refusal of another kind may
	// have come of the name as well.
	OtherName  Fact[string]
	NameJudged Fact[bool]

	// Behind is how far the device's clock is at least behind the service's in an attempt that
	// failed at something dated; negative if it is ahead. TokenRefused says that this was a
	// token or what it is made of.
	Behind       Fact[time.Duration]
	TokenRefused bool
	// LongAgo says that the device's clock shows a time before which nothing could have
	// registered.
	LongAgo Fact[string]

	// ChallengeAnswered says that the TPM answered the service's challenge.
	ChallengeAnswered Fact[string]
	// Webhook is the HTTP status with which the allocation webhook answered.
	Webhook Fact[int]
	// Central says that IoT Central, which allocates by a webhook, takes part.
	Central Fact[bool]
	// HubInAnswer says that the service's answer holds an error of the hub.
	HubInAnswer Fact[bool]
	// HubRefused is what the assigned hub answered when it refused the device.
	HubRefused Fact[string]
	// Page is what answered in a form that the service does not have: the status, 0 if that is
	// not known.
	Page Fact[int]
	// Private says that the service is reached by private addresses, and is refused or not
	// reached.
	Private Fact[string]
}

// Fact is something that a witness knows.
type Fact[T any] struct {
	Known bool
	Value T
	// At is what a reason that rests on it begins with: the place in a text and what stands
	// there, or what a probe measured. It is "" where Value says that already.
	At string
}

func measured[T any](value T) Fact[T] { return Fact[T]{Known: true, Value: value} }

// told is a fact that stands at a place of a text, none if that is "".
func told[T any](value T, at string) Fact[T] {
	if at == "" {
		return Fact[T]{}
	}
	return Fact[T]{Known: true, Value: value, At: at}
}

// say is a reason that rests on the fact, so that a reader can check it.
func (f Fact[T]) say(sentence string) string {
	if f.At == "" {
		return sentence
	}
	return f.At + ": " + sentence
}

// Party is who says no where a cause holds, and to whom.
type Party int

// The parties. Of what has no party a refusal by anyone may come.
const (
	NoParty       Party = iota
	ServiceParty        // the provisioning service, to the device
	HubParty            // the assigned hub, to the device
	LinkParty           // a hub or a webhook, to the provisioning service
	OperatorParty       // a service of Azure, to a person or tool that manages it
)

// refuses says who refuses whom.
func (p Party) refuses() string {
	return [...]string{"", "DPS itself refuses the device", "the hub refuses the device", "the hub refused DPS, not the device", "an operator's call was refused, not the device"}[p]
}

// otherParty says that the attempt was refused by another party than the one that refuses a
// device where the cause holds, "" if that is not known.
func (r *Rule) otherParty(a *Attempt) string {
	device := r.Party == ServiceParty || r.Party == HubParty
	if !device || !a.Refused.Known || a.Refused.Value == r.Party {
		return ""
	}
	return a.Refused.say(a.Refused.Value.refuses())
}

// outside is why no call of a device to the service is refused for the cause, "" if one can be.
func (r *Rule) outside() string {
	why := ""
	switch r.Party {
	case HubParty:
		why = beforeAnyHub
	case OperatorParty:
		why = noManagement
	}
	return cmp.Or(r.Outside, why)
}

// noManagement is why a device call is not refused for what an operator asked.
const noManagement = "dpsdiag made a device call, no management request"

// beforeAnyHub is why a refusal of the provisioning endpoint is none of a hub.
const beforeAnyHub = "the refusal came from the provisioning endpoint, before the device had to do with a hub"
