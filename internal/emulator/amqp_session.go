package emulator

import (
	"fmt"

	"dpsdiag/internal/amqp"
)

const (
	sessionWindow = 2048 // frames in flight, each way
	maxHandle     = 7    // of a link in a session
)

// amqpSession is one session of a connection; it is used only in the goroutine of the
// connection.
type amqpSession struct {
	*amqpConversation
	channel uint16 // both ways
	links   map[uint32]*amqpLink
	ended   bool // in the list of sessions: if still there, the peer must confirm the end

	// Frames received, and the number that may still come before the next flow.
	nextIncoming, incomingWindow uint32
	// Frames sent, and the number that may still be sent before the peer's next flow.
	nextOutgoing, outgoingWindow uint32

	outbox outbox
}

func newAMQPSession(a *amqpConversation, channel uint16, peer *amqp.Begin) *amqpSession {
	return &amqpSession{
		amqpConversation: a, channel: channel, links: map[uint32]*amqpLink{},
		nextIncoming: peer.NextOutgoingID, incomingWindow: sessionWindow, outgoingWindow: peer.IncomingWindow,
	}
}

// take serves one performative, with its payload if it is a transfer.
func (s *amqpSession) take(body amqp.Composite, payload []byte) error {
	if _, ok := body.(*amqp.End); ok {
		return s.end()
	}
	if s.ended {
		return nil // sent before the peer got our END
	}
	switch body := body.(type) {
	case *amqp.Attach:
		return s.attach(body)
	case *amqp.Flow:
		return s.flow(body)
	case *amqp.Transfer:
		return s.transfer(body, payload)
	case *amqp.Disposition:
		return s.settle(body)
	case *amqp.Detach:
		return s.detach(body)
	}
	return &amqp.Error{Condition: conditionNotAllowed, Description: fmt.Sprintf("unexpected %T", body)}
}

// send writes a performative, unless the session has ended.
func (s *amqpSession) send(body amqp.Composite) error {
	if s.ended {
		return nil
	}
	return s.write(s.channel, body)
}

// end removes the session, after confirming if the peer ends it.
func (s *amqpSession) end() error {
	delete(s.sessions, s.channel)
	return s.finish(&amqp.End{})
}

// fail ends the session with a reason.
func (s *amqpSession) fail(condition amqp.Symbol, format string, args ...any) error {
	return s.finish(&amqp.End{Error: &amqp.Error{Condition: condition, Description: fmt.Sprintf(format, args...)}})
}

// finish sends END, unless it was sent before.
func (s *amqpSession) finish(last *amqp.End) error {
	err := s.send(last)
	s.ended, s.outbox = true, outbox{}
	return err
}

// state returns the session's counters for a flow.
func (s *amqpSession) state() *amqp.Flow {
	return &amqp.Flow{
		NextIncomingID: new(s.nextIncoming), IncomingWindow: s.incomingWindow,
		NextOutgoingID: s.nextOutgoing, OutgoingWindow: sessionWindow,
	}
}

// flow updates how many frames and messages the peer accepts.
func (s *amqpSession) flow(peer *amqp.Flow) error {
	s.outgoingWindow = peer.IncomingWindow
	if peer.NextIncomingID != nil { // the peer may not have received all of the frames sent
		s.outgoingWindow = left(peer.IncomingWindow, s.nextOutgoing-*peer.NextIncomingID)
	}
	if peer.Handle != nil {
		link, ok := s.links[*peer.Handle]
		if !ok {
			return s.fail(conditionHandle, "no link has the handle %d", *peer.Handle)
		}
		return link.flow(peer)
	}
	if err := s.flush(); err != nil || !peer.Echo {
		return err
	}
	return s.send(s.state())
}

// left returns the rest of a window or of credit after some of it is used; numbers wrap
// around.
func left(given, used uint32) uint32 {
	if used > given {
		return 0
	}
	return given - used
}

// transfer takes one frame of a request.
func (s *amqpSession) transfer(t *amqp.Transfer, payload []byte) error {
	s.nextIncoming++
	s.incomingWindow--
	link, ok := s.links[t.Handle]
	if !ok || link.answers {
		return s.fail(conditionHandle, "no link from the peer has the handle %d", t.Handle)
	}
	if s.incomingWindow < sessionWindow/2 { // in time for a peer that respects the window
		s.incomingWindow = sessionWindow
		if err := s.send(s.state()); err != nil {
			return err
		}
	}
	return link.transfer(t, payload)
}

// settle confirms the peer's dispositions of answers, if it waits for that.
func (s *amqpSession) settle(peer *amqp.Disposition) error {
	if peer.Role == amqp.RoleSender || peer.Settled || peer.State == nil {
		return nil
	}
	return s.send(&amqp.Disposition{Role: amqp.RoleSender, First: peer.First, Last: peer.Last, Settled: true, State: peer.State})
}

// detach removes a link, after confirming if the peer detaches it.
func (s *amqpSession) detach(peer *amqp.Detach) error {
	link, ok := s.links[peer.Handle]
	if !ok {
		return s.fail(conditionHandle, "no link has the handle %d", peer.Handle)
	}
	delete(s.links, peer.Handle)
	s.outbox.release(link)
	if link.detached {
		return nil
	}
	return s.send(&amqp.Detach{Handle: peer.Handle, Closed: peer.Closed})
}
