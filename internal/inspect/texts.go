package inspect

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/redact"
	"dpsdiag/internal/service"
)

// redactorFor returns a redactor for every secret that was read, sent or given: a server may repeat
// any of them.
func redactorFor(h *Held, d Device) *redact.Redactor {
	secrets := slices.Clone(d.Secrets)
	settings := func(s *service.Settings) {
		if keys := s.Attestation.SymmetricKey; keys != nil {
			secrets = append(secrets, keys.PrimaryKey, keys.SecondaryKey)
		}
		if def := s.CustomAllocationDefinition; def != nil {
			secrets = append(secrets, webhookSecrets(def.WebhookURL)...)
		}
	}
	if h.Individual != nil {
		settings(&h.Individual.Settings)
	}
	for i := range h.Groups {
		settings(&h.Groups[i].Settings)
	}
	if h.Instance != nil {
		for _, hub := range h.Instance.Properties.IoTHubs {
			secrets = append(secrets, hub.ConnectionString)
		}
		for _, policy := range h.Instance.Properties.AuthorizationPolicies {
			secrets = append(secrets, policy.PrimaryKey, policy.SecondaryKey)
		}
	}
	return redact.New(redact.NewPatterns(), secrets...)
}

// leastValue is the length from which a value in the query of a webhook counts as a secret. A shorter
// one counts only if it is the key of a function.
const leastValue = 16

// webhookSecrets are the URL of a webhook and the values of its query that may be keys, both as
// written and decoded.
func webhookSecrets(webhook dps.Secret) []dps.Secret {
	secrets := []dps.Secret{webhook}
	_, query, _ := strings.Cut(webhook.Reveal(), "?")
	query, _, _ = strings.Cut(query, "#")
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		if len(value) < leastValue && !strings.EqualFold(name, "code") {
			continue
		}
		secrets = append(secrets, dps.NewSecret(value))
		if plain, err := url.QueryUnescape(value); err == nil && plain != value {
			secrets = append(secrets, dps.NewSecret(plain))
		}
	}
	return secrets
}

// clip removes secrets from a text and cuts it to the length that is shown, in this order: part of a
// secret would not be recognised.
func (c *comparison) clip(text string) string { return cut(c.redactor.Scrub(text)) }

func (c *comparison) quoted(text string) string { return strconv.Quote(c.clip(text)) }

// because returns a reason as one line.
func (c *comparison) because(r Reason) string {
	text := c.clip(r.Text)
	if r.Said != "" {
		text += " " + c.quoted(r.Said)
	}
	return text
}

// what returns what could not be read.
func (c *comparison) what(g Gap) string {
	if g.Of != nil {
		return g.What + " of " + c.called(g.Of)
	}
	return g.What
}

// called returns the name of an enrollment for messages.
func (c *comparison) called(e *Enrollment) string {
	if e.Group {
		return "the enrollment group " + c.quoted(e.Name)
	}
	return "the individual enrollment " + c.quoted(e.Name)
}

// redact removes secrets from texts that were not cut.
func (c *comparison) redact(f *Findings) {
	scrub := func(texts ...*string) {
		for _, text := range texts {
			*text = c.redactor.Scrub(*text)
		}
	}
	scrub(&f.ErrorMessage, &f.Instance, &f.Group)
	for i := range f.Checks {
		scrub(&f.Checks[i].Detail)
		for j := range f.Checks[i].Facts {
			scrub(&f.Checks[i].Facts[j].Value)
		}
	}
}
