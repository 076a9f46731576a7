package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"

	"dpsdiag/internal/dps"
)

// ports are the addresses of an emulator.
type ports struct{ https, mqtt, amqp, hub port }

// port is one address.
type port struct {
	net.Listener // nil if connections are refused
	address      *net.TCPAddr
	holding      []io.Closer // keeps others from an address without a listener
}

// AddressError is an address of a configuration that cannot be used.
type AddressError struct {
	Listener string // HTTPS, MQTT, AMQP or the hub
	Address  string
	Err      error
}

func (e *AddressError) Error() string { return fmt.Sprintf("listen for %s: %v", e.Listener, e.Err) }

// Unwrap returns the operating system's error.
func (e *AddressError) Unwrap() error { return e.Err }

// InUse reports whether the address is already in use.
func (e *AddressError) InUse() bool {
	const winsock = syscall.Errno(10048) // WSAEADDRINUSE, which package syscall does not define
	return errors.Is(e.Err, syscall.EADDRINUSE) || errors.Is(e.Err, winsock)
}

// openPorts listens on the addresses of a configuration. If blocked, those of MQTT and AMQP
// refuse connections instead. The caller closes the result, even after an error.
func openPorts(ctx context.Context, c Config, blocked bool) (ports, error) {
	var p ports
	for _, one := range []struct {
		port          *port
		name, address string
		blocked       bool
	}{
		{&p.https, "HTTPS", c.HTTPS, false},
		{&p.mqtt, "MQTT", c.MQTT, blocked},
		{&p.amqp, "AMQP", c.AMQP, blocked},
		{&p.hub, "the hub", c.Hub, false},
	} {
		open := listen
		if one.blocked {
			open = occupy
		}
		var err error
		if *one.port, err = open(ctx, one.address); err != nil {
			return p, &AddressError{Listener: one.name, Address: one.address, Err: err}
		}
	}
	return p, nil
}

func listen(ctx context.Context, address string) (port, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return port{}, err
	}
	return port{Listener: newBoundedListener(listener, maxConnections), address: listener.Addr().(*net.TCPAddr)}, nil
}

// occupy reserves an address that refuses connections. It is the local end of a connection,
// so that no other program gets it, and nothing listens there.
func occupy(ctx context.Context, address string) (port, error) {
	local, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return port{}, err
	}
	peer, err := listen(ctx, net.JoinHostPort(loopbackFor(local.IP), "0"))
	if err != nil {
		return port{}, err
	}
	defer peer.Close()
	near, err := (&net.Dialer{LocalAddr: local}).DialContext(ctx, "tcp", peer.address.String())
	if err != nil {
		return port{}, err
	}
	p := port{address: near.LocalAddr().(*net.TCPAddr), holding: []io.Closer{near}}
	far, err := peer.Accept()
	if err != nil {
		return p, err
	}
	p.holding = append(p.holding, far)
	return p, near.(*net.TCPConn).SetLinger(0) // a reset, so that the address is free at once
}

// loopbackFor returns the address at which this machine reaches a listener on ip.
func loopbackFor(ip net.IP) string {
	if ip == nil || ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return ip.String()
}

func (p *ports) all() []*port { return []*port{&p.https, &p.mqtt, &p.amqp, &p.hub} }

// close closes everything that was opened, once.
func (p *ports) close() error {
	var all error
	for _, one := range p.all() {
		closers := one.holding
		if one.Listener != nil {
			closers = append(closers, one.Listener)
		}
		for _, closer := range closers {
			if err := closer.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				all = errors.Join(all, fmt.Errorf("close %s: %w", one.address, err))
			}
		}
	}
	return all
}

func (p *ports) endpoints() Endpoints {
	return Endpoints{
		HTTPS: p.https.address.String(), MQTT: p.mqtt.address.String(), AMQP: p.amqp.address.String(), Hub: p.hub.address.String(),
	}
}

// stub returns the stub hub's address for devices: a name, as for a real hub, unless the
// name does not resolve to it.
func (p *ports) stub() string {
	ip, host := p.hub.address.IP, stubHub
	if local := ip.IsUnspecified() || ip.Equal(net.IPv4(127, 0, 0, 1)) || ip.Equal(net.IPv6loopback); !local {
		host = ip.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(p.hub.address.Port))
}

// reachable returns the address of the service for a device on this machine.
func (p *ports) reachable() dps.Endpoint {
	host := p.https.address.IP
	return dps.Endpoint{Host: loopbackFor(host), HTTPS: p.https.address.Port, MQTT: p.mqtt.address.Port, AMQP: p.amqp.address.Port}
}

// serviceHost returns the address of the service API, as a connection string has it.
func (p *ports) serviceHost() string {
	e := p.reachable()
	return net.JoinHostPort(e.Host, strconv.Itoa(e.HTTPS))
}

// hosts returns the hosts listened on, for the server certificate.
func (p *ports) hosts() []string {
	var hosts []string
	for _, one := range p.all() {
		hosts = append(hosts, one.address.IP.String())
	}
	return hosts
}
