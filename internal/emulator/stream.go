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
	// maxUnread is the maximum number of bytes read and discarded from a refused peer, before
	// the connection is closed.
	maxUnread = 64 << 10
	// lingerTimeout is how long a peer may take to disconnect after the last data to it.
	lingerTimeout = 5 * time.Second
)

// stream is the connection of a device over MQTT or AMQP: TLS itself, or a WebSocket in it.
type stream struct {
	net.Conn
	transport string
	remote    string
	chain     []*x509.Certificate // that the device presented, leaf first

	farewell func() error // signals that nothing more is sent; may wait for the peer to do the same
	raw      io.Closer    // the connection under TLS
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
	socket.SetReadLimit(maxWebSocketMessage) // NetConn has removed the limit
	s.farewell = func() error { return socket.Close(websocket.StatusNormalClosure, "") }
	return s
}

// Write writes all of b; a peer that does not read has writeTimeout for it.
func (s *stream) Write(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return s.Conn.Write(b)
}

// expect limits the wait for the peer's next data.
func (s *stream) expect(within time.Duration) error {
	return s.SetReadDeadline(time.Now().Add(within))
}

// drop closes the connection without notice.
func (s *stream) drop() { _ = s.raw.Close() } // no peer to report the error to

// hangUp closes the connection after the last data to the peer.
func (s *stream) hangUp() {
	s.part(func() { _, _ = io.Copy(io.Discard, io.LimitReader(s.Conn, maxUnread)) }) // any error will do
	s.drop()
}

// part lets the peer receive the data sent to it, which could be lost if the connection
// were closed while bytes of the peer are unread. exhaust reads the rest of them.
func (s *stream) part(exhaust func()) {
	if s.farewell() == nil && s.expect(lingerTimeout) == nil {
		exhaust()
	}
}
