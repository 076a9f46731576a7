package amqp_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"dpsdiag/internal/amqp"
)

func TestProtocolHeaders(t *testing.T) {
	t.Parallel()
	for protocol, want := range map[amqp.Protocol]string{
		amqp.ProtocolAMQP: "AMQP\x00\x01\x00\x00",
		amqp.ProtocolTLS:  "AMQP\x02\x01\x00\x00",
		amqp.ProtocolSASL: "AMQP\x03\x01\x00\x00",
	} {
		var wire bytes.Buffer
		if err := amqp.WriteProtocol(&wire, protocol); err != nil || wire.String() != want {
			t.Errorf("written: %q, %v; want %q", wire.String(), err, want)
		}
		r := strings.NewReader(want + "rest")
		got, err := amqp.ReadProtocol(iotest.OneByteReader(r))
		if err != nil || got != protocol.Header() {
			t.Errorf("read: %v, %v; want %v", got, err, protocol.Header())
		}
		if r.Len() != len("rest") {
			t.Errorf("%d bytes left in the reader", r.Len())
		}
	}
	other, err := amqp.ReadProtocol(strings.NewReader("AMQP\x00\x00\x09\x01"))
	if err != nil || other.String() != "AMQP 0 0 9 1" {
		t.Errorf("another version: %v, %v", other, err)
	}
}

// The last reader of the peers that are not AMQP fails the test if it is read: ReadProtocol
// must stop at the first byte that cannot be in a header.
func TestReadProtocolNotAMQP(t *testing.T) {
	t.Parallel()
	more := iotest.ErrReader(errors.New("read too far"))
	for _, test := range []struct{ sent, shown, text string }{
		{"HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1", `peer is not AMQP: it begins with "HTTP/1.1"`},
		{"\x15\x03\x03\x00\x02\x02\x28", "\x15\x03\x03\x00\x02\x02\x28", `peer is not AMQP: it begins with "\x15\x03\x03\x00\x02\x02("`},
		{"\x1b", "\x1b", `peer is not AMQP: it begins with "\x1b"`},
		{"AMXP", "AMXP", `peer is not AMQP: it begins with "AMXP"`},
	} {
		_, err := amqp.ReadProtocol(io.MultiReader(strings.NewReader(test.sent), more))
		var alien *amqp.NotAMQPError
		if !errors.As(err, &alien) || string(alien.First) != test.shown || err.Error() != test.text {
			t.Errorf("%q: got %v", test.sent, err)
		}
	}
}

func TestReadProtocolEnds(t *testing.T) {
	t.Parallel()
	for n := range 8 {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, err := amqp.ReadProtocol(strings.NewReader("AMQP\x03\x01\x00"[:n])); !errors.Is(err, want) {
			t.Errorf("after %d bytes: got %v, want %v", n, err, want)
		}
	}
	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader("AMQP"), iotest.ErrReader(broken))
	if _, err := amqp.ReadProtocol(r); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if _, err := amqp.ReadProtocol(iotest.DataErrReader(strings.NewReader("AMQP\x03\x01\x00\x00"))); err != nil {
		t.Errorf("end with the last byte: %v", err)
	}
}
