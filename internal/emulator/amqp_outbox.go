package emulator

import (
	"encoding/binary"

	"dpsdiag/internal/amqp"
)

// maxWaiting bounds the answers for which the peer has not given credit.
const maxWaiting = 64

// outbox holds the answers of a session back until the peer takes them: messages until there
// is credit on a link, and then their frames until the window of the session is open.
type outbox struct {
	link     *amqpLink // nil while the peer has none attached
	messages [][]byte
	frames   frameList
	nextID   uint32 // of a delivery
}

// release forgets a link, and what is still to go out on it.
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

// post sends an answer as soon as the peer takes it.
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

// flush sends what the peer takes.
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

// pack makes frames of a message, no larger than the peer takes.
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
