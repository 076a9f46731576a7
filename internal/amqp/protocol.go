package amqp

import (
	"errors"
	"fmt"
	"io"
)

// Protocol is the protocol that a header announces.
type Protocol uint8

// The protocols of part 2, section 2.2, and part 5, sections 5.2 and 5.3.
const (
	ProtocolAMQP Protocol = 0
	ProtocolTLS  Protocol = 2
	ProtocolSASL Protocol = 3
)

// Header returns the header of version 1.0.0 of the protocol.
func (p Protocol) Header() ProtocolHeader { return ProtocolHeader{ID: p, Major: 1} }

// ProtocolHeader is what each peer sends first, after the letters AMQP.
type ProtocolHeader struct {
	ID                     Protocol
	Major, Minor, Revision uint8
}

// String returns the header as the standard writes it: "AMQP 3 1 0 0".
func (h ProtocolHeader) String() string {
	return fmt.Sprintf("%s %d %d %d %d", magic, h.ID, h.Major, h.Minor, h.Revision)
}

const (
	magic          = "AMQP"
	protocolHeader = len(magic) + 4 // bytes
)

// NotAMQPError says that a peer does not speak AMQP at all.
type NotAMQPError struct {
	First []byte // its first 1 to 8 bytes
}

// Error returns a text that shows the bytes, escaped.
func (e *NotAMQPError) Error() string {
	return fmt.Sprintf("peer is not AMQP: it begins with %q", e.First)
}

// ProtocolError says that a peer speaks AMQP, but another protocol or version of it than
// the required one: without SASL, for example.
type ProtocolError struct {
	Got, Want ProtocolHeader
}

// Error returns a text with both headers.
func (e *ProtocolError) Error() string {
	return fmt.Sprintf("peer answers with protocol %s, not %s", e.Got, e.Want)
}

// ReadProtocol reads a protocol header and no byte more. It does not check the protocol and
// the version. As soon as the bytes cannot become a header, the error is a *NotAMQPError;
// if the input ends before, it is io.EOF or io.ErrUnexpectedEOF as for io.ReadFull;
// otherwise it is that of r.
func ReadProtocol(r io.Reader) (ProtocolHeader, error) {
	var b [protocolHeader]byte
	for n := 0; n < len(b); {
		m, err := r.Read(b[n:])
		n += m
		if seen := min(n, len(magic)); string(b[:seen]) != magic[:seen] {
			return ProtocolHeader{}, &NotAMQPError{First: b[:n]}
		}
		if err != nil && n < len(b) {
			if errors.Is(err, io.EOF) && n > 0 {
				err = io.ErrUnexpectedEOF
			}
			return ProtocolHeader{}, err
		}
	}
	return ProtocolHeader{ID: Protocol(b[4]), Major: b[5], Minor: b[6], Revision: b[7]}, nil
}

// WriteProtocol writes the header of version 1.0.0 with a single call of w.Write.
func WriteProtocol(w io.Writer, p Protocol) error {
	_, err := w.Write(append([]byte(magic), byte(p), 1, 0, 0))
	return err
}
