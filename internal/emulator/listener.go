package emulator

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits of the listeners, so that peers that send nothing, or too much, do no harm.
const (
	// maxConnections are those of each listener: ten thousand devices that wait, and some more.
	maxConnections = 12_000
	maxHeader      = 32 << 10 // bytes
	readTimeout    = 20 * time.Second
	writeTimeout   = 20 * time.Second
	// DefaultIdleTimeout is how long a connection stays open between two calls if its protocol
	// does not say.
	DefaultIdleTimeout = 2 * time.Minute
)

// newHTTPServer returns a server for handler. It supports only HTTP/1.1, like the SDKs.
// Requests end with ctx.
func newHTTPServer(ctx context.Context, handler http.Handler, config *tls.Config, idle time.Duration, log *slog.Logger) *http.Server {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idle,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		Protocols:         new(http.Protocols),
		TLSConfig:         config,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withConn,
	}
	server.Protocols.SetHTTP1(true)
	return server
}

// boundedListener limits the number of simultaneous connections; the rest wait in the
// system's queue.
type boundedListener struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newBoundedListener(inner net.Listener, limit int) *boundedListener {
	return &boundedListener{Listener: inner, slots: make(chan struct{}, limit), closed: make(chan struct{})}
}

// Accept waits for a free slot and then for a connection.
func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &boundedConn{Conn: conn, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close stops accepting.
func (l *boundedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// boundedConn releases its slot when it is closed.
type boundedConn struct {
	net.Conn
	release func()
}

// Close closes the connection.
func (c *boundedConn) Close() error {
	err := c.Conn.Close()
	c.release()
	return err
}
