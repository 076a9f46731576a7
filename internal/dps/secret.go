package dps

import (
	"encoding/json"
	"log/slog"
)

// redacted stands wherever a secret would have been printed.
const redacted = "[redacted]"

// Secret is text that must never be printed: a key, a token, a password.
// Every way the standard library has of showing a value shows a fixed mark instead;
// only [Secret.Reveal] gives the text, for the one place that puts it on the wire.
// The zero value is the absent secret.
type Secret struct{ text string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text itself. Callers must not let it reach any output.
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
