package emulator

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// recording is a connection with fixed input that records what is written to it.
type recording struct {
	net.Conn
	in  *strings.Reader
	out bytes.Buffer
}

func (r *recording) Read(b []byte) (int, error)       { return r.in.Read(b) }
func (r *recording) Write(b []byte) (int, error)      { return r.out.Write(b) }
func (r *recording) Close() error                     { return nil }
func (r *recording) SetDeadline(time.Time) error      { return nil }
func (r *recording) SetReadDeadline(time.Time) error  { return nil }
func (r *recording) SetWriteDeadline(time.Time) error { return nil }

// said returns the answer of speak to input.
func said(speak func(context.Context, *stream) error, input string) []byte {
	conn := &recording{in: strings.NewReader(input)}
	_ = speak(context.Background(), pipeStream(conn)) // any error will do
	return conn.out.Bytes()
}

// fuzzFront is a healthy service with every kind of delivery.
func fuzzFront(f *testing.F) (*front, *world) {
	f.Helper()
	w, err := newWorld(Config{Now: atNoon, Random: seed()}.withDefaults(), &store{})
	if err != nil {
		f.Fatal(err)
	}
	w.service.faults = []*fault{
		{on: []operation{opRegister}, times: 2, answer: answer{delivery: delivery{manner: duplicate}}},
		{on: []operation{opRegister}, times: 2, answer: answer{delivery: delivery{manner: other}}},
		{on: []operation{opStatus}, times: 1, answer: answer{delivery: delivery{manner: late}}},
	}
	return &front{service: newService(w.service, atNoon, w.mint.random), log: slog.New(slog.DiscardHandler), idle: time.Minute}, w
}

// For any input over MQTT, the output is MQTT packets.
func FuzzMQTT(f *testing.F) {
	own, w := fuzzFront(f)
	device := *w.device(SymmetricKey)
	r := &rawMQTT{client: &client{device: device, token: dps.Sign(w.key, dps.Resource(defaultScope, keyDevice), noon.Add(time.Hour))}}
	sub := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	sub.MessageID, sub.Topics, sub.Qoss = 1, []string{dps.MQTTResponses}, []byte{1}
	var session bytes.Buffer
	for _, p := range []packets.ControlPacket{r.connect(), sub} {
		if err := p.Write(&session); err != nil {
			f.Fatal(err)
		}
	}
	hello := session.String()
	for _, p := range []packets.ControlPacket{
		publish(1, registerOne, `{"registrationId":"sandbox-key-01"}`), publish(0, statusOne+"4.00.00", " "), publish(2, "", ""),
		packets.NewControlPacket(packets.Pingreq), packets.NewControlPacket(packets.Disconnect), packets.NewControlPacket(packets.Unsubscribe),
	} {
		session.Reset()
		if err := p.Write(&session); err != nil {
			f.Fatal(err)
		}
		f.Add(true, session.String())
	}
	for _, text := range garbage() {
		f.Add(false, text)
	}
	f.Fuzz(func(t *testing.T, opened bool, input string) {
		if opened {
			input = hello + input
		}
		for out := bytes.NewReader(said(own.speakMQTT, input)); out.Len() > 0; {
			packet, err := packets.ReadPacket(out)
			if err != nil {
				t.Fatal(err)
			}
			p, ok := packet.(*packets.PublishPacket)
			if !ok {
				continue
			}
			if _, _, _, ok := dps.ParseResponseTopic(p.TopicName); !ok {
				t.Errorf("published on %q", p.TopicName)
			}
		}
	})
}

