package dps

import (
	"encoding/json"
	"log/slog"
)

// redacted is printed instead of every secret.
const redacted = "[redacted]"

// Secret is text that must never be printed: a key, a token, a password. Every way to print
// a value with the standard library prints a fixed mark instead. Only [Secret.Reveal]
// returns the text, for the one place that sends it. The zero value means that there is no
// secret.
type Secret struct{ text string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text itself. Callers must not output it.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no secret at all.
func (s Secret) IsZero() bool { return s.text == "" }

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
