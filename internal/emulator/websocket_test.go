package emulator

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"

	"github.com/coder/websocket"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// The paths and subprotocols that the SDKs and others request, and the answers.
func TestWebSocketHandshake(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	tests := map[string]struct {
		path    string
		offered []string
		want    string
	}{
		"Node and Python":        {"/$iothub/websocket", []string{"mqtt"}, "mqtt"},
		"C":                      {"/$iothub/websocket", []string{"MQTT"}, "MQTT"},
		"C#":                     {"/", []string{"mqtt"}, "mqtt"},
		"Java":                   {"/mqtt", []string{"mqtt"}, "mqtt"},
		"AMQP":                   {"/$iothub/websocket", []string{"AMQPWSB10"}, "AMQPWSB10"},
		"AMQP, Java":             {"/$iothub/websocket?iothub-no-client-cert=true", []string{"AMQPWSB10"}, "AMQPWSB10"},
		"AMQP in lower case":     {"/", []string{"amqpwsb10"}, "amqpwsb10"},
		"second of two":          {"/", []string{"mqttv5", "Mqtt"}, "Mqtt"},
		"both":                   {"/", []string{"AMQPWSB10", "mqtt"}, "AMQPWSB10"},
		"a path of the HTTP API": {dps.RegisterPath(defaultScope, keyDevice), []string{"mqtt"}, "mqtt"},
		"MQTT 3.1":               {"/", []string{"mqttv3.1"}, "400 400000 Bad Request"},
		"none":                   {"/", nil, "400 400000 Bad Request"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			socket, err := newClient(t, d).handshake(testContext(t), test.path, test.offered...)
			if refused := new(handshakeError); errors.As(err, refused) {
				refused.want(t, test.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := socket.Subprotocol(); got != test.want {
				t.Errorf("subprotocol %q, want %q", got, test.want)
			}
		})
	}
}

// A handshake that is not valid is refused, with an answer of the service if possible.
func TestWebSocketHandshakeErrors(t *testing.T) {
	t.Parallel()
	c := newClient(t, begin(t, Config{}).Device())
	sound := func(r *http.Request) {
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
			"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "mqtt",
		} {
			r.Header.Set(name, value)
		}
	}
	for name, test := range map[string]struct {
		method string
		edit   func(*http.Request)
		want   int
	}{
		"sound":            {"GET", func(*http.Request) {}, 101},
		"foreign origin":   {"GET", header("Origin", "https://elsewhere.example"), 101},
		"no subprotocol":   {"GET", header("Sec-Websocket-Protocol", ""), 400},
		"no key":           {"GET", header("Sec-Websocket-Key", ""), 400},
		"another version":  {"GET", header("Sec-Websocket-Version", "8"), 400},
		"no Connection":    {"GET", header("Connection", "keep-alive"), 426},
		"POST":             {"POST", func(*http.Request) {}, 405},
		"another protocol": {"GET", header("Upgrade", "h2c"), 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(testContext(t), test.method, "https://"+c.device.at(transportHTTPS)+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			sound(r)
			test.edit(r)
			answer, err := c.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if answer.StatusCode != test.want {
				t.Errorf("status %d, want %d", answer.StatusCode, test.want)
			}
		})
	}
}

// Several packets in one message, and one packet in several messages.
func TestWebSocketMessages(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	for name, size := range map[string]int{"one message": maxWebSocketMessage, "many messages": 1000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &rawMQTT{client: newClient(t, d)}
			large := `{"payload":{"a":"` + strings.Repeat("x", MaxBody-20) + `"}}`
			var all bytes.Buffer
			sub := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
			sub.MessageID, sub.Topics, sub.Qoss = 1, []string{dps.MQTTResponses}, []byte{1}
			for _, p := range []packets.ControlPacket{r.connect(), sub, publish(1, registerOne, large)} {
				if err := p.Write(&all); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			if r.conn, err = r.dial(testContext(t), transportMQTTWS); err != nil {
				t.Fatal(err)
			}
			for all.Len() > 0 {
				if _, err := r.conn.Write(all.Next(size)); err != nil {
					t.Fatal(err)
				}
			}
			r.want("CONNACK 0", "SUBACK [1]", "PUBACK 9", "PUBLISH QoS 1 res/202/?$rid=1&retry-after=0")
		})
	}
}

// Violations of the WebSocket protocol end the connection: text, and messages that are too
// large.
func TestWebSocketRules(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	for name, test := range map[string]struct {
		kind websocket.MessageType
		text string
		want websocket.StatusCode
	}{
		"text":      {websocket.MessageText, "hello", websocket.StatusUnsupportedData},
		"too large": {websocket.MessageBinary, strings.Repeat("\x40\x02\x00\x01", maxWebSocketMessage/4+1), websocket.StatusMessageTooBig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, c := testContext(t), newClient(t, d)
			socket, err := c.handshake(ctx, "/", "mqtt")
			if err != nil {
				t.Fatal(err)
			}
			if test.kind == websocket.MessageBinary {
				own := &rawMQTT{client: c, conn: websocket.NetConn(ctx, socket, websocket.MessageBinary)}
				own.send(own.connect())
				own.want("CONNACK 0")
				socket.SetReadLimit(-1)
			}
			go func() { _ = socket.Write(ctx, test.kind, []byte(test.text)) }() // breaks off when the peer has closed
			for err == nil {
				_, _, err = socket.Read(ctx)
			}
			lost := test.kind == websocket.MessageBinary && websocket.CloseStatus(err) == -1 // including data still in transit
			if got := websocket.CloseStatus(err); got != test.want && !lost {
				t.Errorf("closed with %d (%v), want %d", got, err, test.want)
			}
		})
	}
}

// A device that closes properly gets a proper close, including the WebSocket's.
func TestWebSocketGoodbye(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	for name, goodbye := range map[string]func(context.Context, *websocket.Conn) error{
		"DISCONNECT": func(ctx context.Context, socket *websocket.Conn) error {
			return socket.Write(ctx, websocket.MessageBinary, []byte{0xe0, 0})
		},
		"refused": func(ctx context.Context, socket *websocket.Conn) error {
			return socket.Write(ctx, websocket.MessageBinary, []byte("\x10\x0d\x00\x04MQTT\x03\x02\x00\x00\x00\x01a"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, c := testContext(t), newClient(t, d)
			socket, err := c.handshake(ctx, "/", "mqtt")
			if err != nil {
				t.Fatal(err)
			}
			if name == "DISCONNECT" {
				var hello strings.Builder
				if err := (&rawMQTT{client: c}).connect().Write(&hello); err != nil {
					t.Fatal(err)
				}
				if err := socket.Write(ctx, websocket.MessageBinary, []byte(hello.String())); err != nil {
					t.Fatal(err)
				}
			}
			if err := goodbye(ctx, socket); err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, _, err = socket.Read(ctx)
			}
			if got := websocket.CloseStatus(err); got != websocket.StatusNormalClosure {
				t.Errorf("closed with %d: %v", got, err)
			}
		})
	}
}

// A device may use AMQP with the certificate of the WebSocket's connection.
func TestWebSocketCarriesTheCertificate(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{Scenario: "cert-expired"}).Device()
	c := newClient(t, d)
	conn, err := c.dial(testContext(t), transportAMQPWS)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(hang)); err != nil {
		t.Fatal(err)
	}
	r := &rawAMQP{client: c, conn: conn}
	r.hello()
	r.send(&amqp.Open{ContainerID: "test"})
	if _, told := expect[*amqp.Open](r).Properties.Get("com.microsoft:open-error"); !told {
		t.Error("the certificate is not refused")
	}
}
