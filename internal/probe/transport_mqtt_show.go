package probe

import (
	"errors"
	"strconv"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/duration"
	"dpsdiag/internal/redact"
)

// username returns the user name of the CONNECT.
func (s *mqttSession) username() string {
	return dps.MQTTUsername(s.target.Scope, s.target.RegistrationID, s.target.APIVersion)
}

// showConnect shows the CONNECT and the answer to it, which err contains.
func (s *mqttSession) showConnect(err error) Exchange {
	headers := []Fact{{"client-id", s.target.RegistrationID}, {"username", s.username()}}
	if s.withToken {
		headers = append(headers, Fact{"password", redact.Mark})
	}
	headers = append(headers, Fact{"clean-session", "true"}, Fact{"keep-alive", duration.Text(mqttKeepAlive)})
	return Exchange{
		Request: s.redact.message("CONNECT", headers, nil),
		Answer:  s.showAcknowledgement("CONNACK 0: accepted", err),
	}
}

// showSubscribe shows the SUBSCRIBE and the answer to it, which err contains.
func (s *mqttSession) showSubscribe(err error) Exchange {
	return Exchange{
		Request: s.redact.message("SUBSCRIBE "+dps.MQTTResponses, []Fact{{"qos", strconv.Itoa(mqttQoS)}}, nil),
		Answer:  s.showAcknowledgement("SUBACK: granted", err),
	}
}

// showAcknowledgement shows success unless err is a refusal, and nothing if no answer came.
func (s *mqttSession) showAcknowledgement(good string, err error) Message {
	if refusal, ok := errors.AsType[*mqttRefusedError](err); ok {
		good, err = refusal.text, nil
	}
	if err != nil {
		return Message{}
	}
	return s.redact.message(good, nil, nil)
}

// showPublish shows a request or an answer.
func (s *mqttSession) showPublish(topic string, body []byte) Message {
	return s.redact.message("PUBLISH "+topic, []Fact{{"qos", strconv.Itoa(mqttQoS)}}, body)
}
