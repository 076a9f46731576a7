// Package redact replaces secrets in the text of a peer. Redact a text before it is cut: of a secret
// that was cut, only a beginning at the end of the text is recognised.
package redact

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"dpsdiag/internal/dps"
)

// Mark replaces a secret.
const Mark = "[redacted]"

// Patterns match secrets of any owner by their form and their position. Each is compiled when it
// is first needed: most texts have no words that call for one.
type Patterns struct {
	quoted                   func() *regexp.Regexp // a JSON string
	tokens, values           func() *regexp.Regexp // in a text
	tpmMember, secretMembers func() *regexp.Regexp // of a JSON document
}

// NewPatterns returns the patterns.
func NewPatterns() *Patterns {
	compiled := func(pattern string) func() *regexp.Regexp {
		return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
	}
	return &Patterns{
		quoted:        compiled(`"(?:[^"\\]|\\.)*"`),
		tokens:        compiled(`(?i)SharedAccessSignature(?: |\+|%(?:25)*20)+(?:sr|sig|se|skn)(?:=|%(?:25)*3D)[^"\s]*`),
		values:        compiled(`(?i)((?:^|[^a-z0-9+/]|%(?:25)*[0-9a-f]{2})sig|SharedAccessKey|password)(=|%(?:25)*3D)[^&;"\s]*`), // a certificate may end with sIg==
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

// folded returns a text in lower case. If ok is false, the text may have any word: it has letters other
// than those of ASCII, and some of them are the same letter in another case.
func folded(text string) (lower string, ok bool) {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return "", false
		}
	}
	return strings.ToLower(text), true
}

// mayHave reports whether a text has one of the words, in any case.
func mayHave(text, words string) bool {
	lower, ok := folded(text)
	if !ok {
		return true
	}
	for word := range strings.FieldsSeq(words) {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// mayHaveMember reports whether a JSON document has a member whose name ends with one of the names, in
// any case, and whose value is a string.
func mayHaveMember(text, names string) bool {
	const space = " \t\n\f\r"
	lower, ok := folded(text)
	if !ok {
		return true
	}
	for name := range strings.FieldsSeq(names) {
		for _, rest, found := strings.Cut(lower, name); found; _, rest, found = strings.Cut(rest, name) {
			value, colon := strings.CutPrefix(strings.TrimLeft(rest, space), ":")
			if colon && strings.HasPrefix(strings.TrimLeft(value, space), `"`) {
				return true
			}
		}
	}
	return false
}

// Redactor replaces secrets in a peer's data before anything else reads it: a service, or a
// webhook that it calls, may repeat the token that it received or the key that it knows.
// It also replaces anything that looks like a token, even one of another device.
type Redactor struct {
	*Patterns
	secrets []string // of this device, in every spelling
	heads   []string // the first bytes of all secrets, each once
}

// New returns a redactor for these secrets. Redactors may share the patterns.
func New(patterns *Patterns, secrets ...dps.Secret) *Redactor {
	r := &Redactor{Patterns: patterns}
	for _, secret := range secrets {
		r.Add(secret)
	}
	return r
}

// leastSecret is the minimum length of a secret: shorter texts occur in unrelated words.
const leastSecret = 8

// Add adds a key, a token or a connection string, in each form in which a peer may repeat it.
func (r *Redactor) Add(secret dps.Secret) {
	text := secret.Reveal()
	forms := []string{text, strings.TrimPrefix(text, "Bearer ")}
	if parts := strings.Split(text, "."); len(parts) == 3 && !strings.Contains(text, "://") {
		forms = append(forms, parts[2]) // the signature of a bearer token
	}
	if _, key, ok := strings.Cut(text, "SharedAccessKey="); ok {
		key, _, _ = strings.Cut(key, ";")
		forms = append(forms, key)
	}
	if _, sig, ok := strings.Cut(text, "sig="); ok {
		sig, _, _ = strings.Cut(sig, "&")
		forms = append(forms, sig)
		if plain, err := url.PathUnescape(sig); err == nil {
			forms = append(forms, plain, strings.TrimRight(plain, "="))
		}
	}
	for i, form := range forms {
		if slices.Contains(forms[:i], form) {
			continue
		}
		for _, spelling := range []string{form, url.QueryEscape(form), url.PathEscape(form)} {
			if len(spelling) >= leastSecret && !slices.Contains(r.secrets, spelling) {
				r.secrets = append(r.secrets, spelling)
				r.heads = append(r.heads, spelling[:leastSecret])
				if plain, _ := unescaped(spelling); len(plain) >= leastSecret {
					r.heads = append(r.heads, plain[:leastSecret])
				}
			}
		}
	}
	slices.Sort(r.heads)
	r.heads = slices.Compact(r.heads)
}

// mayRepeat reports whether a text may have a secret of this device or the beginning of one.
func (r *Redactor) mayRepeat(text string) bool {
	return slices.ContainsFunc(r.heads, func(head string) bool { return strings.Contains(text, head) })
}

// Scrub replaces secrets in a peer's text, including inside JSON strings that write them
// with escapes. A JSON document remains a JSON document.
func (r *Redactor) Scrub(text string) string {
	if strings.Contains(text, `\`) {
		text = r.quoted().ReplaceAllStringFunc(text, r.scrubLiteral)
	}
	text = r.spelled(text)
	if r.mayRepeat(text) {
		for _, secret := range r.secrets {
			text = cutShort(strings.ReplaceAll(text, secret, Mark), secret)
		}
	}
	if !strings.ContainsAny(text, "=%") || !mayHave(text, secretWords) {
		return text
	}
	return r.values().ReplaceAllString(r.tokens().ReplaceAllString(text, Mark), "$1$2"+Mark)
}

// scrubLiteral scrubs the value of a JSON string, and leaves a string without secrets
// unchanged.
func (r *Redactor) scrubLiteral(quoted string) string {
	var plain string
	if !strings.Contains(quoted, `\`) || json.Unmarshal([]byte(quoted), &plain) != nil {
		return quoted
	}
	clean := r.Scrub(plain)
	if clean == plain {
		return quoted
	}
	encoded, err := json.Marshal(clean)
	if err != nil {
		return `"` + Mark + `"`
	}
	return string(encoded)
}

// cutShort replaces the beginning of a secret at the end of truncated text.
func cutShort(text, secret string) string {
	head := secret[:leastSecret]
	for at := max(len(text)-len(secret)+1, 0); ; at++ {
		next := strings.Index(text[at:], head)
		if next < 0 {
			return text
		}
		if at += next; strings.HasPrefix(secret, text[at:]) {
			return text[:at] + Mark
		}
	}
}

// Members replaces the values of members that contain keys, tokens and passwords, in a JSON
// document or in the beginning of one. It is for display: the probe itself needs some of
// them.
func (r *Redactor) Members(text string) string {
	text = r.Scrub(text)
	if mayHave(text, `"tpm"`) {
		text = r.tpmMember().ReplaceAllString(text, `$1"`+Mark+`"`)
	}
	if mayHaveMember(text, secretNames) {
		text = r.secretMembers().ReplaceAllString(text, `$1"`+Mark+`"`)
	}
	return text
}
