package emulator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"time"

	"github.com/coder/websocket"
)

const (
	// maxUnread bounds what is read and dropped of a peer that is told to go, in bytes.
	maxUnread = 64 << 10
	// lingerTimeout is how long such a peer has for going.
	lingerTimeout = 5 * time.Second
)

// stream is a connection on which a device speaks MQTT or AMQP: TLS itself, or a WebSocket
// in it.
type stream struct {
	net.Conn
	transport string
	remote    string
	chain     []*x509.Certificate // that the device presented, leaf first

	farewell func() error // says that nothing more is sent; may wait for the peer to say so too
	raw      io.Closer    // what TLS runs on
}

// newTLSStream returns the stream of a connection after its handshake.
func newTLSStream(transport string, conn *tls.Conn) *stream {
	return &stream{
		Conn: conn, transport: transport, remote: conn.RemoteAddr().String(),
		chain: conn.ConnectionState().PeerCertificates, farewell: conn.CloseWrite, raw: conn.NetConn(),
	}
}

// newWebSocketStream returns the stream inside a WebSocket on conn.
func newWebSocketStream(ctx context.Context, transport string, conn *tls.Conn, socket *websocket.Conn) *stream {
	s := newTLSStream(transport, conn)
	s.Conn = websocket.NetConn(ctx, socket, websocket.MessageBinary)
	socket.SetReadLimit(maxWebSocketMessage) // NetConn has taken the limit away
	s.farewell = func() error { return socket.Close(websocket.StatusNormalClosure, "") }
	return s
}

// Write writes all of b, for which a peer that does not read has writeTimeout.
func (s *stream) Write(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return s.Conn.Write(b)
}

// expect bounds the wait for what the peer sends next.
func (s *stream) expect(within time.Duration) error {
	return s.SetReadDeadline(time.Now().Add(within))
}

// drop closes the connection without a word.
func (s *stream) drop() { _ = s.raw.Close() } // there is no one left to tell

// hangUp closes the connection after the last words to the peer.
func (s *stream) hangUp() {
	s.part(func() { _, _ = io.Copy(io.Discard, io.LimitReader(s.Conn, maxUnread)) }) // any end will do
	s.drop()
}

// part lets the peer have what was sent to it: to close while bytes of the peer wait unread
// could cost it that. exhaust reads those until there are no more.
func (s *stream) part(exhaust func()) {
	if s.farewell() == nil && s.expect(lingerTimeout) == nil {
		exhaust()
	}
}
