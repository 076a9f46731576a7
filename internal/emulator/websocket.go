package emulator

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// maxWebSocketMessage is the maximum size of a WebSocket message in bytes. A device may put
// several packets or frames into one.
const maxWebSocketMessage = 320 << 10

// subprotocol is a protocol for use over a WebSocket.
type subprotocol struct {
	name      string
	transport string
	speak     func(context.Context, *stream) error
}

// webSockets upgrades connections to WebSockets and serves the subprotocols.
type webSockets struct {
	*front
	spoken []subprotocol
	open   sync.WaitGroup // of handlers whose connection was taken from net/http
}

// subprotocols lists the service's protocols over WebSockets, at any path: the SDKs do not
// agree on one (azure-iot-sdk-node common/transport/amqp/src/amqp.ts, azure-iot-sdk-csharp
// provisioning/transport/mqtt/src/ProvisioningTransportHandlerMqtt.cs).
func (f *front) subprotocols() []subprotocol {
	return []subprotocol{
		{"mqtt", transportMQTTWS, f.speakMQTT},
		{"AMQPWSB10", transportAMQPWS, f.speakAMQP},
	}
}

// wantsWebSocket reports whether r asks for a WebSocket.
func wantsWebSocket(r *http.Request) bool {
	for _, protocol := range tokens(r.Header, "Upgrade") {
		if strings.EqualFold(protocol, "websocket") {
			return true
		}
	}
	return false
}

// choose returns the first subprotocol that both r and the emulator support, and its
// spelling in r, which the SDKs expect in the answer.
func (s *webSockets) choose(r *http.Request) (chosen subprotocol, spelling string, ok bool) {
	for _, offered := range tokens(r.Header, "Sec-WebSocket-Protocol") {
		for _, known := range s.spoken {
			if strings.EqualFold(offered, known.name) {
				return known, offered, true
			}
		}
	}
	return subprotocol{}, "", false
}

// tokens returns the comma-separated parts of a header.
func tokens(header http.Header, name string) []string {
	parts := strings.Split(strings.Join(header.Values(name), ","), ",")
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
	}
	return parts
}

// serveWebSocket answers a request for a WebSocket. A refusal for every caller is sent as
// an HTTP answer, before there is a WebSocket (assumed).
func (h *httpHandler) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	asked := call{transport: transportHTTPS, remote: r.RemoteAddr, operation: opConnect}
	if refused := h.intercept(); refused != nil && refused.delivery.manner == "" {
		h.send(w, r, asked, "", h.service.refuse(refused))
		return
	}
	h.upgrade(w, r, func(refused *refusal) { h.send(w, r, asked, "", h.service.refuse(refused)) })
}

// upgrade makes a WebSocket of the connection and serves it until it ends. If that is not
// possible, refuse sends an HTTP answer.
func (s *webSockets) upgrade(w http.ResponseWriter, r *http.Request, refuse func(*refusal)) {
	chosen, spelling, ok := s.choose(r)
	secure, outer, isSecure := connOf(r)
	if !ok || !isSecure { // assumed
		refuse(bare(http.StatusBadRequest, "no subprotocol that is spoken here is offered"))
		return
	}
	s.open.Add(1)
	defer s.open.Done()
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{spelling},
		InsecureSkipVerify: true, // a device sends a credential that no web page has, whatever its origin
	})
	if err == nil {
		defer outer.Close()
		err = s.converseOver(r.Context(), newWebSocketStream(r.Context(), chosen.transport, secure, socket), chosen)
	}
	s.reportEnd(chosen.transport, r.RemoteAddr, err)
}

// converseOver serves a stream until it ends, and ends it with ctx.
func (s *webSockets) converseOver(ctx context.Context, on *stream, p subprotocol) error {
	stop := context.AfterFunc(ctx, on.drop)
	defer stop()
	defer on.Close() // stops the timers of its deadlines
	return p.speak(ctx, on)
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// withConn is http.Server.ConnContext.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// connOf returns the TLS connection of r, and the same connection as net/http has it.
func connOf(r *http.Request) (secure *tls.Conn, outer net.Conn, ok bool) {
	switch conn := r.Context().Value(connKey{}).(type) {
	case *tls.Conn:
		return conn, conn, true
	case *peekedConn:
		return conn.Conn, conn, true
	}
	return nil, nil, false
}
