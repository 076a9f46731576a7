// Package nettest provides addresses with a known behaviour for tests.
package nettest

import (
	"net"
	"testing"
)

// ClosedPort returns a loopback address that refuses connections until the test ends. A
// socket that does not listen is bound to its port all the time, so nothing else can listen
// there.
func ClosedPort(t testing.TB) net.Addr {
	t.Helper()
	peer, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	// The address is bound before the connection is made, so that the kernel does not use the
	// port for outgoing connections either.
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
