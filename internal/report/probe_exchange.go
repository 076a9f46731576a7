package report

import (
	"fmt"
	"strings"

	"dpsdiag/internal/probe"
)

// Exchange is one call as it was on the wire, line by line.
type Exchange struct {
	Title    string   `json:"title"`
	Sent     []string `json:"sent"`
	Received []string `json:"received"`
}

// newExchanges are the calls of a run: that which opened the session, then all others to the
// service, then those to the hub.
func newExchanges(run *probe.Run) []Exchange {
	list := []Exchange{}
	if run.Opening != nil {
		for i := range run.Opening.Exchanges {
			list = append(list, newExchange("open", &run.Opening.Exchanges[i]))
		}
	}
	for _, a := range run.Answers {
		if a.Exchange != nil {
			list = append(list, newExchange(string(a.Op), a.Exchange))
		}
	}
	if run.Hub == nil {
		return list
	}
	for _, step := range run.Hub.Steps {
		if step.Answer == nil {
			continue
		}
		for i := range step.Answer.Exchanges {
			list = append(list, newExchange("hub", &step.Answer.Exchanges[i]))
		}
	}
	return list
}

func newExchange(title string, e *probe.Exchange) Exchange {
	return Exchange{Title: title, Sent: messageLines(e.Request), Received: messageLines(e.Answer)}
}

// messageLines are the lines of a message, its body in one of them.
func messageLines(m probe.Message) []string {
	if m.Line == "" {
		return []string{"(nothing)"}
	}
	lines := []string{Clean(m.Line)}
	for _, h := range m.Headers {
		lines = append(lines, Clean(h.Name+": "+h.Value))
	}
	if m.Body != "" {
		lines = append(lines, "", Clean(m.Body))
	}
	if more := m.Size - len(m.Body); m.Size > maxText {
		lines = append(lines, fmt.Sprintf("(%d more bytes)", more))
	}
	return lines
}

// drawExchanges draws every call, with ">" before what was sent and "<" before what was
// received.
func (r *Run) drawExchanges(p *page) {
	for _, e := range r.Exchanges {
		p.heading("Exchange: " + e.Title)
		for _, line := range e.Sent {
			p.verbatim(line, span{"  > ", faint})
		}
		for _, line := range e.Received {
			p.verbatim(line, span{"  < ", faint})
		}
	}
}

// markExchanges draws every call folded.
func (r *Run) markExchanges(m *markdown) {
	if len(r.Exchanges) == 0 {
		return
	}
	m.details("Exchange over "+r.Transport, func() {
		for _, e := range r.Exchanges {
			m.paragraph(strongText(e.Title))
			m.fence("text", strings.Join(e.Sent, "\n"))
			m.fence("text", strings.Join(e.Received, "\n"))
		}
	})
}
