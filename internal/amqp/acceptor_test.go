package amqp_test

import (
	"context"
	"fmt"
	"net"

	"dpsdiag/internal/amqp"
)

// acceptor is a small AMQP server that lets an independent client talk to this package. It
// sends each received message back on the client's receiver, and refuses a message with the
// application property "refuse".
type acceptor struct {
	mechanisms []amqp.SASLMechanism
	maxFrame   uint32 // the largest frame that it accepts

	conn       net.Conn
	peerFrame  uint32        // the largest frame that the client accepts
	heard      []string      // the types of the client's frames, without flows
	assembly   amqp.Assembly // of the client's sender
	receiver   *amqp.Attach  // the client's receiver
	properties amqp.Map      // of the client's sender
	credit     uint32        // from the client's receiver
	sent       uint32        // deliveries to it
	outcome    chan amqp.Composite
	queue      []*amqp.Message
}

func (a *acceptor) serve(ctx context.Context, conn net.Conn) error {
	a.conn = conn
	header, err := amqp.ReadProtocol(conn)
	if err != nil {
		return err
	}
	if header == amqp.ProtocolSASL.Header() {
		if err := amqp.ServerSASL(ctx, conn, a.mechanisms, amqp.Limits{}); err != nil {
			return err
		}
		if header, err = amqp.ReadProtocol(conn); err != nil {
			return err
		}
	}
	if header != amqp.ProtocolAMQP.Header() {
		return fmt.Errorf("header %v", header)
	}
	if err := amqp.WriteProtocol(conn, amqp.ProtocolAMQP); err != nil {
		return err
	}
	for {
		frame, err := amqp.Limits{Frame: a.maxFrame}.ReadFrame(conn)
		if err != nil {
			return err
		}
		done, err := a.handle(frame)
		if done || err != nil {
			return err
		}
	}
}

func (a *acceptor) handle(f amqp.Frame) (done bool, err error) {
	if _, ok := f.Body.(*amqp.Flow); !ok {
		a.heard = append(a.heard, fmt.Sprintf("%T", f.Body))
	}
	switch body := f.Body.(type) {
	case nil:
		return false, nil
	case *amqp.Open:
		a.peerFrame = body.FrameLimit()
		return false, a.write(f.Channel, &amqp.Open{ContainerID: "acceptor", MaxFrameSize: &a.maxFrame, IdleTimeOut: 240000})
	case *amqp.Begin:
		return false, a.write(f.Channel, &amqp.Begin{RemoteChannel: &f.Channel, IncomingWindow: 1000, OutgoingWindow: 1000})
	case *amqp.Attach:
		return false, a.attach(f.Channel, body)
	case *amqp.Flow:
		if body.LinkCredit != nil && body.DeliveryCount != nil {
			a.credit = *body.DeliveryCount + *body.LinkCredit - a.sent
		}
		return false, a.flush(f.Channel)
	case *amqp.Transfer:
		return false, a.transfer(f.Channel, body, f.Payload)
	case *amqp.Disposition:
		a.outcome <- body.State
		return false, nil
	case *amqp.Detach:
		return false, a.write(f.Channel, &amqp.Detach{Handle: body.Handle, Closed: body.Closed})
	case *amqp.End:
		return false, a.write(f.Channel, &amqp.End{})
	case *amqp.Close:
		return true, a.write(f.Channel, &amqp.Close{})
	}
	return false, fmt.Errorf("unexpected %T", f.Body)
}

func (a *acceptor) write(channel uint16, body amqp.Composite) error {
	return amqp.WriteFrame(a.conn, amqp.Frame{Channel: channel, Body: body})
}

// attach answers with the other role and the same addresses.
func (a *acceptor) attach(channel uint16, client *amqp.Attach) error {
	answer := &amqp.Attach{
		Name: client.Name, Handle: client.Handle, Role: !client.Role, Source: client.Source, Target: client.Target,
	}
	if client.Role == amqp.RoleReceiver {
		a.receiver = client
		answer.InitialDeliveryCount = new(uint32(0))
		return a.write(channel, answer)
	}
	a.properties = client.Properties
	if err := a.write(channel, answer); err != nil {
		return err
	}
	return a.write(channel, &amqp.Flow{
		NextIncomingID: new(uint32(0)), IncomingWindow: 1000, OutgoingWindow: 1000,
		Handle: &client.Handle, DeliveryCount: new(uint32(0)), LinkCredit: new(uint32(100)),
	})
}

func (a *acceptor) transfer(channel uint16, t *amqp.Transfer, payload []byte) error {
	delivery, err := a.assembly.Add(t, payload)
	if delivery == nil || err != nil {
		return err
	}
	message, err := amqp.Limits{}.DecodeMessage(delivery.Payload)
	if err != nil {
		return err
	}
	var state amqp.DeliveryState = &amqp.Accepted{}
	if _, refuse := message.ApplicationProperties.Get("refuse"); refuse {
		state = &amqp.Rejected{Error: &amqp.Error{
			Condition: "amqp:not-found", Description: "{}", Info: amqp.Map{{Key: amqp.Symbol("retry-after"), Value: int32(3)}},
		}}
	} else {
		a.queue = append(a.queue, message)
	}
	err = a.write(channel, &amqp.Disposition{Role: amqp.RoleReceiver, First: delivery.ID, Settled: true, State: state})
	if err != nil {
		return err
	}
	return a.flush(channel)
}

// flush sends as many waiting messages as the client gave credit for.
func (a *acceptor) flush(channel uint16) error {
	for a.credit > 0 && len(a.queue) > 0 {
		payload, err := a.queue[0].Encode()
		if err != nil {
			return err
		}
		t := amqp.Transfer{
			Handle: a.receiver.Handle, DeliveryID: &a.sent, DeliveryTag: fmt.Append(nil, a.sent), MessageFormat: new(uint32(0)),
		}
		if _, err := amqp.WriteTransfer(a.conn, channel, t, payload, a.peerFrame); err != nil {
			return err
		}
		a.queue = a.queue[1:]
		a.credit--
		a.sent++
	}
	return nil
}
