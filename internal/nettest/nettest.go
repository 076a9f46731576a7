// Package nettest has addresses with a known behaviour for tests.
package nettest

import (
	"net"
	"testing"
)

// ClosedPort returns an address of loopback that refuses connections until the test ends.
// Its port is bound all the while by a socket that does not listen, so nobody else can
// come to listen there.
func ClosedPort(t testing.TB) net.Addr {
	t.Helper()
	peer, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	// The address is bound before the connection is made, which keeps the kernel from giving
	// the port to outgoing connections as well.
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", peer.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := peer.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); accepted.Close() })
	return conn.LocalAddr()
}
