package emulator

import (
	"encoding/binary"

	"dpsdiag/internal/amqp"
)

// maxWaiting is the maximum number of answers that wait for credit.
const maxWaiting = 64

// outbox keeps the answers of a session until the peer accepts them: messages until there
// is credit on a link, and then their frames until the window of the session is open.
type outbox struct {
	link     *amqpLink // nil while the peer has none attached
	messages [][]byte
	frames   frameList
	nextID   uint32 // of a delivery
}

// release removes a link, and the answers that still wait for it.
func (o *outbox) release(l *amqpLink) {
	if o.link == l {
		o.link, o.frames = nil, nil
	}
}

// frameList collects frames. Each Write is one.
type frameList [][]byte

// Write implements io.Writer.
func (l *frameList) Write(frame []byte) (int, error) {
	*l = append(*l, frame)
	return len(frame), nil
}

// post sends an answer as soon as the peer accepts it.
func (s *amqpSession) post(answer *amqp.Message) error {
	if s.ended {
		return nil
	}
	if len(s.outbox.messages) == maxWaiting {
		return s.fail(amqp.ConditionLimit, "%d answers wait for credit", maxWaiting)
	}
	message, err := answer.Encode()
	if err != nil {
		return err
	}
	s.outbox.messages = append(s.outbox.messages, message)
	return s.flush()
}

// flush sends what the peer accepts.
func (s *amqpSession) flush() error {
	o := &s.outbox
	for o.link != nil && o.link.credit > 0 && len(o.messages) > 0 {
		if err := o.link.pack(o.messages[0]); err != nil {
			return err
		}
		o.messages = o.messages[1:]
	}
	for len(o.frames) > 0 && s.outgoingWindow > 0 {
		if _, err := s.Write(o.frames[0]); err != nil {
			return err
		}
		o.frames = o.frames[1:]
		s.nextOutgoing++
		s.outgoingWindow--
	}
	return nil
}

// pack splits a message into frames, no larger than the peer accepts.
func (l *amqpLink) pack(message []byte) error {
	id := l.outbox.nextID
	transfer := amqp.Transfer{
		Handle: l.handle, DeliveryID: &id, DeliveryTag: binary.BigEndian.AppendUint32(nil, id),
		MessageFormat: new(uint32(0)), Settled: l.settled,
	}
	if _, err := amqp.WriteTransfer(&l.outbox.frames, l.channel, transfer, message, l.limit); err != nil {
		return err
	}
	l.outbox.nextID++
	l.credit--
	l.count++
	return nil
}
