package probe

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"time"

	"dpsdiag/internal/netfail"
)

// Time limits of the steps before the service answers. They are generous: a slow answer is
// still an answer, and the budget of the probe limits them all.
const (
	resolveTimeout   = 10 * time.Second
	connectTimeout   = 10 * time.Second // shared among the addresses of the host
	minDialTimeout   = 2 * time.Second  // for one address, however many there are
	handshakeTimeout = 15 * time.Second
)

// peer returns the host and port to connect to: the service's or the proxy's.
func (r *runner) peer() (host string, port int) {
	if p := r.way.Proxy; p != nil {
		return p.Host, p.Port
	}
	return r.target.Endpoint.Host, r.transport.ID().Port(r.target.Endpoint)
}

// resolve resolves the peer's name and keeps the addresses for connect.
func (r *runner) resolve(ctx context.Context) Finding {
	host, _ := r.peer()
	res := r.lookup(ctx, host)
	r.run.Resolution = res
	if res.Failure != nil {
		r.stop(endWithoutConnection(res.Failure))
		f := failed("%s cannot be resolved: %s", host, res.Failure.Text)
		if r.way.Proxy != nil {
			return r.proxyUnresolved(res.Failure, f)
		}
		return r.tryUnused(ctx, f)
	}
	f := passed("%s", joinSome(res.Addresses)).with("addresses", joinAll(res.Addresses))
	if res.Literal {
		f = passed("%s is an address", host)
	}
	if r.way.Proxy != nil {
		return r.leftToProxy(f)
	}
	return f
}

// lookup resolves a host.
func (r *runner) lookup(ctx context.Context, host string) *Resolution {
	if net.ParseIP(host) != nil {
		return &Resolution{Host: host, Literal: true, Addresses: []string{host}}
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addresses, err := r.resolver().LookupHost(ctx, host)
	if err != nil {
		return &Resolution{Host: host, Failure: netfail.Classify(err)}
	}
	return &Resolution{Host: host, Addresses: addresses}
}

// connect opens a TCP connection to the first address that accepts one, and continues
// through the proxy if there is one.
func (r *runner) connect(ctx context.Context) Finding {
	conn, f := r.connectTCP(ctx)
	switch {
	case r.way.Proxy != nil && conn == nil:
		return r.proxyUnreachable(f)
	case r.way.Proxy != nil:
		return r.connectThrough(ctx, conn, f)
	case conn == nil:
		return r.tryUnused(ctx, f)
	}
	r.tcp = conn
	return r.withDirectReason(f)
}

func (r *runner) connectTCP(ctx context.Context) (net.Conn, Finding) {
	conn, dials := r.dialPeer(ctx)
	last := dials[len(dials)-1]
	switch {
	case conn == nil:
		last = localOr(dials, last)
		r.stop(endWithoutConnection(last.Failure))
		return nil, failed("%s: %s", last.Address, last.Failure.Describe()).with("tried", strconv.Itoa(len(dials)))
	case len(dials) > 1:
		first := dials[0]
		return conn, warned("%s, after %s failed: %s", last.Address, first.Address, first.Failure.Describe())
	}
	return conn, passed("%s", last.Address)
}

// endWithoutConnection returns how a run ends that could not connect.
func endWithoutConnection(f *netfail.Failure) End {
	if f.Kind == netfail.Local {
		return EndNoSocket
	}
	return EndRefused
}

// localOr returns the first of dials that this machine could not even try, or else last. With such a
// dial the others do not show what the network does.
func localOr(dials []Dial, last Dial) Dial {
	for _, d := range dials {
		if d.Failure != nil && d.Failure.Kind == netfail.Local {
			return d
		}
	}
	return last
}

// dialPeer opens another TCP connection to the addresses from resolve.
func (r *runner) dialPeer(ctx context.Context) (net.Conn, []Dial) {
	_, port := r.peer()
	conn, dials := r.dialAny(ctx, r.run.Resolution.Addresses, port)
	r.run.Dials = append(r.run.Dials, dials...)
	return conn, dials
}

// dialAny tries every address in turn. It returns at least one Dial.
func (r *runner) dialAny(ctx context.Context, addresses []string, port int) (net.Conn, []Dial) {
	limit := max(connectTimeout/time.Duration(len(addresses)), minDialTimeout)
	var dials []Dial
	for _, address := range addresses {
		address = net.JoinHostPort(address, strconv.Itoa(port))
		start := time.Now()
		conn, err := r.dialOne(ctx, address, limit)
		dials = append(dials, Dial{Address: address, Took: time.Since(start), Failure: netfail.Classify(err)})
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

// dialTLS is the Dialer given to the transport: it returns the connection from the connect
// and tls stages first, then new ones made in the same way.
func (r *runner) dialTLS(ctx context.Context) (net.Conn, error) {
	if proven := r.proven; proven != nil {
		r.proven = nil
		return proven, nil
	}
	conn, err := r.redial(ctx)
	if err != nil {
		return nil, err
	}
	tlsConn := tls.Client(conn, r.tlsConfig(&Handshake{}))
	if err := handshake(ctx, tlsConn); err != nil {
		conn.Close()
		return nil, err
	}
	return tlsConn, nil
}

// redial opens another connection to the service in the same way as connect.
func (r *runner) redial(ctx context.Context) (net.Conn, error) {
	conn, dials := r.dialPeer(ctx)
	switch {
	case conn == nil:
		return nil, &dialError{dials[len(dials)-1].Failure}
	case r.way.Proxy == nil:
		return conn, nil
	}
	through, attempt := r.tunnel(ctx, conn)
	if through == nil {
		return nil, &dialError{attempt.NetFailure()}
	}
	return through, nil
}

// dialError passes a classified failure through a transport's library.
type dialError struct{ failure *netfail.Failure }

func (e *dialError) Error() string { return e.failure.Text }

func handshake(ctx context.Context, conn *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	return conn.HandshakeContext(ctx)
}
