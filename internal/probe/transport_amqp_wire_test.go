package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/netfail"
)

// scriptedConn reads the data that a peer sent.
type scriptedConn struct {
	net.Conn
	io.Reader
}

func (c scriptedConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func (scriptedConn) Close() error { return nil }

// onWire returns a protocol header and frames with the given bodies.
func onWire(t testing.TB, bodies ...amqp.Composite) []byte {
	t.Helper()
	b := []byte("AMQP\x00\x01\x00\x00")
	for _, body := range bodies {
		var err error
		if b, err = amqp.AppendFrame(b, amqp.Frame{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// messages returns frames with n answers of the given size.
func messages(t testing.TB, n, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	payload, err := (&amqp.Message{Data: [][]byte{make([]byte, size)}}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		transfer := amqp.Transfer{DeliveryID: new(uint32(i)), DeliveryTag: []byte("t"), MessageFormat: new(uint32(0))}
		if _, err := amqp.WriteTransfer(&b, 0, transfer, payload, amqp.DefaultFrame); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// TestAMQPDeadlineOfTheLibrary: the library can find a deadline over a moment before the context does.
// That is a budget that ran out, and nothing that the peer did.
func TestAMQPDeadlineOfTheLibrary(t *testing.T) {
	t.Parallel()
	wire := newAMQPWire(scriptedConn{})
	err := wire.during(t.Context(), func(context.Context) error { return fmt.Errorf("send: %w", context.DeadlineExceeded) })
	if failure := netfail.Classify(malformedAMQP(err)); failure.Kind != netfail.Timeout {
		t.Errorf("%v is of the kind %s", err, failure.Kind)
	}
}

// TestAMQPWireStops: data that would break the library, or is not AMQP, does not reach it.
func TestAMQPWireStops(t *testing.T) {
	t.Parallel()
	transfer := func(payload string, change func(*amqp.Transfer)) []byte {
		body := &amqp.Transfer{DeliveryID: new(uint32(0)), DeliveryTag: []byte("t"), MessageFormat: new(uint32(0))}
		change(body)
		b, err := amqp.AppendFrame(onWire(t), amqp.Frame{Body: body, Payload: []byte(payload)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	disposition := func(first uint32, last *uint32) []byte {
		return onWire(t, &amqp.Disposition{Role: amqp.RoleReceiver, First: first, Last: last, State: &amqp.Accepted{}})
	}
	tests := map[string]struct {
		sent []byte
		want string
	}{
		"FLOW without credit":        {onWire(t, &amqp.Flow{Handle: new(uint32(0))}), "without link-credit"},
		"DISPOSITION without end":    {disposition(0, new(^uint32(0))), "never made"},
		"DISPOSITION of the highest": {disposition(^uint32(0), nil), "never made"},
		"a second OPEN":              {onWire(t, &amqp.Open{ContainerID: "a"}, &amqp.Open{ContainerID: "b"}), "a second OPEN"},
		"TRANSFER without id":        {transfer("", func(t *amqp.Transfer) { t.DeliveryID = nil }), "without delivery-id"},
		"TRANSFER without tag":       {transfer("", func(t *amqp.Transfer) { t.DeliveryTag = nil }), "delivery-tag"},
		"TRANSFER without format":    {transfer("", func(t *amqp.Transfer) { t.MessageFormat = nil }), "message-format"},
		"a message that is none":     {transfer("\x17", func(*amqp.Transfer) {}), "amqp:decode-error"},
		"too many messages":          {append(onWire(t), messages(t, amqpCredit+1, 1)...), "more than the 10 messages"},
		"too large a message":        {append(onWire(t), messages(t, 1, MaxBody)...), "more than 1048576 bytes"},
		"an open-error of no kind":   {onWire(t, &amqp.Open{ContainerID: "a", Properties: amqp.Map{{Key: amqp.Symbol("com.microsoft:open-error"), Value: "no"}}}), "amqp:decode-error"},
		"an open-error of other kind": {
			onWire(t, &amqp.Open{ContainerID: "a", Properties: amqp.Map{{Key: amqp.Symbol("com.microsoft:open-error"), Value: &amqp.Accepted{}}}}),
			"where an error is expected",
		},
		"SASL afterwards":  {append(onWire(t), "\x00\x00\x00\x08\x02\x01\x00\x00\x00\x00\x00\x10\x02\x01\x00\x00\x00\x53\x40\xc0\x03\x01\xe0\x00"...), "amqp:decode-error"},
		"a frame too long": {append(onWire(t), "\x00\x01\x00\x01\x02\x00\x00\x00"...), "over the limit of 65536"},
		"no AMQP":          {[]byte("SSH-2.0"), `begins with "S`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire := newAMQPWire(scriptedConn{Reader: bytes.NewReader(test.sent)})
			var err error
			for err == nil {
				_, err = wire.next()
			}
			tooLarge := errors.Is(err, errTooLarge)
			if _, ok := errors.AsType[*netfail.ProtocolError](err); ok == tooLarge || !strings.Contains(err.Error(), test.want) {
				t.Errorf("stopped with %v, want a protocol error with %q", err, test.want)
			}
		})
	}
}

// TestAMQPWirePasses: the wire passes on as many answers as there is credit for, if no more
// than ten wait to be received.
func TestAMQPWirePasses(t *testing.T) {
	t.Parallel()
	const many = 5 * amqpCredit
	wire := newAMQPWire(scriptedConn{Reader: bytes.NewReader(append(onWire(t), messages(t, many, 100)...))})
	for i := range 1 + many {
		if _, err := wire.next(); err != nil {
			t.Fatalf("after %d: %v", i, err)
		}
		if i >= amqpCredit {
			wire.taken()
		}
	}
	if _, err := wire.next(); !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v", err)
	}
}

// TestConditionStatus: the catalogue and the probe agree on what a condition means.
func TestConditionStatus(t *testing.T) {
	t.Parallel()
	checked := 0
	for entry := range codes.All() {
		if entry.Kind != codes.KindAMQP || entry.HTTPStatus == 0 {
			continue
		}
		checked++
		if got := conditionStatus(entry.Code); got != entry.HTTPStatus {
			t.Errorf("%s is %d, in the catalogue %d", entry.Code, got, entry.HTTPStatus)
		}
	}
	if checked < 10 {
		t.Errorf("only %d conditions of the catalogue were checked", checked)
	}
}
