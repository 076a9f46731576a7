package probe

import (
	"context"
	"net"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// hubMQTT asks a hub over MQTT 3.1.1: CONNECT, and DISCONNECT after the CONNACK
// (learn.microsoft.com: iot/iot-mqtt-connect-to-iot-hub).
type hubMQTT struct{ overWebSocket bool }

func (h hubMQTT) transport() Transport { return mqttTransport(h) }

func (h hubMQTT) name() TransportID { return h.transport().ID() }

func (hubMQTT) dropsDevice() bool { return true }

func (h hubMQTT) ask(ctx context.Context, dial Dialer, hub hubTarget, id Identity) Opening {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, opening := mqttTransport(h).dial(ctx, dial, hub.endpoint, id.redactor())
	if conn == nil {
		return opening
	}
	defer conn.Close()
	longAgo := time.Unix(1, 0)
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(longAgo) })()
	opening.Layer, opening.Status = LayerMQTTConnect, 0
	if err := connectToHub(conn, hub, id); err != nil {
		opening.failMQTT(err)
		if ctx.Err() != nil {
			opening.Failure = netfail.Classify(ctx.Err())
		}
	}
	return opening
}

// connectToHub connects as the device. It requests a persistent session, so that the hub keeps
// what it stores for the device; it acknowledges no message.
func connectToHub(conn net.Conn, hub hubTarget, id Identity) error {
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion = "MQTT", 4
	connect.ClientIdentifier = hub.deviceID
	connect.UsernameFlag, connect.Username = true, dps.HubMQTTUsername(hub.name, hub.deviceID)
	if !id.Token.IsZero() {
		connect.PasswordFlag, connect.Password = true, []byte(id.Token.Reveal())
	}
	connect.Keepalive = uint16(mqttKeepAlive.Seconds())
	if err := connect.Write(conn); err != nil {
		return err
	}
	if _, err := newMQTTWire(conn).next(); err != nil {
		return err
	}
	// The hub has answered. The DISCONNECT need not arrive: the connection ends anyway.
	_ = packets.NewControlPacket(packets.Disconnect).Write(conn)
	return nil
}
