package probe

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"dpsdiag/internal/dps"
)

// Exchange is one call as it was on the wire, fit to be shown: what is secret in it has
// been replaced. The texts may hold control characters.
type Exchange struct {
	Request Message
	Answer  Message // zero when none came
}

// Message is one half of an exchange, in the words of its transport: a request or status
// line, an MQTT topic or an AMQP address.
type Message struct {
	Line    string
	Headers []Fact // headers or properties, by name
	Body    string // at most maxExchangeBody bytes of it
	Size    int    // of the whole body, in bytes
}

// maxExchangeBody bounds what is kept of a body: the documents of the service are shorter.
const maxExchangeBody = 4096

// redacted stands where a secret was.
const redacted = "[redacted]"

// newMessage makes a message whose headers and body are redacted. token is the SAS token
// of the device, for the case that a peer sends it back.
func newMessage(line string, headers []Fact, body []byte, token dps.Secret) Message {
	redact := redactor(token)
	m := Message{Line: redact(line), Size: len(body)}
	for _, h := range headers {
		if secretHeader(h.Name) {
			h.Value = redacted
		}
		m.Headers = append(m.Headers, Fact{h.Name, redact(h.Value)})
	}
	m.Body = redact(string(body[:min(len(body), maxExchangeBody)]))
	return m
}

// httpHeaders are headers by name.
func httpHeaders(headers http.Header) []Fact {
	var list []Fact
	for name, values := range headers {
		for _, value := range values {
			list = append(list, Fact{name, value})
		}
	}
	slices.SortStableFunc(list, func(a, b Fact) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// secretHeader reports headers that carry a credential.
func secretHeader(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie":
		return true
	}
	return false
}

// redactor returns a function that replaces what may be secret in a text: the device's
// token, every SAS token, and the values of JSON members that hold keys, tokens and
// passwords, also of one that is cut off.
func redactor(token dps.Secret) func(text string) string {
	rules := []struct {
		secret *regexp.Regexp
		with   string
	}{
		{regexp.MustCompile(`SharedAccessSignature [^"\s]*`), redacted},
		{regexp.MustCompile(`(?i)(sig|SharedAccessKey|password)(=|%3D)[^&;"\s]*`), "$1$2" + redacted},
		{regexp.MustCompile(`(?i)("tpm"\s*:\s*)\{[^}]*\}?`), `$1"` + redacted + `"`},
		{
			regexp.MustCompile(`(?i)("[^"]*(?:key|token|secret|password|signature|connectionstring)"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)`),
			`$1"` + redacted + `"`,
		},
	}
	return func(text string) string {
		if !token.IsZero() {
			text = strings.ReplaceAll(text, token.Reveal(), redacted)
		}
		for _, rule := range rules {
			text = rule.secret.ReplaceAllString(text, rule.with)
		}
		return text
	}
}
