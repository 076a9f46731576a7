package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// acceptPause is the wait after a connection could not be accepted, for example because of
// too many open files.
const acceptPause = 50 * time.Millisecond

// tlsVersions are a listener's TLS versions; with max 0 there is no upper limit.
type tlsVersions struct{ min, max uint16 }

// serverTLS returns the TLS configuration of every listener. Sessions are not resumed, so
// that the certificate of a connection is the one that its client presented on it.
func serverTLS(pair tls.Certificate, versions tlsVersions) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		MinVersion:   versions.min,
		MaxVersion:   versions.max,
		// The handshake accepts any certificate, which is checked later: the service refuses a bad
		// one at the level of the transport and not with an alert.
		ClientAuth:             tls.RequestClientCert,
		SessionTicketsDisabled: true,
	}
}

// tlsServer serves one protocol directly over TLS.
type tlsServer struct {
	*front
	transport string
	config    *tls.Config
	speak     func(context.Context, *stream) error
}

// serve accepts connections until the listener is closed, and returns when all have ended,
// which they do with ctx.
func (t *tlsServer) serve(ctx context.Context, listener net.Listener) {
	var connections sync.WaitGroup
	defer connections.Wait()
	for {
		conn, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			t.log.Error("cannot accept a connection", "transport", t.transport, "error", err)
			pause(ctx, acceptPause)
		default:
			connections.Go(func() { t.welcome(ctx, conn, &connections) })
		}
	}
}

// welcome makes the handshake of one connection and serves it in another goroutine: a handshake takes a
// deep stack, which a device that waits would keep.
func (t *tlsServer) welcome(ctx context.Context, conn net.Conn, connections *sync.WaitGroup) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // interrupts any pending operation
	end := func(err error) {
		stop()
		_ = conn.Close() // the end of the conversation is reported
		t.reportEnd(t.transport, conn.RemoteAddr().String(), err)
	}
	secure := tls.Server(conn, t.config)
	if err := shakeHands(ctx, secure); err != nil {
		end(err)
		return
	}
	connections.Go(func() { end(t.speak(ctx, newTLSStream(t.transport, secure))) })
}

func shakeHands(ctx context.Context, conn *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return conn.HandshakeContext(ctx)
}
