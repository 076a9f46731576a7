package probe

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"time"
)

// Time limits of the steps below the service. They are generous: a slow answer is still
// an answer, and the budget of the probe bounds them all.
const (
	resolveTimeout   = 10 * time.Second
	connectTimeout   = 10 * time.Second // shared among the addresses of the host
	minDialTimeout   = 2 * time.Second  // of one address, however many there are
	handshakeTimeout = 15 * time.Second
)

// resolve looks the host up and keeps the addresses for connect.
func (r *runner) resolve(ctx context.Context) Finding {
	host := r.target.Endpoint.Host
	res := &Resolution{Host: host}
	r.run.Resolution = res
	if net.ParseIP(host) != nil {
		res.Literal, res.Addresses = true, []string{host}
		return passed("%s is an address", host)
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addresses, err := r.resolver().LookupHost(ctx, host)
	if err != nil {
		res.Failure = classifyNet(err)
		r.stop(EndRefused)
		return failed("%s cannot be resolved: %s", host, res.Failure.Text)
	}
	res.Addresses = addresses
	return passed("%s", joinSome(addresses)).with("addresses", joinAll(addresses))
}

// connect opens a TCP connection to the first address that takes one.
func (r *runner) connect(ctx context.Context) Finding {
	conn, dials := r.dialAny(ctx)
	r.run.Dials = append(r.run.Dials, dials...)
	last := dials[len(dials)-1]
	if conn == nil {
		r.stop(EndRefused)
		return failed("%s: %s", last.Address, describeNet(last.Failure)).with("tried", strconv.Itoa(len(dials)))
	}
	r.tcp = conn
	if len(dials) > 1 {
		first := dials[0]
		return warned("%s, after %s failed: %s", last.Address, first.Address, describeNet(first.Failure))
	}
	return passed("%s", last.Address)
}

// dialAny tries every address in turn. It returns at least one Dial.
func (r *runner) dialAny(ctx context.Context) (net.Conn, []Dial) {
	port := strconv.Itoa(r.transport.Port(r.target.Endpoint))
	addresses := r.run.Resolution.Addresses
	limit := max(connectTimeout/time.Duration(len(addresses)), minDialTimeout)
	var dials []Dial
	for _, address := range addresses {
		address = net.JoinHostPort(address, port)
		start := time.Now()
		conn, err := r.dialOne(ctx, address, limit)
		dials = append(dials, Dial{Address: address, Took: time.Since(start), Failure: classifyNet(err)})
		if err == nil {
			return conn, dials
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, dials
}

func (r *runner) dialOne(ctx context.Context, address string, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if r.cfg.Dial != nil {
		return r.cfg.Dial(ctx, "tcp", address)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

// dialTLS is the Dialer given to the transport: first the connection that the stages
// proved, then fresh ones made the same way.
func (r *runner) dialTLS(ctx context.Context) (net.Conn, error) {
	if proven := r.proven; proven != nil {
		r.proven = nil
		return proven, nil
	}
	conn, dials := r.dialAny(ctx)
	r.run.Dials = append(r.run.Dials, dials...)
	if conn == nil {
		return nil, &dialError{dials[len(dials)-1].Failure}
	}
	tlsConn := tls.Client(conn, r.tlsConfig(&Handshake{}))
	if err := handshake(ctx, tlsConn); err != nil {
		conn.Close()
		return nil, err
	}
	return tlsConn, nil
}

// dialError carries a classified failure through a transport's library.
type dialError struct{ failure *NetFailure }

func (e *dialError) Error() string { return e.failure.Text }

func handshake(ctx context.Context, conn *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	return conn.HandshakeContext(ctx)
}

func describeNet(f *NetFailure) string {
	switch f.Kind {
	case NetRefused:
		return "connection refused"
	case NetTimeout:
		return "no answer"
	case NetUnreachable:
		return "unreachable"
	case NetReset:
		return "connection reset"
	}
	return f.Text
}
