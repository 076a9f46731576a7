package dps

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sizes of a symmetric key in decoded bytes. The service accepts keys of 16 to 64 bytes and
// makes its own with 64; a key derived for a device of a group is one HMAC-SHA256, 32 bytes
// (learn.microsoft.com: concepts-symmetric-key-attestation).
const (
	MinKeySize       = 16
	MaxKeySize       = 64
	GeneratedKeySize = 64
	DerivedKeySize   = sha256.Size
)

// Key is a decoded symmetric key. It prints only its size.
type Key struct{ bytes []byte }

// ParseKey decodes the base64 text of a symmetric key. It ignores white space around the
// text, since files end in a newline. The error says what is wrong with the text, but never
// contains it.
func ParseKey(text Secret) (Key, error) {
	trimmed := strings.TrimSpace(text.Reveal())
	if trimmed == "" {
		return Key{}, fmt.Errorf("the key is empty")
	}
	b, err := base64.StdEncoding.DecodeString(trimmed)
	if err != nil && isBinary(trimmed) {
		return Key{}, fmt.Errorf("this is a binary key of %d bytes, not its base64 text, which \"base64 < FILE\" makes", len(text.Reveal()))
	}
	if err != nil {
		return Key{}, keyTextError(trimmed, err)
	}
	if len(b) < MinKeySize || len(b) > MaxKeySize {
		return Key{}, fmt.Errorf("the key has %d bytes after base64 decoding; %d to %d are allowed", len(b), MinKeySize, MaxKeySize)
	}
	return Key{b}, nil
}

// isBinary reports whether a text contains what no text contains. keyTextError handles a line
// break inside it.
func isBinary(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) })
}

// keyTextError recognises common mistakes in a pasted key that is not base64.
func keyTextError(text string, err error) error {
	switch {
	case strings.HasPrefix(text, "-----BEGIN"):
		return fmt.Errorf("this is a PEM file, not a base64 symmetric key")
	case strings.HasPrefix(text, "HostName=") || strings.Contains(text, "SharedAccessKey="):
		return fmt.Errorf("this is a connection string, not a key: the key is the part after SharedAccessKey=")
	case strings.HasPrefix(text, "SharedAccessSignature "):
		return fmt.Errorf("this is a SAS token, not a key")
	case strings.ContainsAny(text, " \t\r\n"):
		return fmt.Errorf("the key is not base64: it has white space inside")
	case strings.ContainsAny(text, "\"'"):
		return fmt.Errorf("the key is not base64: it has quotation marks")
	case strings.ContainsAny(text, "-_"):
		return fmt.Errorf("the key is not base64: it uses the URL alphabet (- and _), where + and / are expected")
	case len(text)%4 != 0:
		return fmt.Errorf("the key is not base64: its length of %d characters is not a multiple of 4, so a part may be missing", len(text))
	}
	if at, ok := errors.AsType[base64.CorruptInputError](err); ok {
		return fmt.Errorf("the key is not base64: illegal character at position %d", int64(at)+1)
	}
	return fmt.Errorf("the key is not base64")
}

// NewKey returns a key with the decoded bytes, which the caller must not change afterwards.
func NewKey(b []byte) Key { return Key{b} }

// Size returns the number of decoded bytes.
func (k Key) Size() int { return len(k.bytes) }

// String implements fmt.Stringer without the key.
func (k Key) String() string { return fmt.Sprintf("[%d-byte key]", len(k.bytes)) }

// GoString implements fmt.GoStringer without the key.
func (k Key) GoString() string { return "dps.Key(" + k.String() + ")" }

// Text returns the key in base64, as the portal and the SDKs write it.
func (k Key) Text() Secret { return NewSecret(base64.StdEncoding.EncodeToString(k.bytes)) }

// Equal reports whether both are the same key. It takes the same time for any two keys of the same
// size.
func (k Key) Equal(other Key) bool { return hmac.Equal(k.bytes, other.bytes) }

// Derive returns the key of one device of an enrollment group: the HMAC-SHA256 of the
// registration id, keyed with the group key (learn.microsoft.com:
// concepts-symmetric-key-attestation). The id is used as written: it is not known whether
// the service lower-cases it first.
func (k Key) Derive(registrationID string) Key { return Key{k.sum(registrationID)} }

func (k Key) sum(text string) []byte {
	mac := hmac.New(sha256.New, k.bytes)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// signer returns the function that signs with the key. It never fails.
func (k Key) signer() func(message []byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) { return k.sum(string(message)), nil }
}
