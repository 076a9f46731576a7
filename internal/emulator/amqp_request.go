package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
)

// transfer adds one frame to a request and serves the request when it is complete.
func (l *amqpLink) transfer(t *amqp.Transfer, payload []byte) error {
	if l.detached {
		return nil // sent before the peer got our DETACH
	}
	if !l.partial {
		l.credit--
		l.count++
	}
	l.partial = t.More && !t.Aborted
	delivery, err := l.assembly.Add(t, payload)
	if wrong := new(amqp.DecodeError); errors.As(err, &wrong) {
		return l.close(&amqp.Error{Condition: wrong.Condition, Description: wrong.Reason})
	}
	if err != nil {
		return err
	}
	if l.credit < linkCredit/2 { // in time for a peer that respects the credit
		if err := l.grant(); err != nil {
			return err
		}
	}
	if delivery == nil {
		return nil
	}
	return l.serve(delivery)
}

// serve answers a request: a refused one with the disposition of its delivery, any other
// with a message after the delivery is accepted, because one SDK treats every other
// disposition as a failure to send (azure-iot-sdk-java provisioning-device-client:
// AmqpsConnection.java).
func (l *amqpLink) serve(d *amqp.Delivery) error {
	message, r, refused := readRequest(d.Payload)
	var answer response
	if refused != nil {
		answer = l.service.refuse(refused)
	} else {
		answer = l.service.call(l.caller, r)
	}
	l.report(call{transport: l.transport, remote: l.remote, operation: r.operation, registrationID: l.caller.registrationID}, answer)
	if answer.status >= http.StatusMultipleChoices {
		return l.deliver(answer.delivery, func(f form) error { return l.reject(d, answer, f) })
	}
	if err := l.dispose(d, &amqp.Accepted{}); err != nil {
		return err
	}
	return l.deliver(answer.delivery, func(f form) error { return l.reply(message.Properties, answer, f) })
}

// readRequest reads a message. Its body may be data, text, empty or missing.
func readRequest(payload []byte) (*amqp.Message, request, *refusal) {
	message, err := amqpLimits().DecodeMessage(payload)
	if err != nil {
		return nil, request{}, unreadable(err.Error())
	}
	var r request
	switch operation := property(message, dps.AMQPOperationType); operation {
	case dps.AMQPRegister:
		r.operation = opRegister
	case dps.AMQPGetStatus:
		r.operation, r.operationID = opStatus, property(message, dps.AMQPOperationID)
		return message, r, nil
	default: // assumed
		return message, r, bare(http.StatusBadRequest, fmt.Sprintf("%s is %q", dps.AMQPOperationType, operation))
	}
	switch value := message.Value.(type) {
	case nil:
		r.body = bytes.Join(message.Data, nil)
	case string:
		r.body = []byte(value)
	case []byte:
		r.body = value
	default:
		return message, r, unreadable(fmt.Sprintf("the body is %T", value))
	}
	return message, r, nil
}

// property returns an application property that is a string.
func property(m *amqp.Message, name string) string {
	value, _ := m.ApplicationProperties.Get(name)
	text, _ := value.(string)
	return text
}

// dispose sends the disposition of a delivery, if the peer wants it.
func (l *amqpLink) dispose(d *amqp.Delivery, state amqp.DeliveryState) error {
	if d.Settled {
		return nil
	}
	return l.send(&amqp.Disposition{Role: amqp.RoleReceiver, First: d.ID, Settled: true, State: state})
}

// reject refuses a request. A delivery has only one disposition, so only the plain form of an
// answer is sent.
func (l *amqpLink) reject(d *amqp.Delivery, answer response, f form) error {
	if f != plain {
		return nil
	}
	reason, err := amqpError(answer)
	if err != nil {
		return err
	}
	return l.dispose(d, &amqp.Rejected{Error: reason})
}

// reply posts an answer with the request's correlation id, unchanged. The misplaced form is an
// answer to another request, with another id; it is left out if the request has no id, since
// the peer could not tell the two answers apart.
func (l *amqpLink) reply(asked *amqp.Properties, answer response, f form) error {
	var id any
	if asked != nil {
		id = asked.CorrelationID
	}
	if f == misplaced {
		if id == nil {
			return nil
		}
		id, answer = l.service.random.guid(), l.service.refuse(elsewhere())
	}
	text, err := answer.text()
	if err != nil {
		return err
	}
	message := &amqp.Message{Data: [][]byte{text}}
	if id != nil {
		message.Properties = &amqp.Properties{CorrelationID: id}
	}
	if answer.retryAfter != nil {
		message.ApplicationProperties = amqp.Map{{Key: dps.AMQPRetryAfter, Value: int32(seconds(*answer.retryAfter))}}
	}
	return l.post(message)
}
