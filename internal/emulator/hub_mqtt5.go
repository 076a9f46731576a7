package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/eclipse/paho.golang/packets"
	mqtt3 "github.com/eclipse/paho.mqtt.golang/packets"
)

// mqtt5Hub is the stub hub of the connection profile mqttV5, which accepts MQTT 5 and
// certificates only (learn.microsoft.com: iot-hub/mqtt-v5-capabilities).
type mqtt5Hub struct {
	conversation
	*front
	session   *hubSession
	deviceID  string
	connected bool
}

// speakHubMQTT5 serves a connection to the hub until it ends.
func (f *front) speakHubMQTT5(ctx context.Context, s *stream) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	h := &mqtt5Hub{
		front: f, conversation: conversation{stream: s, patience: readTimeout},
		session: &hubSession{end: func() { end(errSuperseded) }},
	}
	defer func() { f.service.leaveHub(h.deviceID, h.session) }()
	greeted := false
	read := func() (*packets.ControlPacket, error) {
		packet, err := readPacket5(s, greeted)
		greeted = true
		return packet, err
	}
	return converse(ctx, &h.conversation, read, h.handle)
}

// errOtherLevel is the error of a CONNECT of another version of MQTT.
var errOtherLevel = errors.New("not MQTT 5")

// readPacket5 reads one packet. Memory is used only for received data. The first one has to be
// a CONNECT of MQTT 5.
func readPacket5(r io.Reader, greeted bool) (*packets.ControlPacket, error) {
	head, size, err := readPacketHead(r)
	switch {
	case err != nil:
		return nil, err
	case size > maxHubPacket:
		return nil, fmt.Errorf("a packet of %d bytes is larger than %d", size, maxHubPacket)
	}
	body, err := io.ReadAll(io.LimitReader(r, size))
	switch {
	case err != nil:
		return nil, err
	case int64(len(body)) < size:
		return nil, io.ErrUnexpectedEOF
	case !greeted && !isConnect5(head, body):
		return nil, errOtherLevel
	}
	packet, err := packets.ReadPacket(io.MultiReader(bytes.NewReader(head), bytes.NewReader(body)))
	if err != nil {
		return nil, fmt.Errorf("decode packet: %w", err)
	}
	return packet, nil
}

// isConnect5 reports whether a packet is a CONNECT of MQTT 5: the level follows the name of the
// protocol.
func isConnect5(head, body []byte) bool {
	return head[0]>>4 == packets.CONNECT && bytes.HasPrefix(body, []byte("\x00\x04MQTT\x05"))
}

// handle serves one packet. A violation of MQTT ends the connection without an answer.
func (h *mqtt5Hub) handle(packet *packets.ControlPacket, err error) error {
	if errors.Is(err, errOtherLevel) {
		return h.refuseOtherLevel()
	}
	if err != nil {
		return err
	}
	connect, opening := packet.Content.(*packets.Connect)
	switch {
	case opening && h.connected:
		return errors.New("a second CONNECT")
	case opening:
		return h.connect(connect)
	case !h.connected:
		return fmt.Errorf("%s before CONNECT", packet.PacketType())
	}
	switch p := packet.Content.(type) {
	case *packets.Subscribe:
		return h.subscribe(p)
	case *packets.Unsubscribe:
		return h.send(&packets.Unsuback{Properties: &packets.Properties{}, PacketID: p.PacketID, Reasons: make([]byte, len(p.Topics))})
	case *packets.Publish:
		return h.publish(p)
	case *packets.Puback:
		return nil
	case *packets.Pingreq:
		return h.send(&packets.Pingresp{})
	case *packets.Disconnect:
		return errEnd
	}
	return fmt.Errorf("%s from a client", packet.PacketType())
}

func (h *mqtt5Hub) send(p packets.Packet) error {
	_, err := p.WriteTo(h)
	return err
}

