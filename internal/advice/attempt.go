package advice

import (
	"cmp"
	"time"

	"dpsdiag/internal/inspect"
	"dpsdiag/internal/probe"
)

// Attempt is one attempt of a device to register, as far as a witness knows it. A witness is a source
// of evidence: a probe that made the attempt, or a text that reports it. The rules judge both in this
// form. A fact that the witness did not learn is the zero value; that is not the same as "no".
type Attempt struct {
	Attestation Fact[probe.AttestationKind]
	// Reached says, for each milestone, what shows that the attempt reached it.
	Reached [Assigned + 1]Fact[string]
	// Refused is who refused whom.
	Refused Fact[Party]

	// HubEndpoint is the name of a hub that was contacted instead of a provisioning endpoint.
	HubEndpoint Fact[string]
	// OtherCloud says that the instance and the endpoint are in different clouds.
	OtherCloud Fact[string]

	// OddID says what is unusual about the registration id. IDRefused says whether the service
	// certainly refused the id.
	OddID     Fact[[]string]
	IDRefused Fact[bool]
	// OtherName says how the common name of the certificate differs from the registration id.
	// NameJudged says whether the service refused the identity; a refusal of another kind may also be
	// caused by the name.
	OtherName  Fact[string]
	NameJudged Fact[bool]

	// Behind is the minimum by which the device's clock is behind the service's, in an attempt that
	// failed on something with a date; negative if the clock is ahead. TokenRefused says that the
	// failure was about a token or its key.
	Behind       Fact[time.Duration]
	TokenRefused bool
	// LongAgo says that the device's clock shows a time before the service existed.
	LongAgo Fact[string]

	// ChallengeAnswered says that the TPM answered the service's challenge.
	ChallengeAnswered Fact[string]
	// Webhook is the HTTP status with which the allocation webhook answered.
	Webhook Fact[int]
	// Central says that IoT Central, which allocates with a webhook, is involved.
	Central Fact[bool]
	// HubInAnswer says that the service's answer contains an error of the hub.
	HubInAnswer Fact[bool]
	// Registry says that the service's answer is about the device registry, which the service uses with
	// an identity of its own.
	Registry Fact[bool]
	// HubRefused is what the assigned hub answered when it refused the device.
	HubRefused Fact[string]
	// Page is the status of an answer in a form that the service does not use, 0 if the status is not
	// known.
	Page Fact[int]
	// Private says that the service has private addresses here, and refuses the device or cannot be
	// reached.
	Private Fact[string]

	// Side is the service's side, if it was read and the service had judged the attempt; nil
	// otherwise. Ended says that the service accepted the registration and then did not assign the
	// device.
	Side  *inspect.Findings
	Ended bool
}

// Fact is something that a witness knows.
type Fact[T any] struct {
	Known bool
	Value T
	// At is the beginning of a reason that rests on this fact: the place in a text with the words
	// there, or what a probe measured. It is "" if Value says that already.
	At string
}

func measured[T any](value T) Fact[T] { return Fact[T]{Known: true, Value: value} }

// told is a fact found at a place in a text. It is not known if the place is "".
func told[T any](value T, at string) Fact[T] {
	if at == "" {
		return Fact[T]{}
	}
	return Fact[T]{Known: true, Value: value, At: at}
}

// say returns a reason that rests on the fact, so that a reader can check it.
func (f Fact[T]) say(sentence string) string {
	if f.At == "" {
		return sentence
	}
	return f.At + ": " + sentence
}

// Party is who refuses whom.
type Party int

// The parties. With NoParty the refusal may come from anyone.
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

// otherParty says that the attempt was refused by another party than the one that refuses a device for
// this cause. It is "" if that is not known.
func (r *Rule) otherParty(a *Attempt) string {
	device := r.Party == ServiceParty || r.Party == HubParty
	if !device || !a.Refused.Known || a.Refused.Value == r.Party {
		return ""
	}
	return a.Refused.say(a.Refused.Value.refuses())
}

// outside is why no device call to the service is refused for the cause, "" if one can be.
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

// noManagement is why a device call is not refused for what an operator requested.
const noManagement = "dpsdiag made a device call, not a management request"

// beforeAnyHub is why a refusal by the provisioning endpoint is not one by a hub.
const beforeAnyHub = "the refusal came from the provisioning endpoint, before the device contacted a hub"
