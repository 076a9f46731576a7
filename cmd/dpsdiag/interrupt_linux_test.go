package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// TestInterruptedWhileConnecting interrupts a probe over all transports when each has told
// that it is slow to connect.
func TestInterruptedWhileConnecting(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "device.key")
	if err := os.WriteFile(key, []byte(dps.NewKey(make([]byte, 32)).Text().Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, "probe", "-o", "json", "--transport", allTransports, "--timeout", "5m",
		"--endpoint", deafAddress(t), "--id-scope", "0ne0045B3C6", "--registration-id", "sensor-17", "--key-file", key)
	for range probe.Transports() {
		if line, err := p.err.ReadString('\n'); err != nil || !strings.Contains(line, "connect: no answer yet") {
			t.Fatalf("standard error: %q, %v", line, err)
		}
	}
	start := time.Now()
	out, status := p.end(t, syscall.SIGINT)
	t.Logf("ended after %s", time.Since(start))
	checkInterrupted(t, out, status, "connect")
}

// deafAddress returns an address on which connections are neither taken nor refused: those
// that may wait for a listener are there already, and Linux drops what comes after them.
func deafAddress(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	const waiting = 0 // one more than that may wait
	if err := syscall.Listen(fd, waiting); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
	first, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { first.Close() })
	return address
}
