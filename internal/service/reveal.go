package service

import "encoding/json"

// Reveal encodes the enrollment as JSON with its secrets, as the service sends it. Only the
// code that sends or stores it for its owner may call it.
func (e IndividualEnrollment) Reveal() json.RawMessage {
	return encode(struct {
		IndividualEnrollment
		revealed
	}{e, e.reveal()})
}

// Reveal encodes the group as [IndividualEnrollment.Reveal] does.
func (g EnrollmentGroup) Reveal() json.RawMessage {
	return encode(struct {
		EnrollmentGroup
		revealed
	}{g, g.reveal()})
}

// Reveal encodes the mechanism as [IndividualEnrollment.Reveal] does.
func (m AttestationMechanism) Reveal() json.RawMessage {
	type keys struct {
		PrimaryKey   string `json:"primaryKey,omitempty"`
		SecondaryKey string `json:"secondaryKey,omitempty"`
	}
	v := struct {
		AttestationMechanism
		SymmetricKey *keys `json:"symmetricKey,omitempty"`
	}{AttestationMechanism: m}
	if k := m.SymmetricKey; k != nil {
		v.SymmetricKey = &keys{k.PrimaryKey.Reveal(), k.SecondaryKey.Reveal()}
	}
	return encode(v)
}

// revealed are the members of [Settings] that contain secrets, in plain text. They replace
// those of an embedded record, since they are less deep.
type revealed struct {
	Attestation                json.RawMessage  `json:"attestation"`
	CustomAllocationDefinition *revealedWebhook `json:"customAllocationDefinition,omitempty"`
}

type revealedWebhook struct {
	WebhookURL string `json:"webhookUrl"`
	APIVersion string `json:"apiVersion"`
}

func (s Settings) reveal() revealed {
	r := revealed{Attestation: s.Attestation.Reveal()}
	if c := s.CustomAllocationDefinition; c != nil {
		r.CustomAllocationDefinition = &revealedWebhook{c.WebhookURL.Reveal(), c.APIVersion}
	}
	return r
}

// encode encodes a record. It panics if a raw member is not JSON, which a record that was
// decoded cannot have.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
