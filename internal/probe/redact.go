package probe

import (
	"slices"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/redact"
)

// redactor replaces secrets in what a peer sends, before anything else reads it.
type redactor struct{ *redact.Redactor }

// newRedactor returns a redactor for the secrets of an identity.
func newRedactor(patterns *redact.Patterns, id Identity) *redactor {
	r := redact.New(patterns, id.Token)
	for _, secret := range id.Secrets {
		r.Add(secret)
	}
	return &redactor{r}
}

// HasSecret reports whether a JSON document has a member that contains a key, a token or a password.
func HasSecret(document string) bool {
	return redact.New(redact.NewPatterns()).Members(document) != document
}

// parse parses a body without its secrets.
func (r *redactor) parse(body []byte) dps.Body { return dps.ParseBody([]byte(r.Scrub(string(body)))) }

// answer returns an answer with everything scrubbed except its body, which is scrubbed
// before it is parsed. The transport's own value is not changed: other code may use it too.
func (r *redactor) answer(a Answer) Answer {
	r.texts(&a.RequestID, &a.ErrorHeader, &a.Location, &a.Server, &a.Condition)
	a.RetryAfter, a.Failure = r.retryAfter(a.RetryAfter), r.failure(a.Failure)
	return a
}

// opening does the same for the opening of a session.
func (r *redactor) opening(o Opening) Opening {
	r.texts(&o.Server, &o.Refusal, &o.Condition, &o.Location, &o.Said)
	o.Mechanisms = r.all(o.Mechanisms)
	o.RetryAfter, o.Failure = r.retryAfter(o.RetryAfter), r.failure(o.Failure)
	return o
}

func (r *redactor) texts(texts ...*string) {
	for _, text := range texts {
		*text = r.Scrub(*text)
	}
}

// all returns a list of texts, scrubbed; nil stays nil.
func (r *redactor) all(list []string) []string {
	scrubbed := slices.Clone(list)
	for i := range scrubbed {
		r.texts(&scrubbed[i])
	}
	return scrubbed
}

func (r *redactor) retryAfter(ra *RetryAfter) *RetryAfter {
	if ra == nil {
		return nil
	}
	scrubbed := *ra
	r.texts(&scrubbed.Text)
	return &scrubbed
}

func (r *redactor) failure(f *netfail.Failure) *netfail.Failure {
	if f == nil {
		return nil
	}
	scrubbed := *f
	r.texts(&scrubbed.Text)
	return &scrubbed
}
