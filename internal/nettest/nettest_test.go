package nettest_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"dpsdiag/internal/nettest"
)

func TestClosedPort(t *testing.T) {
	t.Parallel()
	address := nettest.ClosedPort(t).String()
	for range 100 {
		if conn, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("%v, %v", conn, err)
		}
	}
	if l, err := net.Listen("tcp", address); err == nil {
		l.Close()
		t.Error("somebody else can listen there")
	}
}
