package probe

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// secretPatterns are what secrets look like, whoever they belong to, and where they stand.
type secretPatterns struct {
	quoted                   *regexp.Regexp // a JSON string
	tokens, values           *regexp.Regexp // in a text
	tpmMember, secretMembers *regexp.Regexp // of a JSON document
}

func newSecretPatterns() *secretPatterns {
	return &secretPatterns{
		quoted:        regexp.MustCompile(`"(?:[^"\\]|\\.)*"`),
		tokens:        regexp.MustCompile(`(?i)SharedAccessSignature(?: |\+|%(?:25)*20)+(?:sr|sig|se|skn)(?:=|%(?:25)*3D)[^"\s]*`),
		values:        regexp.MustCompile(`(?i)(sig|SharedAccessKey|password)(=|%(?:25)*3D)[^&;"\s]*`),
		tpmMember:     regexp.MustCompile(`(?i)("tpm"\s*:\s*)\{[^}]*\}?`),
		secretMembers: regexp.MustCompile(`(?i)("[^"]*(?:key|token|secret|password|signature|connectionstring)"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)`),
	}
}

// redactor replaces secrets in what a peer says, before anything else looks at it: a
// service, or a webhook behind it, may repeat the token that it was sent or the key that
// it knows. What looks like a token is replaced whoever it belongs to.
type redactor struct {
	*secretPatterns
	secrets []string // of this device, in every spelling
}

// newRedactor knows what an identity holds.
func newRedactor(patterns *secretPatterns, id Identity) *redactor {
	r := &redactor{secretPatterns: patterns}
	r.add(id.Token)
	for _, secret := range id.Secrets {
		r.add(secret)
	}
	return r
}

// leastSecret is the length below which a text is no secret but an accident: shorter ones
// would be found in words that have nothing to do with them.
const leastSecret = 8

// add makes a key or a token known, in each form in which a peer may repeat it.
func (r *redactor) add(secret dps.Secret) {
	text := secret.Reveal()
	forms := []string{text}
	if _, sig, ok := strings.Cut(text, "sig="); ok {
		sig, _, _ = strings.Cut(sig, "&")
		forms = append(forms, sig)
		if plain, err := url.PathUnescape(sig); err == nil {
			forms = append(forms, plain, strings.TrimRight(plain, "="))
		}
	}
	for _, form := range forms {
		for _, spelling := range []string{form, url.QueryEscape(form), url.PathEscape(form)} {
			if len(spelling) >= leastSecret {
				r.secrets = append(r.secrets, spelling)
			}
		}
	}
}

// scrub replaces secrets in a text of a peer, also inside JSON strings that spell them
// with escapes. What is left of a JSON document is one.
func (r *redactor) scrub(text string) string {
	if strings.Contains(text, `\`) {
		text = r.quoted.ReplaceAllStringFunc(text, r.scrubLiteral)
	}
	for _, secret := range r.secrets {
		text = cutShort(strings.ReplaceAll(text, secret, redacted), secret)
	}
	return r.values.ReplaceAllString(r.tokens.ReplaceAllString(text, redacted), "$1$2"+redacted)
}

// scrubLiteral scrubs what a JSON string says, and leaves one that says nothing secret as
// it is spelled.
func (r *redactor) scrubLiteral(quoted string) string {
	var plain string
	if !strings.Contains(quoted, `\`) || json.Unmarshal([]byte(quoted), &plain) != nil {
		return quoted
	}
	clean := r.scrub(plain)
	if clean == plain {
		return quoted
	}
	encoded, err := json.Marshal(clean)
	if err != nil {
		return `"` + redacted + `"`
	}
	return string(encoded)
}

// cutShort replaces the beginning of a secret at the end of a text that was cut there.
func cutShort(text, secret string) string {
	for n := len(secret) - 1; n >= leastSecret; n-- {
		if rest, ok := strings.CutSuffix(text, secret[:n]); ok {
			return rest + redacted
		}
	}
	return text
}

// parse recognises a body without the secrets in it.
func (r *redactor) parse(body []byte) dps.Body { return dps.ParseBody([]byte(r.scrub(string(body)))) }

// answer is an answer with everything scrubbed but its body, which is scrubbed before it is
// parsed. What a transport handed over is left as it is: it may belong to others too.
func (r *redactor) answer(a Answer) Answer {
	r.texts(&a.RequestID, &a.Location, &a.Server, &a.Condition)
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
		*text = r.scrub(*text)
	}
}

// all is a list of texts, scrubbed; nil stays nil.
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

// members replaces in a JSON document, or in the beginning of one, the values of members
// that hold keys, tokens and passwords: for showing, since the probe itself needs some.
func (r *redactor) members(text string) string {
	text = r.tpmMember.ReplaceAllString(r.scrub(text), `$1"`+redacted+`"`)
	return r.secretMembers.ReplaceAllString(text, `$1"`+redacted+`"`)
}
