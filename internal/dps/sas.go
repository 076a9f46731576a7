package dps

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// sasScheme is the first word of every shared access signature.
const sasScheme = "SharedAccessSignature"

// RegistrationPolicy is the policy name (skn) of a device's provisioning token. Clients
// differ: some send it, some leave it empty and some leave it out.
const RegistrationPolicy = "registration"

// Resource is the resource of a device's provisioning token:
// {idScope}/registrations/{registrationId}, not yet URL-encoded.
func Resource(scope, registrationID string) string {
	return scope + "/registrations/" + registrationID
}

// Token is a parsed shared access signature. The signature covers the resource text exactly
// as written, so clients that encode it differently all work; Resource therefore keeps that
// text.
type Token struct {
	Resource  string    // sr, as written
	Expiry    time.Time // se, whole seconds
	Policy    string    // skn; "" when absent or empty
	expiry    string    // se, as written: it is part of the signed text
	signature []byte
}

// Sign returns the token for resource, valid until expiry, signed with key, in the
// documented form (learn.microsoft.com: iot-dps/how-to-control-access).
func Sign(key Key, resource string, expiry time.Time) Secret {
	token, _ := SignWith(resource, expiry, key.signer()) // which never fails
	return token
}

// SignWith is Sign with a key that is stored elsewhere, such as in a TPM: sign returns the
// HMAC-SHA256 of message. An error of sign is returned unchanged.
func SignWith(resource string, expiry time.Time, sign func(message []byte) ([]byte, error)) (Secret, error) {
	token, err := signWith(resource, expiry, sign)
	if err != nil {
		return Secret{}, err
	}
	return NewSecret(token.Reveal() + "&skn=" + RegistrationPolicy), nil
}

// SignPolicy is Sign for a shared access policy instead of a device: skn is its name.
func SignPolicy(key Key, policy, resource string, expiry time.Time) Secret {
	token, _ := signWith(resource, expiry, key.signer()) // which never fails
	return NewSecret(token.Reveal() + "&skn=" + url.QueryEscape(policy))
}

// signWith returns a token that names no policy.
func signWith(resource string, expiry time.Time, sign func(message []byte) ([]byte, error)) (Secret, error) {
	sr := url.QueryEscape(resource)
	se := strconv.FormatInt(expiry.Unix(), 10)
	signature, err := sign([]byte(sr + "\n" + se))
	if err != nil {
		return Secret{}, err
	}
	sig := url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	return NewSecret(sasScheme + " sr=" + sr + "&sig=" + sig + "&se=" + se), nil
}

// ParseToken parses a token. Fields may be in any order; only skn may be missing. Errors
// name the field with the problem and never quote the signature.
func ParseToken(token Secret) (Token, error) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(token.Reveal()), " ")
	if !ok || !strings.EqualFold(scheme, sasScheme) {
		return Token{}, fmt.Errorf("the token does not begin with %q", sasScheme)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimSpace(rest), "&") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || name == "" {
			return Token{}, errors.New("the token has a field without a value")
		}
		if _, twice := fields[name]; twice {
			return Token{}, fmt.Errorf("the token has the field %s twice", printable(name))
		}
		fields[name] = value
	}
	return tokenOf(fields)
}

func tokenOf(fields map[string]string) (Token, error) {
	t := Token{Resource: fields["sr"], Policy: fields["skn"], expiry: fields["se"]}
	if t.Resource == "" {
		return Token{}, errors.New("the token has no resource (sr)")
	}
	seconds, err := strconv.ParseInt(t.expiry, 10, 64)
	if err != nil {
		return Token{}, errors.New("the token's expiry (se) is not a whole number of seconds")
	}
	t.Expiry = time.Unix(seconds, 0).UTC()
	sig, err := url.QueryUnescape(strings.ReplaceAll(fields["sig"], "+", "%2B"))
	if err != nil {
		return Token{}, errors.New("the token's signature (sig) is not URL-encoded")
	}
	if t.signature, err = base64.StdEncoding.DecodeString(sig); err != nil || len(t.signature) == 0 {
		return Token{}, errors.New("the token's signature (sig) is not base64")
	}
	return t, nil
}

// SignedBy reports whether key made the signature.
func (t Token) SignedBy(key Key) bool {
	return hmac.Equal(t.signature, key.sum(t.Resource+"\n"+t.expiry))
}

// Covers reports whether the token is for resource. The comparison ignores case and
// URL-encoding, since some clients encode the resource and some do not.
func (t Token) Covers(resource string) bool {
	decoded, err := url.QueryUnescape(t.Resource)
	return err == nil && strings.EqualFold(decoded, resource)
}

// DecodedResource returns the resource without URL-encoding, for messages.
func (t Token) DecodedResource() string {
	if decoded, err := url.QueryUnescape(t.Resource); err == nil {
		return decoded
	}
	return t.Resource
}

// LooksLikeMilliseconds reports a common mistake: an expiry in milliseconds, which is after
// the year 10000.
func (t Token) LooksLikeMilliseconds() bool { return t.Expiry.Year() > 10000 }

// printable makes a short name from a token suitable for an error message.
func printable(s string) string {
	if len(s) > 16 {
		s = s[:16]
	}
	return strconv.QuoteToASCII(s)
}
