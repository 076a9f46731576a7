package emulator

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// rawMQTT is a device that sends its own packets.
type rawMQTT struct {
	*client
	conn net.Conn
}

// dialMQTT connects without a packet.
func dialMQTT(t *testing.T, d Device) *rawMQTT {
	t.Helper()
	c := newClient(t, d)
	conn, err := c.dial(testContext(t), transportMQTT)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(hang)); err != nil {
		t.Fatal(err)
	}
	return &rawMQTT{client: c, conn: conn}
}

// enterMQTT connects and subscribes.
func enterMQTT(t *testing.T, d Device) *rawMQTT {
	t.Helper()
	r := dialMQTT(t, d)
	r.send(r.connect())
	r.want("CONNACK 0")
	r.subscribe(1, "$dps/registrations/res/#")
	r.want("SUBACK [1]")
	return r
}

func (r *rawMQTT) send(all ...packets.ControlPacket) {
	r.t.Helper()
	for _, p := range all {
		if err := p.Write(r.conn); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rawMQTT) connect(edits ...func(*packets.ConnectPacket)) packets.ControlPacket {
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	d := r.device
	p.ProtocolName, p.ProtocolVersion, p.CleanSession = "MQTT", 4, true
	p.ClientIdentifier = d.RegistrationID
	p.UsernameFlag, p.Username = true, dps.Resource(d.Scope, d.RegistrationID)+"/api-version=2019-03-31"
	p.PasswordFlag, p.Password = !r.token.IsZero(), []byte(r.token.Reveal())
	for _, edit := range edits {
		edit(p)
	}
	return p
}

func (r *rawMQTT) subscribe(qos byte, filters ...string) {
	r.t.Helper()
	p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	p.MessageID = 7
	for _, filter := range filters {
		p.Topics, p.Qoss = append(p.Topics, filter), append(p.Qoss, qos)
	}
	r.send(p)
}

func publish(qos byte, topic, body string) packets.ControlPacket {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.Qos, p.MessageID, p.TopicName, p.Payload = qos, 9, "$dps/registrations/"+topic, []byte(body)
	return p
}

const (
	registerOne = "PUT/iotdps-register/?$rid=1"
	statusOne   = "GET/iotdps-get-operationstatus/?$rid=1&operationId="
)

// next reads a packet and summarises it, without the body of a PUBLISH.
func (r *rawMQTT) next() (summary string, body string) {
	r.t.Helper()
	packet, err := packets.ReadPacket(r.conn)
	if err != nil {
		return causeOf(err), ""
	}
	switch p := packet.(type) {
	case *packets.ConnackPacket:
		if p.SessionPresent {
			return "session present", ""
		}
		return fmt.Sprintf("CONNACK %d", p.ReturnCode), ""
	case *packets.SubackPacket:
		return fmt.Sprintf("SUBACK %d", p.ReturnCodes), ""
	case *packets.PubackPacket:
		return fmt.Sprintf("PUBACK %d", p.MessageID), ""
	case *packets.PublishPacket:
		flags := ""
		if p.Dup {
			flags = " again"
		}
		return fmt.Sprintf("PUBLISH QoS %d%s %s", p.Qos, flags, strings.TrimPrefix(p.TopicName, "$dps/registrations/")), string(p.Payload)
	case *packets.UnsubackPacket:
		return fmt.Sprintf("UNSUBACK %d", p.MessageID), ""
	case *packets.PingrespPacket:
		return "PINGRESP", ""
	}
	return packet.String(), ""
}

// want reads as many packets as there are summaries and compares. It returns the last body.
func (r *rawMQTT) want(summaries ...string) (body string) {
	r.t.Helper()
	for _, want := range summaries {
		var got string
		if got, body = r.next(); got != want {
			r.t.Fatalf("got %q, want %q; body %s", got, want, body)
		}
	}
	return body
}

func (r *rawMQTT) write(text string) {
	r.t.Helper()
	if _, err := io.WriteString(r.conn, text); err != nil {
		r.t.Fatal(err)
	}
}
