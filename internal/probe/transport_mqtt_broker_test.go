package probe_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// broker is the service over MQTT, with one handler per packet; a nil handler answers like
// a healthy service.
type broker struct {
	connect   func(*peer, connecting)
	subscribe func(*peer, subscribing)
	register  func(*peer, call)
	status    func(*peer, call)
	goodbye   func()      // after a DISCONNECT
	tls       *tls.Config // changes to the listener
}

// peer is the client as a handler sees it.
type peer struct {
	conn  net.Conn
	id    uint16         // of the last packet published
	calls map[string]int // number of calls, by the topic's path
}

// The argument of a handler: a packet, or a request of the device API.
type (
	connecting  = *packets.ConnectPacket
	subscribing = *packets.SubscribePacket
)

// call is a request of the device API.
type call struct {
	rid    string
	number int // number among the calls of its type, from 1
	packet *packets.PublishPacket
}

const (
	registering = `{"operationId":"op1","status":"assigning"}`
	registered  = `{"operationId":"op1","status":"assigned","registrationState":{"registrationId":"dev-01","status":"assigned","assignedHub":"hub.example","deviceId":"dev-01"}}`
)

// serve answers one client until either side closes the connection.
func (b broker) serve(conn net.Conn) {
	p := &peer{conn: conn, calls: map[string]int{}}
	for {
		packet, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		switch packet := packet.(type) {
		case *packets.ConnectPacket:
			orHealthy(b.connect, connack(packets.Accepted))(p, packet)
		case *packets.SubscribePacket:
			orHealthy(b.subscribe, suback(1))(p, packet)
		case *packets.PublishPacket:
			b.call(p, packet)
		case *packets.DisconnectPacket:
			if b.goodbye != nil {
				b.goodbye()
			}
			return
		}
	}
}

func (b broker) call(p *peer, packet *packets.PublishPacket) {
	path, query, _ := strings.Cut(packet.TopicName, "/?$")
	rid, _, _ := strings.Cut(strings.TrimPrefix(query, "rid="), "&")
	p.calls[path]++
	c := call{rid: rid, number: p.calls[path], packet: packet}
	if path == "$dps/registrations/PUT/iotdps-register" {
		orHealthy(b.register, reply(202, "0", registering))(p, c)
		return
	}
	orHealthy(b.status, reply(200, "", registered))(p, c)
}

// orHealthy returns f, or the healthy behaviour if f is nil.
func orHealthy[T any](f, healthy func(*peer, T)) func(*peer, T) {
	if f != nil {
		return f
	}
	return healthy
}

// then combines two handlers into one.
func then[T any](one, two func(*peer, T)) func(*peer, T) {
	return func(p *peer, v T) { one(p, v); two(p, v) }
}

// thenCut closes the connection after a handler.
func thenCut[T any](h func(*peer, T)) func(*peer, T) { return then(h, cut[T]) }

// first answers a client's first call with one handler and all others with another.
func first(now, later func(*peer, call)) func(*peer, call) {
	return func(p *peer, c call) {
		if c.number == 1 {
			now(p, c)
			return
		}
		later(p, c)
	}
}

func connack(code byte) func(*peer, connecting) {
	return func(p *peer, _ connecting) {
		ack := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
		ack.ReturnCode = code
		ack.Write(p.conn)
	}
}

func suback(codes ...byte) func(*peer, subscribing) {
	return func(p *peer, sub subscribing) {
		ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
		ack.MessageID, ack.ReturnCodes = sub.MessageID, codes
		ack.Write(p.conn)
	}
}

// reply acknowledges a call and answers it.
func reply(status int, retryAfter, body string) func(*peer, call) {
	return then(puback, response(status, retryAfter, body))
}

func puback(p *peer, c call) {
	ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	ack.MessageID = c.packet.MessageID
	ack.Write(p.conn)
}

// response answers a call without acknowledging it.
func response(status int, retryAfter, body string) func(*peer, call) {
	return func(p *peer, c call) { p.publish(dps.MQTTResponseTopic(status, c.rid, retryAfter), body) }
}

// responseTo answers another call.
func responseTo(rid string, status int, body string) func(*peer, call) {
	return func(p *peer, _ call) { p.publish(dps.MQTTResponseTopic(status, rid, ""), body) }
}

func (p *peer) publish(topic, body string) {
	p.id++
	packet := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	packet.Qos, packet.MessageID = 1, p.id
	packet.TopicName, packet.Payload = topic, []byte(body)
	packet.Write(p.conn)
}

// silence sends nothing, cut closes the connection and raw sends bytes, whatever the
// request is.
func silence[T any](*peer, T) {}

func cut[T any](p *peer, _ T) { p.conn.Close() }

func raw[T any](bytes string) func(*peer, T) {
	return func(p *peer, _ T) { p.conn.Write([]byte(bytes)) }
}

// carrier is a way to connect to a broker.
type carrier struct {
	name      string
	transport probe.Transport
	start     func(*testing.T, broker) probe.Config
}

// carriers are the two transports that use MQTT.
func carriers() []carrier {
	return []carrier{
		{"mqtt", probe.NewMQTT(), startMQTT},
		{"mqtt-ws", probe.NewMQTTOverWebSocket(), startMQTTOverWebSocket},
	}
}

func startMQTT(t *testing.T, b broker) probe.Config {
	t.Helper()
	config, roots := serverTLS(t)
	if b.tls != nil {
		config.ClientAuth, config.VerifyPeerCertificate = b.tls.ClientAuth, b.tls.VerifyPeerCertificate
	}
	cfg := target(t, listen(t, func(conn net.Conn) {
		conn = tls.Server(conn, config)
		defer conn.Close()
		b.serve(conn)
	}))
	cfg.Roots, cfg.Transports = roots, []probe.Transport{probe.NewMQTT()}
	return cfg
}

func startMQTTOverWebSocket(t *testing.T, b broker) probe.Config {
	t.Helper()
	cfg := startTLS(t, b.tls, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ws, err := websocket.Accept(w, req, &websocket.AcceptOptions{Subprotocols: []string{"mqtt"}})
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		b.serve(websocket.NetConn(context.WithoutCancel(req.Context()), ws, websocket.MessageBinary))
	}))
	cfg.Transports = []probe.Transport{probe.NewMQTTOverWebSocket()}
	return cfg
}

// startTLS is start with changes to the TLS of the listener.
func startTLS(t *testing.T, changes *tls.Config, h http.Handler) probe.Config {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.TLS = changes
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	cfg := target(t, server.Listener.Addr())
	cfg.Roots = roots
	return cfg
}

// serverTLS returns the configuration for a separate listener, and the trust anchor for a
// client.
func serverTLS(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates}, roots
}