// refuseOtherLevel answers a client of MQTT 3.1.1 in its own terms, as that version requires
// (3.1.2.2); that the service does so is assumed.
func (h *mqtt5Hub) refuseOtherLevel() error {
	const code = mqtt3.ErrRefusedBadProtocolVersion
	answer := mqtt3.NewControlPacket(mqtt3.Connack).(*mqtt3.ConnackPacket)
	answer.ReturnCode = code
	err := answer.Write(h)
	h.reportRefused(h.caller(), fmt.Sprintf("CONNACK %d", code), bare(http.StatusBadRequest, "the hub speaks MQTT 5 only"))
	return errors.Join(err, errEnd)
}

func (h *mqtt5Hub) caller() call {
	return call{transport: h.transport, remote: h.remote, operation: opHub, deviceID: h.deviceID}
}

// connect decides whether to accept a client.
func (h *mqtt5Hub) connect(p *packets.Connect) error {
	code, refused := h.judge(p)
	switch {
	case refused != nil && refused.delivery.manner == cut:
		return errCut
	case refused != nil && refused.foreign != nil:
		_, err := h.Write(foreignHTTP(refused))
		return errors.Join(err, errEnd)
	}
	answer := &packets.Connack{ReasonCode: code, Properties: &packets.Properties{}}
	if refused == nil {
		answer.Properties.MaximumQOS = new(byte(1)) // assumed, as at a classic hub
	}
	if err := h.send(answer); err != nil {
		return err
	}
	with := fmt.Sprintf("CONNACK 0x%02X", code)
	if refused != nil {
		h.reportRefused(h.caller(), with, refused)
		return errEnd
	}
	h.reportAccepted(h.caller(), with)
	h.connected, h.patience = true, patienceWith(p.KeepAlive, h.idle)
	return nil
}

// judge checks a client, which has a certificate and no token. The form of the user name is
// that of a classic hub, if there is one at all (assumed).
func (h *mqtt5Hub) judge(p *packets.Connect) (code byte, refused *refusal) {
	claim := hubClaim{deviceID: p.ClientID}
	if p.UsernameFlag {
		var err error
		if claim, err = parseHubUsername(p.Username); err != nil {
			return packets.ConnackBadUsernameOrPassword, bare(http.StatusBadRequest, err.Error())
		}
	}
	if p.ClientID != claim.deviceID {
		return packets.ConnackInvalidClientID, bare(http.StatusBadRequest, "the client id is not the device id of the user name")
	}
	h.deviceID = claim.deviceID
	if p.PasswordFlag {
		return packets.ConnackBadAuthenticationMethod, badToken("a hub of MQTT 5 takes certificates only")
	}
	claim.credential = credential{chain: h.chain}
	if refused := h.service.enterHub(claim, h.session); refused != nil {
		return reasonOf(refused.status), refused
	}
	return packets.ConnackSuccess, nil
}

// reasonOf returns the reason code of a refusal; which ones the service uses is assumed.
func reasonOf(status int) byte {
	switch {
	case status == http.StatusTooManyRequests:
		return packets.ConnackConnectionRateExceeded
	case status >= http.StatusInternalServerError:
		return packets.ConnackServerUnavailable
	}
	return packets.ConnackNotAuthorized
}

// subscribe grants at most QoS 1, and only the filters of the hub: there are no subscriptions
// to own topics (learn.microsoft.com: iot-hub/mqtt-v5-capabilities).
func (h *mqtt5Hub) subscribe(p *packets.Subscribe) error {
	answer := &packets.Suback{Properties: &packets.Properties{}, PacketID: p.PacketID}
	for _, wanted := range p.Subscriptions {
		reason := byte(packets.SubackTopicFilterinvalid)
		if slices.Contains([]string{filterTwin, filterDesired, filterMethods}, wanted.Topic) {
			reason = min(wanted.QoS, 1)
		}
		answer.Reasons = append(answer.Reasons, reason)
	}
	return h.send(answer)
}

// publish takes telemetry to any topic, which is not kept.
func (h *mqtt5Hub) publish(p *packets.Publish) error {
	switch p.QoS {
	case 0:
		return nil
	case 1:
		return h.send(&packets.Puback{Properties: &packets.Properties{}, PacketID: p.PacketID})
	}
	return errors.New("a PUBLISH with QoS 2")
}
