package probe

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"dpsdiag/internal/netfail"
)

// maxPacket is the maximum number of bytes read of one packet after its fixed header: a
// topic of the longest kind, a packet id and one byte more than MaxBody. The extra byte
// shows the session that a body is too large.
const maxPacket = 2 + 65535 + 2 + MaxBody + 1

// subackRefused is the return code of a SUBACK that refuses the subscription (MQTT 3.1.1,
// 3.9.3).
const subackRefused = 0x80

// mqttWire is the connection that the MQTT library is given. It passes on only what a
// server may send and records why the connection ended. This is necessary because the
// library
//
//   - makes room for as many bytes as a packet says it has, up to 256 MB,
//   - takes a CONNACK with a code it does not know for success,
//   - crashes on a SUBACK with more codes than topics,
//   - and loses a packet that it is handed while it notices the end of the connection,
//     and its caller waits.
type mqttWire struct {
	net.Conn
	reader  *bufio.Reader
	packet  []byte // bytes of a packet that the library has not read yet
	greeted bool   // the CONNACK has been passed on
	once    func() error

	// mu is held while the library receives a packet: the library does not learn of the end of
	// the connection during that time, and receives no packet after the end.
	mu    sync.Mutex
	ended error // why the connection ended; nil while it is open
}

func newMQTTWire(conn net.Conn) *mqttWire {
	return &mqttWire{Conn: conn, reader: bufio.NewReader(conn), once: sync.OnceValue(conn.Close)}
}

// errEnded is the only error that the library sees; the session uses cause.
var errEnded = errors.New("the connection ended")

// Read implements net.Conn.
func (w *mqttWire) Read(p []byte) (int, error) {
	if len(w.packet) == 0 {
		packet, err := w.next()
		if err != nil {
			w.end(err)
			return 0, errEnded
		}
		w.packet = packet
	}
	n := copy(p, w.packet)
	w.packet = w.packet[n:]
	return n, nil
}

// Write implements net.Conn. If the peer cannot be written to, a read fails too or gets no
// data, and that read ends the connection. So there is only one place where it ends.
func (w *mqttWire) Write(p []byte) (int, error) {
	_, _ = w.Conn.Write(p)
	return len(p), nil
}

// Close implements net.Conn; the library calls it more than once.
func (w *mqttWire) Close() error { return w.once() }

// end records why the connection ended.
func (w *mqttWire) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = err
}

// cause returns why the connection ended, or nil while it is open.
func (w *mqttWire) cause() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended
}

// hand lets give pass a packet to the library, unless the connection has ended.
func (w *mqttWire) hand(give func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended == nil {
		give()
	}
	return w.ended
}

// next reads one packet and checks it. It truncates a PUBLISH that is too long; what
// follows is then not a packet any more.
func (w *mqttWire) next() ([]byte, error) {
	first, err := w.reader.ReadByte()
	if err != nil {
		return nil, err
	}
	kind := first >> 4
	switch {
	case !w.greeted && kind != packets.Connack:
		return nil, &netfail.ProtocolError{Text: "the peer does not speak MQTT: its first bytes are not a CONNACK"}
	case w.greeted && !fromServer(kind):
		return nil, misplaced(kind)
	}
	length, err := readLength(w.reader)
	if err != nil {
		return nil, err
	}
	if length > maxPacket && kind != packets.Publish {
		return nil, &netfail.ProtocolError{Text: fmt.Sprintf("the peer sent a %s of %d bytes", packets.PacketNames[kind], length)}
	}
	body := make([]byte, min(length, maxPacket))
	if _, err := io.ReadFull(w.reader, body); err != nil {
		return nil, err
	}
	if length > maxPacket {
		w.reader.Reset(cutOff{})
	}
	if err := w.check(first, body); err != nil {
		return nil, err
	}
	return append(binary.AppendUvarint([]byte{first}, uint64(len(body))), body...), nil
}

// cutOff is the error for the rest of a packet that was too long.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) {
	return 0, &netfail.ProtocolError{Text: fmt.Sprintf("the peer sent a packet of more than %d bytes", maxPacket)}
}

// readLength reads the remaining length of a packet: at most four groups of seven bits, the
// lowest first (MQTT 3.1.1, 2.2.3).
func readLength(r io.ByteReader) (int, error) {
	length := 0
	for shift := 0; shift < 28; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		length |= int(b&0x7f) << shift
		if b < 0x80 {
			return length, nil
		}
	}
	return 0, &netfail.ProtocolError{Text: "the peer sent a packet with a malformed length"}
}

// fromServer names the packets that a client like ours receives after the CONNACK.
func fromServer(kind byte) bool {
	switch kind {
	case packets.Publish, packets.Puback, packets.Suback, packets.Pingresp:
		return true
	}
	return false
}

func misplaced(kind byte) error {
	return &netfail.ProtocolError{Text: fmt.Sprintf("the peer sent an unexpected packet (type %d)", kind)}
}

// check looks into a packet of an allowed type for content that a server must not send to a
// client that subscribed once, with QoS 1.
func (w *mqttWire) check(first byte, body []byte) error {
	kind := first >> 4
	fine := false
	switch kind {
	case packets.Connack:
		fine, w.greeted = len(body) == 2, true
		if fine && body[1] != packets.Accepted {
			return refusedConnect(body[1])
		}
	case packets.Publish:
		fine = checkPublish(first>>1&3, body)
	case packets.Puback:
		fine = len(body) == 2
	case packets.Suback:
		fine = len(body) == 3 && (body[2] <= 2 || body[2] == subackRefused)
	case packets.Pingresp:
		fine = len(body) == 0
	}
	if !fine {
		return &netfail.ProtocolError{Text: fmt.Sprintf("the peer sent a malformed %s", packets.PacketNames[kind])}
	}
	return nil
}

// checkPublish reports whether the body of a PUBLISH contains a topic and a packet id.
func checkPublish(qos byte, body []byte) bool {
	if len(body) < 2 {
		return false
	}
	header := 2 + int(binary.BigEndian.Uint16(body))
	if qos == 1 {
		header += 2
	}
	return qos <= 1 && header <= len(body)
}

// mqttRefusedError is a refusal in an acknowledgement.
type mqttRefusedError struct {
	code byte
	text string
}

func (r *mqttRefusedError) Error() string { return r.text }

// refusedConnect returns the return code of a CONNACK with its name in MQTT 3.1.1, 3.2.2.3.
func refusedConnect(code byte) error {
	name := "a reserved code"
	switch code {
	case packets.ErrRefusedBadProtocolVersion:
		name = "unacceptable protocol version"
	case packets.ErrRefusedIDRejected:
		name = "identifier rejected"
	case packets.ErrRefusedServerUnavailable:
		name = "server unavailable"
	case packets.ErrRefusedBadUsernameOrPassword:
		name = "bad user name or password"
	case packets.ErrRefusedNotAuthorised:
		name = "not authorized"
	}
	return &mqttRefusedError{code, fmt.Sprintf("CONNACK %d: %s", code, name)}
}
