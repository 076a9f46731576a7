package amqp

import (
	"fmt"
	"io"
	"slices"
)

// WriteTransfer writes a message as one transfer frame, or as several if one would have
// more than maxFrame bytes (see Open.FrameLimit). It sets t.More itself. It returns the
// number of frames written, by which the session's next-outgoing-id and window change.
func WriteTransfer(w io.Writer, channel uint16, t Transfer, payload []byte, maxFrame uint32) (frames int, err error) {
	for more := true; more; {
		t.More = true
		performative, err := Append(nil, &t)
		if err != nil {
			return frames, err
		}
		room := int64(maxFrame) - int64(frameHeader+len(performative))
		if room <= 0 {
			return frames, fmt.Errorf("amqp: transfer does not fit in frames of %d bytes", maxFrame)
		}
		more = int64(len(payload)) > room
		t.More = more
		part := payload[:min(int64(len(payload)), room)]
		if err := WriteFrame(w, Frame{Channel: channel, Body: &t, Payload: part}); err != nil {
			return frames, err
		}
		frames++
		payload = payload[len(part):]
		t = Transfer{Handle: t.Handle}
	}
	return frames, nil
}

// Delivery is a complete message.
type Delivery struct {
	ID      uint32
	Tag     []byte
	Settled bool // the sender wants no disposition
	Payload []byte
}

// Assembly joins the transfer frames of one link into deliveries. Its zero value is ready
// to use, with default Limits.
type Assembly struct {
	Limits Limits

	pending *Delivery
}

// Add takes the next frame and returns the delivery if the frame completes one, otherwise
// nil. It keeps no reference to payload. The error is a *DecodeError. After an error, and
// after an aborted delivery, the frames collected so far are discarded.
func (a *Assembly) Add(t *Transfer, payload []byte) (*Delivery, error) {
	d := a.pending
	a.pending = nil
	if t.Aborted {
		return nil, nil
	}
	switch {
	case d == nil && t.DeliveryID == nil:
		return nil, &DecodeError{ConditionField, "first transfer of a delivery without delivery-id"}
	case d == nil:
		d = &Delivery{ID: *t.DeliveryID, Tag: slices.Clone(t.DeliveryTag)}
	case t.DeliveryID != nil && *t.DeliveryID != d.ID:
		return nil, &DecodeError{ConditionField, "delivery-id changes within a delivery"}
	}
	if len(payload) > a.Limits.message()-len(d.Payload) {
		return nil, &DecodeError{ConditionMessageSize, fmt.Sprintf("more than %d bytes", a.Limits.message())}
	}
	d.Settled = d.Settled || t.Settled
	d.Payload = append(d.Payload, payload...)
	if t.More {
		a.pending = d
		return nil, nil
	}
	return d, nil
}
