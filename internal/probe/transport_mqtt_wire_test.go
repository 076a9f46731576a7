package probe

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"dpsdiag/internal/netfail"
)

// stream is a connection that is only read from.
type stream struct {
	net.Conn
	io.Reader
}

func (s stream) Read(p []byte) (int, error) { return s.Reader.Read(p) }

// pass returns the packets that a wire passes on, and the error that ended it.
func pass(t *testing.T, sent []byte) ([]packets.ControlPacket, error) {
	t.Helper()
	w := newMQTTWire(stream{Reader: bytes.NewReader(sent)})
	var passed []packets.ControlPacket
	for {
		packet, err := packets.ReadPacket(w)
		if errors.Is(err, errEnded) {
			return passed, w.cause()
		}
		if err != nil {
			t.Fatalf("the library was given a packet that it cannot read: %v", err)
		}
		passed = append(passed, packet)
	}
}

const accepted = "\x20\x02\x00\x00"

// TestMQTTWireCutsLongMessages: if a message is too long, the library gets enough to show
// that, and then the end of the connection.
func TestMQTTWireCutsLongMessages(t *testing.T) {
	t.Parallel()
	long := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	long.Qos, long.MessageID, long.TopicName = 1, 7, "topic"
	long.Payload = bytes.Repeat([]byte("x"), 3*MaxBody)
	sent := bytes.NewBufferString(accepted)
	if err := long.Write(sent); err != nil {
		t.Fatal(err)
	}
	sent.WriteString("\x40\x02\x00\x01")
	passed, err := pass(t, sent.Bytes())
	if len(passed) != 2 {
		t.Fatalf("%d packets passed, want the CONNACK and the message", len(passed))
	}
	got := passed[1].(*packets.PublishPacket)
	if got.TopicName != long.TopicName || got.MessageID != 7 || len(got.Payload) <= MaxBody || len(got.Payload) > maxPacket {
		t.Errorf("topic %q, id %d, %d bytes", got.TopicName, got.MessageID, len(got.Payload))
	}
	if netfail.KindOf(err) != netfail.Protocol {
		t.Errorf("ended by %v", err)
	}
}

// TestMQTTWireClaims: a packet that only claims to be long uses no memory for that length.
// The test is not parallel: it counts the memory of the whole process.
func TestMQTTWireClaims(t *testing.T) {
	claims := []byte(accepted + "\x32\xff\xff\xff\x7f\x00\x05topic")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := pass(t, claims); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("ended by %v", err)
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 4*maxPacket {
		t.Errorf("%d bytes allocated", allocated)
	}
}

// TestMQTTWireHandsNothingAfterTheEnd: after the connection has ended, the library gets no
// packet.
func TestMQTTWireHandsNothingAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := newMQTTWire(stream{Reader: bytes.NewReader(nil)})
	if err := w.hand(func() {}); err != nil {
		t.Errorf("before the end: %v", err)
	}
	w.Read(make([]byte, 1))
	if err := w.hand(func() { t.Error("handed a packet") }); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

// FuzzMQTTWire: whatever a peer sends, the library gets an accepting CONNACK and then only
// packets that it can parse, of the types and sizes that a session expects.
func FuzzMQTTWire(f *testing.F) {
	f.Add([]byte(accepted + "\x90\x03\x00\x01\x01" + "\x40\x02\x00\x02" + "\xd0\x00"))
	f.Add([]byte(accepted + "\x32\x07\x00\x01a\x00\x01{}"))
	f.Add([]byte(accepted + "\x34\x07\x00\x01a\x00\x01{}"))
	f.Add([]byte("\x20\x02\x00\x05"))
	f.Add([]byte("\x20\xff\xff\xff\xff\xff"))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		passed, err := pass(t, sent)
		if err == nil {
			t.Fatal("it ended without a cause")
		}
		for i, packet := range passed {
			switch p := packet.(type) {
			case *packets.ConnackPacket:
				if i != 0 || p.ReturnCode != 0 {
					t.Fatalf("packet %d is %v", i, p)
				}
			case *packets.SubackPacket:
				if len(p.ReturnCodes) != 1 {
					t.Fatalf("%d return codes", len(p.ReturnCodes))
				}
			case *packets.PublishPacket:
				if p.Qos > 1 || len(p.Payload) > maxPacket {
					t.Fatalf("QoS %d, %d bytes", p.Qos, len(p.Payload))
				}
			case *packets.PubackPacket, *packets.PingrespPacket:
			default:
				t.Fatalf("a %T passed", p)
			}
			if i == 0 {
				if _, ok := packet.(*packets.ConnackPacket); !ok {
					t.Fatalf("a %T came first", packet)
				}
			}
		}
	})
}
