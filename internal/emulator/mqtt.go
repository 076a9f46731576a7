package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"dpsdiag/internal/dps"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	mqttName  = "MQTT"
	mqttLevel = 4 // of MQTT 3.1.1, the only one served

	// maxKeepAlive bounds the keep-alive that a client may ask for: the ceiling of IoT Hub
	// (learn.microsoft.com: iot/iot-mqtt-connect-to-iot-hub), assumed for this service.
	maxKeepAlive = 1177 * time.Second

	subackFailure = 0x80
	notSubscribed = 0xff
)

// mqttConversation serves one MQTT connection. The service is no broker: a client talks to
// it and to no other client.
type mqttConversation struct {
	conversation
	*front
	connected      bool
	registrationID string
	caller         *caller
	refused        *refusal // in place of caller: what every call is answered with
	granted        byte     // QoS of the subscription to answers, or notSubscribed
	lastID         uint16   // of a packet that we published
}

// speakMQTT serves a connection until it ends.
func (f *front) speakMQTT(ctx context.Context, s *stream) error {
	m := &mqttConversation{front: f, conversation: conversation{stream: s, patience: readTimeout}, granted: notSubscribed}
	read := func() (packets.ControlPacket, error) { return readPacket(s) }
	return converse(ctx, &m.conversation, read, m.handle)
}

// handle serves one packet. What MQTT forbids ends the connection without an answer, as
// MQTT 3.1.1 demands (4.8).
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
		return nil // answers are not sent a second time, acknowledged or not
	case *packets.PingreqPacket:
		return packets.NewControlPacket(packets.Pingresp).Write(m)
	case *packets.DisconnectPacket:
		return errEnd
	}
	return fmt.Errorf("%T from a client", packet)
}

// connect decides about a client. Whatever it asks for, there is no session to come back to.
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
	m.connected, m.refused, m.patience = true, refused, m.patienceWith(p.Keepalive)
	return nil
}

func (m *mqttConversation) tell(with string, refused *refusal) {
	m.reportRefused(call{transport: m.transport, remote: m.remote, registrationID: m.registrationID}, with, refused)
}

// patienceWith is how long a client may be silent that promised to be heard of every so
// many seconds: half as long again (MQTT 3.1.1, 3.1.2.10).
func (m *mqttConversation) patienceWith(keepAlive uint16) time.Duration {
	if keepAlive == 0 {
		return m.idle
	}
	return min(time.Duration(keepAlive)*time.Second, maxKeepAlive) * 3 / 2
}

// judge returns the return code for a client, with the reason unless it is a caller now.
func (m *mqttConversation) judge(p *packets.ConnectPacket) (code byte, refused *refusal) {
	if p.ProtocolName != mqttName || p.ProtocolVersion != mqttLevel {
		return packets.ErrRefusedBadProtocolVersion, bare(http.StatusBadRequest, "not MQTT 3.1.1")
	}
	claim, err := parseUsername(p.Username)
	if err != nil { // assumed
		return packets.ErrRefusedBadUsernameOrPassword, bare(http.StatusBadRequest, err.Error())
	}
	m.registrationID = claim.registrationID
	if !strings.EqualFold(p.ClientIdentifier, claim.registrationID) { // assumed
		return packets.ErrRefusedIDRejected, bare(http.StatusBadRequest, "the client id is not the registration id of the user name")
	}
	claim.credential = credential{token: dps.NewSecret(string(p.Password)), chain: m.chain}
	m.caller, refused = m.service.authenticate(claim)
	if refused == nil && m.caller.enrollment.tpm != nil { // learn.microsoft.com: concepts-tpm-attestation
		m.caller, refused = nil, badToken("TPM attestation does not exist over MQTT")
	}
	if refused == nil {
		return packets.Accepted, nil
	}
	return connackCode(refused), refused
}

// connackCode returns the return code that refuses a connection, or Accepted where the
// service takes the connection and refuses the calls on it, as it does with a certificate
// (azure-sdk-for-c sdk/src/azure/iot/az_iot_provisioning_client.c). Code 5 for a token is
// seen in GitHub issue Azure/azure-iot-sdk-python#709, code 3 for an id scope in #670 there;
// the others are assumed.
func connackCode(refused *refusal) byte {
	switch refused.reason {
	case reasonScope:
		return packets.ErrRefusedServerUnavailable
	case reasonToken, reasonEnrollment:
		return packets.ErrRefusedNotAuthorised
	case reasonFault:
		return connackOfFault(refused.status)
	}
	return packets.Accepted
}

func connackOfFault(status int) byte {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return packets.ErrRefusedNotAuthorised
	case status == http.StatusNotFound, status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return packets.ErrRefusedServerUnavailable
	}
	return packets.Accepted
}

// subscribe grants at most QoS 1, and answers alone: nothing else can be subscribed to
// (learn.microsoft.com: iot-dps/iot-mqtt-connect-to-iot-dps). How the service refuses
// another filter is assumed.
func (m *mqttConversation) subscribe(p *packets.SubscribePacket) error {
	if len(p.Topics) == 0 {
		return errors.New("SUBSCRIBE to nothing")
	}
	answer := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	answer.MessageID = p.MessageID
	opened := false
	for i, filter := range p.Topics {
		granted := byte(subackFailure)
		if filter == filterAnswers {
			granted = min(p.Qoss[i], 1)
			m.granted, opened = granted, true
		}
		answer.ReturnCodes = append(answer.ReturnCodes, granted)
	}
	if err := answer.Write(m); err != nil {
		return err
	}
	if opened && m.caller != nil && m.service.subscribe(m.caller) {
		return errCut
	}
	return nil
}

func (m *mqttConversation) unsubscribe(p *packets.UnsubscribePacket) error {
	for _, filter := range p.Topics {
		if filter == filterAnswers {
			m.granted = notSubscribed
		}
	}
	answer := packets.NewControlPacket(packets.Unsuback).(*packets.UnsubackPacket)
	answer.MessageID = p.MessageID
	return answer.Write(m)
}
