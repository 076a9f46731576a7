package probe

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	goamqp "github.com/Azure/go-amqp"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/redact"
)

// showSASL shows the SASL exchange as one request and its outcome.
func (s *amqpSession) showSASL(login amqp.SASLLogin, result amqp.SASLResult) Exchange {
	headers := []Fact{{"initial-response", redact.Mark}}
	if login.Hostname != "" {
		headers = append(headers, Fact{"hostname", login.Hostname})
	}
	shown := Exchange{Request: s.redact.message("SASL "+login.Mechanism, headers, nil)}
	offer := []Fact{{"mechanisms", strings.Join(result.Offered, " ")}}
	switch {
	case result.Outcome != nil:
		line := fmt.Sprintf("SASL outcome %d: %s", result.Outcome.Code, result.Outcome.Code)
		shown.Answer = s.redact.message(line, offer, result.Outcome.AdditionalData)
	case result.Offered != nil:
		shown.Answer = s.redact.message("SASL mechanisms", offer, nil)
	}
	return shown
}

// showOpen shows OPEN and BEGIN as one, with the answer unless it is a refusal.
func (s *amqpSession) showOpen(accepted bool) Exchange {
	shown := Exchange{Request: s.redact.message("OPEN", []Fact{{"hostname", s.target.Endpoint.Host}}, nil)}
	if accepted {
		shown.Answer = s.redact.message("OPEN", []Fact{{"container-id", s.wire.peer()}}, nil)
	}
	return shown
}

// showAttach shows the ATTACH of both links as one, with the answer unless it is a refusal.
func (s *amqpSession) showAttach(accepted bool) Exchange {
	shown := Exchange{Request: s.redact.message("ATTACH "+s.address(), properties(s.linkProperties()), nil)}
	if accepted {
		shown.Answer = s.redact.message("ATTACH "+s.address(), nil, nil)
	}
	return shown
}

func (s *amqpSession) showRequest(correlation string, body []byte, application map[string]any) Message {
	headers := append([]Fact{{"correlation-id", correlation}}, properties(application)...)
	return s.redact.message("TRANSFER "+s.address(), headers, body)
}

func (s *amqpSession) showAnswer(m *goamqp.Message) Message {
	headers := append([]Fact{{"correlation-id", fmt.Sprint(m.Properties.CorrelationID)}}, properties(m.ApplicationProperties)...)
	return s.redact.message("TRANSFER", headers, bodyOf(m))
}

// showEnd shows the refusal that ended the opening as the answer to its last request.
func (s *amqpSession) showEnd(o *Opening, err error) {
	if n := len(o.Exchanges); n > 0 && o.Exchanges[n-1].Answer.Line == "" {
		o.Exchanges[n-1].Answer = s.showRefusal(err)
	}
}

// showRefusal shows a refusal in AMQP's terms; it returns nothing for any other error.
func (s *amqpSession) showRefusal(err error) Message {
	refusal, ok := errors.AsType[*amqpRefusalError](err)
	if !ok {
		return Message{}
	}
	line := refusal.what + " with " + string(refusal.cause.Condition)
	return s.redact.message(line, properties(refusal.info()), []byte(refusal.cause.Description))
}

// properties returns a map's entries, sorted by name.
func properties(entries map[string]any) []Fact {
	list := make([]Fact, 0, len(entries))
	for name, value := range entries {
		list = append(list, Fact{name, fmt.Sprint(value)})
	}
	slices.SortFunc(list, func(a, b Fact) int { return strings.Compare(a.Name, b.Name) })
	return list
}
