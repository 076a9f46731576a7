package emulator

import (
	"errors"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// publish serves a message. It is acknowledged before it is answered, as one SDK requires
// (azure-iot-sdk-csharp provisioning/transport/mqtt/src/
// ProvisioningChannelHandlerAdapter.cs). That QoS 2 ends the connection is documented for
// the hub (learn.microsoft.com: iot/iot-mqtt-connect-to-iot-hub) and assumed for the
// service; that other topics do so too is assumed.
func (m *mqttConversation) publish(p *packets.PublishPacket) error {
	if p.Qos > 1 {
		return errors.New("PUBLISH with QoS 2")
	}
	answer, err := m.peer.read(p)
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
	return answer()
}

// post publishes to the client, if it has subscribed to the filter.
func (m *mqttConversation) post(filter, topic string, body []byte, f form) error {
	qos, subscribed := m.granted[filter]
	if !subscribed {
		return nil
	}
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload, p.Qos = topic, body, qos
	if qos == 1 {
		p.Dup, p.MessageID = f == again, m.packetID(f)
	}
	return p.Write(m)
}

// packetID returns the id of the packet to publish, which is never 0. A packet that is sent
// again keeps its id.
func (m *mqttConversation) packetID(f form) uint16 {
	if f != again {
		m.lastID = m.lastID%0xffff + 1
	}
	return m.lastID
}
