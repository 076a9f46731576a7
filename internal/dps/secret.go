package dps

import (
	"encoding/json"
	"log/slog"
	"strings"
	"unique"
)

// redacted is printed instead of every secret.
const redacted = "[redacted]"

// Secret is text that must never be printed: a key, a token, a password. The standard
// library prints a fixed mark, or at most an address, instead. Only [Secret.Reveal]
// returns the text, for the one place that sends it. The zero value means that there is no
// secret. Secrets can be compared with ==.
type Secret struct {
	// text is a handle, since fmt does not call the methods below for a verb such as %d, or for
	// a secret in an unexported field. It then prints the address in the handle.
	text unique.Handle[string]
}

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal returns the text itself. Callers must not output it.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.text.Value()
}

// IsZero reports whether there is no secret at all.
func (s Secret) IsZero() bool { return s == Secret{} }

// String implements fmt.Stringer without the text.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString implements fmt.GoStringer without the text.
func (s Secret) GoString() string { return "dps.Secret(" + s.String() + ")" }

// LogValue implements slog.LogValuer without the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON implements json.Marshaler without the text.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText implements encoding.TextMarshaler without the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler, so that a member of a JSON document can
// be read as a secret.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// IsVariable reports whether text has the form that names of environment variables usually have: upper-case
// letters, digits and underscores. Other text in such a place may be the secret itself, and must not be quoted.
func IsVariable(text string) bool {
	const longest = 64
	return text != "" && len(text) <= longest && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
}
