package probe

import (
	"net/http"
	"slices"
	"strings"

	"dpsdiag/internal/redact"
)

// Exchange is one call, or one step of opening a session, as on the wire but with its
// secrets replaced. The texts may contain control characters.
type Exchange struct {
	Request Message
	Answer  Message // zero if none came
}

// Message is one half of an exchange, in the terms of its transport: a request or status
// line, an MQTT packet with its topic, an AMQP performative with its address.
type Message struct {
	Line    string
	Headers []Fact // headers or properties, by name
	Body    string // at most maxExchangeBody bytes of it
	Size    int    // of the whole body, in bytes
}

// maxExchangeBody is the number of bytes kept of a body: the documents of the service are
// shorter.
const maxExchangeBody = 4096

// message makes a message in which secrets are replaced.
func (r *redactor) message(line string, headers []Fact, body []byte) Message {
	m := Message{Line: r.Scrub(line), Size: len(body)}
	for _, h := range headers {
		if secretHeader(h.Name) {
			h.Value = redact.Mark
		}
		m.Headers = append(m.Headers, Fact{r.Scrub(h.Name), r.Scrub(h.Value)})
	}
	text := r.Members(string(body))
	m.Body = text[:min(len(text), maxExchangeBody)]
	return m
}

// httpHeaders returns headers by name.
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

// secretHeader reports headers and properties that contain a credential.
func secretHeader(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "Password", "Initial-Response":
		return true
	}
	return false
}
