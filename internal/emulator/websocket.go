package emulator

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// maxWebSocketMessage bounds one message of a WebSocket, in bytes. A device may put several
// packets or frames into one.
const maxWebSocketMessage = 256 << 10

// subprotocol is something to speak over a WebSocket.
type subprotocol struct {
	name      string
	transport string
	speak     func(context.Context, *stream) error
}

// subprotocols lists what is spoken over WebSockets, at any path: the SDKs do not agree on
// one (azure-iot-sdk-node common/transport/amqp/src/amqp.ts, azure-iot-sdk-csharp
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

// choose returns the first subprotocol that r offers and the emulator speaks, and how r
// spells it, which is how the SDKs want to read it again.
func (f *front) choose(r *http.Request) (chosen subprotocol, spelling string, ok bool) {
	for _, offered := range tokens(r.Header, "Sec-WebSocket-Protocol") {
		for _, known := range f.subprotocols() {
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

// upgrade makes a WebSocket of the connection and speaks over it until it ends. A refusal
// that every caller meets is told in terms of HTTP, before there is a WebSocket (assumed).
func (h *httpHandler) upgrade(w http.ResponseWriter, r *http.Request) {
	asked := route{operation: opConnect}
	if refused := h.intercept(); refused != nil && refused.delivery.manner == "" {
		h.send(w, r, asked, h.service.refuse(refused))
		return
	}
	chosen, spelling, ok := h.choose(r)
	conn, secure := connOf(r)
	if !ok || !secure { // assumed
		h.send(w, r, asked, h.refuse(http.StatusBadRequest, "no subprotocol that is spoken here is offered"))
		return
	}
	h.webSockets.Add(1)
	defer h.webSockets.Done()
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{spelling},
		InsecureSkipVerify: true, // a device shows a credential that no web page has, whatever its origin
	})
	if err == nil {
		err = h.converseOver(r.Context(), newWebSocketStream(r.Context(), chosen.transport, conn, socket), chosen)
	}
	h.reportEnd(chosen.transport, r.RemoteAddr, err)
}

// converseOver speaks on s until it ends, and ends it with ctx.
func (h *httpHandler) converseOver(ctx context.Context, s *stream, p subprotocol) error {
	stop := context.AfterFunc(ctx, s.drop)
	defer stop()
	defer s.Close() // stops the timers of its deadlines
	return p.speak(ctx, s)
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// withConn is http.Server.ConnContext.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// connOf returns the connection that r came on.
func connOf(r *http.Request) (conn *tls.Conn, ok bool) {
	conn, ok = r.Context().Value(connKey{}).(*tls.Conn)
	return conn, ok
}