// For any input over MQTT to the hub, the output is MQTT packets.
func FuzzHubMQTT(f *testing.F) {
	own, w := fuzzFront(f)
	own.service.stub = "localhost:8883"
	own.service.registry.admit(own.service.registry.open(keyDevice), keyDevice, hubCredential{keys: []dps.Key{w.key}})
	r := &rawMQTT{client: &client{device: *w.device(SymmetricKey), token: hubToken(w.key, "localhost/devices/"+keyDevice, noon.Add(time.Hour))}}
	opening := r.connect(func(p *packets.ConnectPacket) { p.Username = "localhost/" + keyDevice + "/?api-version=2021-04-12" })
	sub := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	sub.MessageID, sub.Topics, sub.Qoss = 1, []string{filterTwin}, []byte{1}
	written := func(all ...packets.ControlPacket) string {
		var text bytes.Buffer
		for _, p := range all {
			if err := p.Write(&text); err != nil {
				f.Fatal(err)
			}
		}
		return text.String()
	}
	hello := written(opening, sub)
	for _, p := range []packets.ControlPacket{
		hubPublish(1, "devices/"+keyDevice+"/messages/events/", "{}"), hubPublish(0, "$iothub/twin/GET/?$rid=1", ""),
		hubPublish(1, "$iothub/twin/PATCH/properties/reported/?$rid=2", "{}"), hubPublish(0, "$iothub/methods/res/200/?$rid=1", ""),
		packets.NewControlPacket(packets.Unsubscribe), packets.NewControlPacket(packets.Disconnect),
	} {
		f.Add(true, written(p))
		f.Add(false, written(opening, p))
	}
	f.Fuzz(func(t *testing.T, opened bool, input string) {
		if opened {
			input = hello + input
		}
		for out := bytes.NewReader(said(own.speakHubMQTT, input)); out.Len() > 0; {
			packet, err := packets.ReadPacket(out)
			if err != nil {
				t.Fatal(err)
			}
			if p, ok := packet.(*packets.PublishPacket); ok && !strings.HasPrefix(p.TopicName, topicTwinAnswer) {
				t.Errorf("published on %q", p.TopicName)
			}
		}
		if known := len(own.service.registry.devices); known != 1 {
			t.Errorf("the hub knows %d devices", known)
		}
	})
}

// For any input over AMQP, the output is AMQP headers and frames.
func FuzzAMQP(f *testing.F) {
	own, w := fuzzFront(f)
	address := dps.Resource(defaultScope, keyDevice)
	token := dps.Sign(w.key, address, noon.Add(time.Hour)).Reveal()
	r := &rawAMQP{client: &client{device: *w.device(SymmetricKey)}}
	frames := func(bodies ...amqp.Composite) string {
		var all []byte
		for _, body := range bodies {
			var err error
			if all, err = amqp.AppendFrame(all, amqp.Frame{Channel: r.channelOf(body), Body: body}); err != nil {
				f.Fatal(err)
			}
		}
		return string(all)
	}
	login, err := amqp.AppendFrame([]byte("AMQP\x03\x01\x00\x00"), amqp.Frame{
		Type: amqp.FrameSASL, Body: &amqp.SASLInit{Mechanism: "PLAIN", InitialResponse: amqp.PlainResponse(address, token)},
	})
	if err != nil {
		f.Fatal(err)
	}
	hello := string(login) + "AMQP\x00\x01\x00\x00" + frames(&amqp.Open{ContainerID: "test", MaxFrameSize: new(uint32(512))},
		&amqp.Begin{IncomingWindow: 100, OutgoingWindow: 100}, r.attachReceiver(address), r.attachSender(address))
	var register bytes.Buffer
	payload, err := registerMessage("id", '{', '}').Encode()
	if err != nil {
		f.Fatal(err)
	}
	transfer := amqp.Transfer{Handle: requests, DeliveryID: new(uint32(0)), DeliveryTag: []byte{0}}
	if _, err := amqp.WriteTransfer(&register, channel, transfer, payload, 60); err != nil {
		f.Fatal(err)
	}
	credit := frames(&amqp.Flow{NextIncomingID: new(uint32(0)), IncomingWindow: 9, OutgoingWindow: 1, Handle: new(uint32(answers)), DeliveryCount: new(uint32(0)), LinkCredit: new(uint32(5)), Drain: true})
	f.Add(true, register.String()+credit+register.String())
	f.Add(true, frames(&amqp.Detach{Handle: answers, Closed: true}, &amqp.Disposition{Role: amqp.RoleReceiver, State: &amqp.Accepted{}}, &amqp.End{}, &amqp.Close{}))
	f.Add(false, "AMQP\x00\x01\x00\x00"+frames(&amqp.Begin{}, &amqp.Open{ContainerID: "test", IdleTimeOut: 1}))
	f.Add(false, string(login[:40]))
	for _, text := range garbage() {
		f.Add(true, text)
		f.Add(false, text)
	}
	f.Fuzz(func(t *testing.T, opened bool, input string) {
		if opened {
			input = hello + input
		}
		for out := bytes.NewBuffer(said(own.speakAMQP, input)); out.Len() > 0; {
			if bytes.HasPrefix(out.Bytes(), []byte("AMQP")) {
				if header, err := amqp.ReadProtocol(out); err != nil || header.Major != 1 {
					t.Fatalf("header %s, %v", header, err)
				}
				continue
			}
			if _, err := (amqp.Limits{}).ReadFrame(out); err != nil {
				t.Fatal(err)
			}
		}
	})
}
