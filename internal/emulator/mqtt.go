package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	mqttName  = "MQTT"
	mqttLevel = 4 // of MQTT 3.1.1, the only one served

	// maxKeepAlive is the longest keep-alive that is used, whatever a client requests: the
	// limit of IoT Hub (learn.microsoft.com: iot/iot-mqtt-connect-to-iot-hub), assumed for the
	// provisioning service.
	maxKeepAlive = 1177 * time.Second

	subackFailure = 0x80
)

// mqttPeer is the server of an MQTT connection: the provisioning service or the stub hub.
type mqttPeer interface {
	// judge returns the return code for a client, and the refusal; nil means that the client is
	// now an authenticated caller.
	judge(*packets.ConnectPacket) (code byte, refused *refusal)
	// caller is the identity that the client claims, for the log.
	caller() call
	// offers reports whether a client may subscribe to a filter.
	offers(filter string) bool
	// subscribed runs after the acknowledgement of an offered subscription.
	subscribed() error
	// read parses a message; the returned function answers it, after the acknowledgement.
	read(*packets.PublishPacket) (answer func() error, err error)
}

// mqttConversation serves one MQTT connection. Neither server is a broker: a client talks
// only to the server, not to other clients.
type mqttConversation struct {
	conversation
	*front
	peer      mqttPeer
	connected bool
	granted   map[string]byte // QoS of each subscription
	limit     int64           // of a packet, in bytes
	lastID    uint16          // of a packet that we published
}

func newMQTTConversation(f *front, s *stream, limit int64) *mqttConversation {
	return &mqttConversation{
		front: f, conversation: conversation{stream: s, patience: readTimeout},
		granted: map[string]byte{}, limit: limit,
	}
}

// speak serves the connection until it ends.
func (m *mqttConversation) speak(ctx context.Context) error {
	read := func() (packets.ControlPacket, error) { return readPacket(m.stream, m.limit) }
	return converse(ctx, &m.conversation, read, m.handle)
}

// handle serves one packet. A violation of MQTT ends the connection without an answer, as
// MQTT 3.1.1 requires (4.8).
func (m *mqttConversation) handle(packet packets.ControlPacket, err error) error {
	if err != nil {
		return err
	}
	connect, opening := packet.(*packets.ConnectPacket)
	switch {
	case opening && m.connected:
		return errors.New("a second CONNECT")
	case opening:
		return m.connect(connect)
	case !m.connected:
		return fmt.Errorf("%T before CONNECT", packet)
	}
	switch packet := packet.(type) {
	case *packets.SubscribePacket:
		return m.subscribe(packet)
	case *packets.UnsubscribePacket:
		return m.unsubscribe(packet)
	case *packets.PublishPacket:
		return m.publish(packet)
	case *packets.PubackPacket:
		return nil // answers are not sent again, acknowledged or not
	case *packets.PingreqPacket:
		return packets.NewControlPacket(packets.Pingresp).Write(m)
	case *packets.DisconnectPacket:
		return errEnd
	}
	return fmt.Errorf("%T from a client", packet)
}

// connect decides whether to accept a client. Whatever it requests, there is no stored
// session.
func (m *mqttConversation) connect(p *packets.ConnectPacket) error {
	code, refused := m.judge(p)
	if refused != nil && refused.delivery.manner == cut {
		return errCut
	}
	if refused != nil && refused.foreign != nil {
		m.tell("HTTP", refused)
		_, err := m.Write(foreignHTTP(refused))
		return errors.Join(err, errEnd)
	}
	answer := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
	answer.ReturnCode = code
	if err := answer.Write(m); err != nil {
		return err
	}
	if code != packets.Accepted {
		m.tell(fmt.Sprintf("CONNACK %d", code), refused)
		return errEnd
	}
	if who := m.peer.caller(); who.operation == opHub { // the service logs each call that follows
		m.reportAccepted(who, "CONNACK 0")
	}
	m.connected, m.patience = true, patienceWith(p.Keepalive, m.idle)
	return nil
}

func (m *mqttConversation) judge(p *packets.ConnectPacket) (code byte, refused *refusal) {
	if p.ProtocolName != mqttName || p.ProtocolVersion != mqttLevel {
		return packets.ErrRefusedBadProtocolVersion, bare(http.StatusBadRequest, "not MQTT 3.1.1")
	}
	return m.peer.judge(p)
}

func (m *mqttConversation) tell(with string, refused *refusal) {
	m.reportRefused(m.peer.caller(), with, refused)
}

// patienceWith returns how long a client with a keep-alive may be silent: one and a half
// times the keep-alive (MQTT 3.1.1, 3.1.2.10), or as long as any idle client if it has none.
func patienceWith(keepAlive uint16, idle time.Duration) time.Duration {
	if keepAlive == 0 {
		return idle
	}
	return min(time.Duration(keepAlive)*time.Second, maxKeepAlive) * 3 / 2
}

// subscribe grants at most QoS 1, and only filters that the server offers
// (learn.microsoft.com: iot-dps/iot-mqtt-connect-to-iot-dps,
// iot/iot-mqtt-connect-to-iot-hub). How another filter is refused is assumed.
func (m *mqttConversation) subscribe(p *packets.SubscribePacket) error {
	if len(p.Topics) == 0 {
		return errors.New("SUBSCRIBE to nothing")
	}
	answer := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	answer.MessageID = p.MessageID
	opened := false
	for i, filter := range p.Topics {
		granted := byte(subackFailure)
		if m.peer.offers(filter) {
			granted = min(p.Qoss[i], 1)
			m.granted[filter], opened = granted, true
		}
		answer.ReturnCodes = append(answer.ReturnCodes, granted)
	}
	if err := answer.Write(m); err != nil {
		return err
	}
	if opened {
		return m.peer.subscribed()
	}
	return nil
}

func (m *mqttConversation) unsubscribe(p *packets.UnsubscribePacket) error {
	for _, filter := range p.Topics {
		delete(m.granted, filter)
	}
	answer := packets.NewControlPacket(packets.Unsuback).(*packets.UnsubackPacket)
	answer.MessageID = p.MessageID
	return answer.Write(m)
}
