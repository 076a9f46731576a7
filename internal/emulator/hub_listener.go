package emulator

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"dpsdiag/internal/dps"
)

// hubServer is the only listener of the stub hub. It detects the protocol of a connection
// by its first bytes.
type hubServer struct {
	front
	tls     tlsServer
	mqtt    func(context.Context, *stream) error // of the version that the hub speaks
	handler hubHandler
	http    *http.Server
	relay   *relay
}

func newHubServer(ctx context.Context, f front, secure *tls.Config, listener net.Listener) *hubServer {
	h := &hubServer{front: f, relay: newRelay(listener.Addr())}
	h.mqtt = h.speakHubMQTT
	if h.service.profile() == dps.ProfileMQTT5 {
		h.mqtt, h.handler.mqttOnly = h.speakHubMQTT5, true
	}
	h.tls = tlsServer{&h.front, transportHub, secure, h.speak}
	h.handler.webSockets = webSockets{front: &h.front, spoken: []subprotocol{{"mqtt", transportMQTTWS, h.mqtt}}}
	h.http = newHTTPServer(ctx, &h.handler, secure, f.idle, f.log)
	return h
}

// serve serves connections until the listener is closed.
func (h *hubServer) serve(ctx context.Context, listener net.Listener) {
	var relayed sync.WaitGroup
	relayed.Go(func() { _ = h.http.Serve(h.relay) }) // ends with the relay
	h.tls.serve(ctx, listener)
	_ = h.http.Close() // and the relay ends with it
	relayed.Wait()
	h.handler.open.Wait()
}

var errNoAMQP = errors.New("the stub hub does not speak AMQP")

// openings are the first bytes of the protocols other than HTTP: a CONNECT packet of MQTT,
// and the protocol header of AMQP, which the stub does not support. HTTP handles anything
// else.
const (
	openingMQTT = "\x10"
	openingAMQP = "AMQP"
)

// speak detects the protocol of a connection by its first bytes.
func (h *hubServer) speak(ctx context.Context, s *stream) error {
	conn := newPeekedConn(s.Conn.(*tls.Conn))
	s.Conn = conn
	if err := s.expect(readTimeout); err != nil {
		return err
	}
	for _, known := range []struct {
		opening, transport string
		speak              func(context.Context, *stream) error
	}{
		{openingMQTT, transportMQTT, h.mqtt},
		{openingAMQP, transportAMQP, func(context.Context, *stream) error { return errNoAMQP }},
	} {
		if opens, err := conn.opens(known.opening); err != nil {
			return err
		} else if opens {
			s.transport = known.transport
			return known.speak(ctx, s)
		}
	}
	return h.relay.hand(conn)
}

// relay is a listener for connections accepted by another one.
type relay struct {
	address net.Addr
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newRelay(address net.Addr) *relay {
	return &relay{address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept waits for the next connection.
func (r *relay) Accept() (net.Conn, error) {
	select {
	case conn := <-r.conns:
		return conn, nil
	case <-r.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and hand.
func (r *relay) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

// Addr is the address of the other listener.
func (r *relay) Addr() net.Addr { return r.address }

// hand passes a connection on and waits until it is closed.
func (r *relay) hand(conn *peekedConn) error {
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	select {
	case r.conns <- conn:
		<-conn.closed
		return nil
	case <-r.closed:
		return net.ErrClosed
	}
}

// peekedConn is a TLS connection whose first bytes were read ahead.
type peekedConn struct {
	*tls.Conn
	reader *bufio.Reader
	closed chan struct{}
	once   sync.Once
}

func newPeekedConn(conn *tls.Conn) *peekedConn {
	return &peekedConn{Conn: conn, reader: bufio.NewReader(conn), closed: make(chan struct{})}
}

// Read reads the bytes read ahead and then the rest.
func (c *peekedConn) Read(b []byte) (int, error) { return c.reader.Read(b) }

// Close closes the connection.
func (c *peekedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.closed) })
	return err
}

// opens reports whether the connection begins with opening; it reads only as much as
// necessary.
func (c *peekedConn) opens(opening string) (bool, error) {
	for n := 1; n <= len(opening); n++ {
		begin, err := c.reader.Peek(n)
		if err != nil {
			return false, err
		}
		if string(begin) != opening[:n] {
			return false, nil
		}
	}
	return true, nil
}
