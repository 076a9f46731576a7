package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// acceptPause is the wait after a connection could not be accepted, as when there are too
// many open files.
const acceptPause = 50 * time.Millisecond

// tlsVersions are the TLS versions a listener speaks; max 0 has no upper bound.
type tlsVersions struct{ min, max uint16 }

// serverTLS is how every listener secures its connections. No session is resumed, so that
// the certificate of a connection is the one its client presented on it.
func serverTLS(pair tls.Certificate, versions tlsVersions) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		MinVersion:   versions.min,
		MaxVersion:   versions.max,
		// Any certificate is taken in the handshake and judged later, since the service answers
		// a bad one in terms of the transport and not with an alert.
		ClientAuth:             tls.RequestClientCert,
		SessionTicketsDisabled: true,
	}
}

// tlsServer serves one protocol straight over TLS.
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
			connections.Go(func() { t.welcome(ctx, conn) })
		}
	}
}

// welcome serves one connection.
func (t *tlsServer) welcome(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // breaks off whatever is under way
	defer stop()
	secure := tls.Server(conn, t.config)
	err := shakeHands(ctx, secure)
	if err == nil {
		err = t.speak(ctx, newTLSStream(t.transport, secure))
	}
	t.reportEnd(t.transport, conn.RemoteAddr().String(), err)
}

func shakeHands(ctx context.Context, conn *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return conn.HandshakeContext(ctx)
}
