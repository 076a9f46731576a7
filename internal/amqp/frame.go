package amqp

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// FrameType is the type of a frame's body.
type FrameType uint8

// The frame types of part 2, section 2.3.2, and part 5, section 5.3.1.
const (
	FrameAMQP FrameType = 0
	FrameSASL FrameType = 1
)

// frameHeader is the bytes of a frame header without its extension.
const frameHeader = 8

// Frame is one frame. The zero value is the empty frame that keeps an idle
// connection alive.
type Frame struct {
	Type    FrameType
	Channel uint16    // always 0 for SASL
	Body    Composite // a performative, or nil in an empty frame
	Payload []byte    // of a *Transfer only
}

// ReadFrame reads one frame and no byte more. The error is io.EOF if the input ends before
// the frame, io.ErrUnexpectedEOF if it ends within, that of r, or a *DecodeError, after
// which r cannot be used.
func (l Limits) ReadFrame(r io.Reader) (Frame, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Frame{}, err
	}
	size := binary.BigEndian.Uint32(head[:])
	dataOffset := 4 * uint32(head[4])
	switch {
	case dataOffset < frameHeader || size < dataOffset:
		return Frame{}, framing("size %d with data at %d", size, dataOffset)
	case size > l.frame():
		return Frame{}, framing("size %d is over the limit of %d", size, l.frame())
	}
	data, err := readExactly(r, size-frameHeader)
	if err != nil {
		return Frame{}, err
	}
	f := Frame{Type: FrameType(head[5])}
	if f.Type == FrameAMQP {
		f.Channel = binary.BigEndian.Uint16(head[6:])
	}
	f.Body, f.Payload, err = l.frameBody(f.Type, data[dataOffset-frameHeader:])
	if err != nil {
		return Frame{}, err
	}
	return f, nil
}

func framing(format string, args ...any) error {
	return &DecodeError{ConditionFraming, fmt.Sprintf(format, args...)}
}

// smallFrame is the size of a frame in bytes up to which memory for all of it is allocated at once.
const smallFrame = 4 << 10

// readExactly reads n bytes. Its memory grows with what arrives, if n is large.
func readExactly(r io.Reader, n uint32) ([]byte, error) {
	if n <= smallFrame {
		data := make([]byte, n)
		_, err := io.ReadFull(r, data)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return data, err
	}
	data, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err == nil && uint32(len(data)) < n {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}

// frameBody parses what follows the header and its extension.
func (l Limits) frameBody(t FrameType, data []byte) (Composite, []byte, error) {
	if t != FrameAMQP && t != FrameSASL {
		return nil, nil, framing("unknown frame type %d", t)
	}
	if len(data) == 0 {
		return nil, nil, nil
	}
	value, payload, err := l.Decode(data)
	if err != nil {
		return nil, nil, err
	}
	body, err := parseComposite(value)
	if err != nil {
		return nil, nil, err
	}
	if !allowedIn(t, body) {
		return nil, nil, malformed("%s in a frame of type %d", body.descriptor(), t)
	}
	if _, ok := body.(*Transfer); ok {
		return body, payload, nil
	}
	if len(payload) > 0 {
		return nil, nil, malformed("%d bytes after %s", len(payload), body.descriptor())
	}
	return body, nil, nil
}

// allowedIn reports whether a frame of type t can have the body c.
func allowedIn(t FrameType, c Composite) bool {
	d := c.descriptor()
	if t == FrameSASL {
		return d >= descSASLMechanisms && d <= descSASLOutcome
	}
	return d >= descOpen && d <= descClose
}

// AppendFrame appends the bytes of f to dst. On error it returns nil.
func AppendFrame(dst []byte, f Frame) ([]byte, error) {
	if f.Body != nil && !allowedIn(f.Type, f.Body) {
		return nil, fmt.Errorf("amqp: %s in a frame of type %d", f.Body.descriptor(), f.Type)
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, frameHeader/4, byte(f.Type))
	dst = binary.BigEndian.AppendUint16(dst, f.Channel)
	if f.Body != nil {
		var err error
		if dst, err = Append(dst, f.Body); err != nil {
			return nil, err
		}
	}
	dst = append(dst, f.Payload...)
	size := len(dst) - start
	if uint64(size) > math.MaxUint32 {
		return nil, errTooLong
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(size))
	return dst, nil
}

// WriteFrame writes f with a single call of w.Write.
func WriteFrame(w io.Writer, f Frame) error {
	b, err := AppendFrame(nil, f)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}
