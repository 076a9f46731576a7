package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dpsdiag/internal/dps"

	"github.com/Azure/go-amqp"
)

// Names for types that have the same name in both libraries.
type (
	goError     = amqp.Error
	goCondition = amqp.ErrCond
)

// goAMQPClient is a device that uses Microsoft's AMQP library.
type goAMQPClient struct {
	*client
	transport string
	receiver  *amqp.Receiver
	sender    *amqp.Sender
	calls     int
}

func (g *goAMQPClient) open() string {
	ctx := testContext(g.t)
	conn, err := g.dial(ctx, g.transport)
	if refused := new(handshakeError); errors.As(err, refused) {
		return "handshake " + refused.String()
	}
	if err != nil {
		return "no connection: " + causeOf(err)
	}
	d := g.device
	address := dps.Resource(d.Scope, d.RegistrationID)
	options := &amqp.ConnOptions{HostName: d.Endpoint.Host}
	if !g.token.IsZero() {
		options.SASLType = amqp.SASLTypePlain(address, g.token.Reveal())
	}
	opened, err := amqp.NewConn(ctx, conn, options)
	if err != nil {
		conn.Close()
		return amqpRefusal(err)
	}
	g.t.Cleanup(func() { opened.Close() })
	return g.attach(ctx, opened, address)
}

func (g *goAMQPClient) attach(ctx context.Context, conn *amqp.Conn, address string) string {
	session, err := conn.NewSession(ctx, nil)
	if err != nil {
		return amqpRefusal(err)
	}
	properties := map[string]any{"com.microsoft:api-version": dps.DefaultAPIVersion}
	if g.receiver, err = session.NewReceiver(ctx, address, &amqp.ReceiverOptions{Properties: properties}); err != nil {
		return amqpRefusal(err)
	}
	if g.sender, err = session.NewSender(ctx, address, &amqp.SenderOptions{Properties: properties}); err != nil {
		return amqpRefusal(err)
	}
	return ""
}

// amqpRefusal summarises an error in terms of AMQP.
func amqpRefusal(err error) string {
	closed, detached := new(*amqp.ConnError), new(*amqp.LinkError)
	switch {
	case errors.As(err, closed) && (*closed).RemoteErr != nil:
		return "CLOSE " + conditionText((*closed).RemoteErr)
	case errors.As(err, detached) && (*detached).RemoteErr != nil:
		return "DETACH " + conditionText((*detached).RemoteErr)
	}
	if own := new(*amqp.Error); errors.As(err, own) {
		return "DETACH " + conditionText(*own)
	}
	if _, code, ok := strings.Cut(err.Error(), "auth failed with code 0x"); ok {
		return "SASL " + strings.Fields(strings.ReplaceAll(code, ":", " "))[0]
	}
	return "no connection: " + causeOf(err)
}

// conditionText returns the condition of an error and the contents of its description.
func conditionText(e *amqp.Error) string {
	if body := dps.ParseBody([]byte(e.Description)); body.Error != nil {
		return fmt.Sprintf("%s %d %s", e.Condition, body.Error.ErrorCode, body.Error.Message)
	}
	return strings.TrimSpace(string(e.Condition) + " " + e.Description)
}

func (g *goAMQPClient) register(body string) wire {
	return g.call(&amqp.Message{
		ApplicationProperties: map[string]any{"iotdps-operation-type": "iotdps-register", "iotdps-forceRegistration": false},
		Data:                  [][]byte{[]byte(body)},
	})
}

func (g *goAMQPClient) poll(operationID string) wire {
	return g.call(&amqp.Message{
		ApplicationProperties: map[string]any{"iotdps-operation-type": "iotdps-get-operationstatus", "iotdps-operation-id": operationID},
		Value:                 "",
	})
}

// call sends a request and waits for its answer, whatever else comes.
func (g *goAMQPClient) call(m *amqp.Message) wire {
	ctx := testContext(g.t)
	g.calls++
	id := fmt.Sprintf("call-%d", g.calls)
	m.Properties = &amqp.MessageProperties{CorrelationID: id}
	if err := g.sender.Send(ctx, m, nil); err != nil {
		return rejected(err)
	}
	for {
		answer, err := g.receiver.Receive(ctx, nil)
		if err != nil {
			return wire{err: errors.New("EOF")}
		}
		if err := g.receiver.AcceptMessage(ctx, answer); err != nil {
			return wire{err: errors.New("EOF")}
		}
		if answer.Properties.CorrelationID == id {
			return amqpWire(answer)
		}
	}
}

// rejected converts a disposition into the form of the other transports' answers.
func rejected(err error) wire {
	own := new(*amqp.Error)
	if !errors.As(err, own) {
		return wire{err: errors.New("EOF")}
	}
	got := wire{header: http.Header{}, text: (*own).Description, body: dps.ParseBody([]byte((*own).Description))}
	got.header.Set("Condition", string((*own).Condition))
	if after, ok := (*own).Info["retry-after"]; ok {
		got.header.Set("Retry-After", fmt.Sprint(after))
	}
	if got.body.Error != nil {
		got.status = got.body.Error.ErrorCode / 1000
	}
	return got
}

// amqpWire parses an answer, for which AMQP has no HTTP status.
func amqpWire(m *amqp.Message) wire {
	got := wire{status: http.StatusOK, header: http.Header{}, text: string(m.GetData()), body: dps.ParseBody(m.GetData())}
	if got.body.Operation != nil && got.body.Operation.Status == dps.StatusAssigning {
		got.status = http.StatusAccepted
	}
	if after, ok := m.ApplicationProperties["retry-after"]; ok {
		got.header.Set("Retry-After", fmt.Sprint(after))
	}
	return got
}
