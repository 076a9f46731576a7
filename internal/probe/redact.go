package probe

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// redacted replaces a secret.
const redacted = "[redacted]"

// secretPatterns match secrets of any owner by their form and their position. Each is compiled when it
// is first needed: most texts have no words that call for one.
type secretPatterns struct {
	quoted                   func() *regexp.Regexp // a JSON string
	tokens, values           func() *regexp.Regexp // in a text
	tpmMember, secretMembers func() *regexp.Regexp // of a JSON document
}

func newSecretPatterns() *secretPatterns {
	compiled := func(pattern string) func() *regexp.Regexp {
		return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
	}
	return &secretPatterns{
		quoted:        compiled(`"(?:[^"\\]|\\.)*"`),
		tokens:        compiled(`(?i)SharedAccessSignature(?: |\+|%(?:25)*20)+(?:sr|sig|se|skn)(?:=|%(?:25)*3D)[^"\s]*`),
		values:        compiled(`(?i)(sig|SharedAccessKey|password)(=|%(?:25)*3D)[^&;"\s]*`),
		tpmMember:     compiled(`(?i)("tpm"\s*:\s*)\{[^}]*\}?`),
		secretMembers: compiled(`(?i)("[^"]*(?:key|token|secret|password|signature|connectionstring)"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)`),
	}
}

// secretWords are what tokens and values begin with, and secretNames the ends of the names that
// secretMembers matches, all in lower case. A text without them needs no pattern.
const (
	secretWords = "sharedaccesssignature sig= sig% sharedaccesskey= sharedaccesskey% password= password%"
	secretNames = `key" token" secret" password" signature" connectionstring"` //nolint:gosec // names, not values
)

// mayHave reports whether a text has one of the words, in any case. A text with letters other than those
// of ASCII may have any: some of them are the same letter in another case.
func mayHave(text, words string) bool {
	lower := strings.ToLower(text)
	if len(lower) != len(text) || strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return true
	}
	for word := range strings.FieldsSeq(words) {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// redactor replaces secrets in a peer's data before anything else reads it: a service, or a
// webhook that it calls, may repeat the token that it received or the key that it knows.
// It also replaces anything that looks like a token, even one of another device.
type redactor struct {
	*secretPatterns
	secrets []string // of this device, in every spelling
}

// newRedactor returns a redactor for the secrets of an identity.
func newRedactor(patterns *secretPatterns, id Identity) *redactor {
	r := &redactor{secretPatterns: patterns}
	r.add(id.Token)
	for _, secret := range id.Secrets {
		r.add(secret)
	}
	return r
}

// NewRedactor returns a function that replaces these secrets in a text, in every spelling, and
// whatever looks like a token, as the probe does with all that a peer sends.
func NewRedactor(secrets ...dps.Secret) func(text string) string {
	return newRedactor(newSecretPatterns(), Identity{Secrets: secrets}).scrub
}

// leastSecret is the minimum length of a secret: shorter texts occur in unrelated words.
const leastSecret = 8

// add adds a key or a token, in each form in which a peer may repeat it.
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
			if len(spelling) >= leastSecret && !slices.Contains(r.secrets, spelling) {
				r.secrets = append(r.secrets, spelling)
			}
		}
	}
}

// scrub replaces secrets in a peer's text, including inside JSON strings that write them
// with escapes. A JSON document remains a JSON document.
func (r *redactor) scrub(text string) string {
	if strings.Contains(text, `\`) {
		text = r.quoted().ReplaceAllStringFunc(text, r.scrubLiteral)
	}
	for _, secret := range r.secrets {
		text = cutShort(strings.ReplaceAll(text, secret, redacted), secret)
	}
	if !strings.ContainsAny(text, "=%") || !mayHave(text, secretWords) {
		return text
	}
	return r.values().ReplaceAllString(r.tokens().ReplaceAllString(text, redacted), "$1$2"+redacted)
}

// scrubLiteral scrubs the value of a JSON string, and leaves a string without secrets
// unchanged.
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

// cutShort replaces the beginning of a secret at the end of truncated text.
func cutShort(text, secret string) string {
	if text == "" {
		return text
	}
	last := text[len(text)-1]
	for n := len(secret) - 1; n >= leastSecret; n-- {
		if secret[n-1] != last {
			continue
		}
		if rest, ok := strings.CutSuffix(text, secret[:n]); ok {
			return rest + redacted
		}
	}
	return text
}

// parse parses a body without its secrets.
func (r *redactor) parse(body []byte) dps.Body { return dps.ParseBody([]byte(r.scrub(string(body)))) }

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
		*text = r.scrub(*text)
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

// members replaces the values of members that contain keys, tokens and passwords, in a JSON
// document or in the beginning of one. It is for display: the probe itself needs some of
// them.
func (r *redactor) members(text string) string {
	text = r.scrub(text)
	if mayHave(text, `"tpm"`) {
		text = r.tpmMember().ReplaceAllString(text, `$1"`+redacted+`"`)
	}
	if mayHave(text, secretNames) {
		text = r.secretMembers().ReplaceAllString(text, `$1"`+redacted+`"`)
	}
	return text
}
