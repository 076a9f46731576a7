package emulator

import (
	"errors"
	"net/http"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// publish serves a call. It is acknowledged before it is answered, which one SDK insists on
// (azure-iot-sdk-csharp provisioning/transport/mqtt/src/ProvisioningChannelHandlerAdapter.cs).
// That QoS 2 and other topics end the connection is assumed.
func (m *mqttConversation) publish(p *packets.PublishPacket) error {
	if p.Qos > 1 {
		return errors.New("PUBLISH with QoS 2")
	}
	request, err := parseTopic(p.TopicName)
	if err != nil {
		return err
	}
	if p.Qos == 1 {
		acknowledgement := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
		acknowledgement.MessageID = p.MessageID
		if err := acknowledgement.Write(m); err != nil {
			return err
		}
	}
	answer := m.answer(request, p.Payload)
	m.report(call{m.transport, m.remote, request.operation, m.registrationID}, answer)
	return m.deliver(answer.delivery, func(f form) error { return m.send(request, answer, f) })
}

func (m *mqttConversation) answer(r mqttRequest, body []byte) response {
	if m.refused != nil {
		return m.service.refuse(m.refused)
	}
	return m.service.call(m.caller, request{operation: r.operation, operationID: r.operationID, body: body})
}

// send publishes an answer, if the client has subscribed to answers.
func (m *mqttConversation) send(r mqttRequest, answer response, f form) error {
	if f == misplaced {
		r.rid, answer = m.service.random.guid(), m.service.refuse(elsewhere())
	}
	body, err := answer.text()
	if err != nil || m.granted == notSubscribed {
		return err
	}
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload, p.Qos = answerTopic(r.rid, answer), body, m.granted
	if p.Qos == 1 {
		p.Dup, p.MessageID = f == again, m.packetID(f)
	}
	return p.Write(m)
}

// packetID returns the id of the packet to publish, which is never 0. What is sent again has
// the id of the first time.
func (m *mqttConversation) packetID(f form) uint16 {
	if f != again {
		m.lastID = m.lastID%0xffff + 1
	}
	return m.lastID
}

// elsewhere is the answer to another request, harmful to who takes it for its own.
func elsewhere() *refusal {
	refused := family(http.StatusUnauthorized).refusal()
	refused.why = "answers a request that was never made"
	return refused
}
