package netfail_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/netfail"
	"dpsdiag/internal/nettest"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	_, refused := net.Dial("tcp", nettest.ClosedPort(t).String())
	noSocket := syscall.ENOBUFS
	if runtime.GOOS == "windows" {
		noSocket = syscall.Errno(10055) // WSAENOBUFS
	}
	for _, test := range []struct {
		err  error
		want *netfail.Failure
		line string
	}{
		{nil, nil, ""},
		{refused, &netfail.Failure{Kind: netfail.Refused, Text: "connection refused"}, "connection refused"},
		{&net.DNSError{Err: "no such host", IsNotFound: true}, &netfail.Failure{Kind: netfail.NoSuchHost, Text: "no such host"}, "no such host"},
		{&net.DNSError{Err: "i/o timeout", IsTimeout: true}, &netfail.Failure{Kind: netfail.ResolverTimeout, Text: "i/o timeout"}, "i/o timeout"},
		{&net.DNSError{Err: "server misbehaving"}, &netfail.Failure{Kind: netfail.ResolverFailed, Text: "server misbehaving"}, "server misbehaving"},
		{fmt.Errorf("dial: %w", noSocket), &netfail.Failure{Kind: netfail.Local, Text: noSocket.Error()}, "this machine could open no further connection: " + noSocket.Error()},
		{&net.DNSError{Err: "dial udp 192.0.2.53:53: " + noSocket.Error()}, &netfail.Failure{Kind: netfail.Local, Text: "dial udp 192.0.2.53:53: " + noSocket.Error()}, "this machine could open no further connection: dial udp 192.0.2.53:53: " + noSocket.Error()},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), &netfail.Failure{Kind: netfail.Reset, Text: "unexpected EOF"}, "connection reset"},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), &netfail.Failure{Kind: netfail.Timeout, Text: "context deadline exceeded"}, "no answer"},
		{&netfail.ProtocolError{Text: "no CONNACK"}, &netfail.Failure{Kind: netfail.Protocol, Text: "no CONNACK"}, "no CONNACK"},
		{io.ErrShortBuffer, &netfail.Failure{Kind: netfail.Other, Text: "short buffer"}, "short buffer"},
	} {
		got := netfail.Classify(test.err)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.err, diff)
		}
		if got != nil && got.Describe() != test.line {
			t.Errorf("%v: %q, want %q", test.err, got.Describe(), test.line)
		}
	}
}

// TestNoLocalAddress: without IPv6 only an IPv6 address is out of reach; with IPv4 the ports of this machine
// are used up.
func TestNoLocalAddress(t *testing.T) {
	t.Parallel()
	noAddress := syscall.EADDRNOTAVAIL
	if runtime.GOOS == "windows" {
		noAddress = syscall.Errno(10049) // WSAEADDRNOTAVAIL
	}
	for address, want := range map[string]netfail.Kind{"192.0.2.1": netfail.Local, "2001:db8::1": netfail.Unreachable} {
		err := &net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.ParseIP(address), Port: 443}, Err: os.NewSyscallError("connect", noAddress)}
		if got := netfail.KindOf(err); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestClassifyTLS(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	verification := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	dated := func(from, to time.Time) error {
		return verification(x509.CertificateInvalidError{Cert: &x509.Certificate{NotBefore: from, NotAfter: to}, Reason: x509.Expired})
	}
	for want, err := range map[netfail.TLSKind]error{
		netfail.TLSUnknownAuthority: verification(x509.UnknownAuthorityError{}),
		netfail.TLSNameMismatch:     verification(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}),
		netfail.TLSServerExpired:    dated(now.AddDate(-2, 0, 0), now.AddDate(-1, 0, 0)),
		netfail.TLSServerNotYet:     dated(now.AddDate(1, 0, 0), now.AddDate(2, 0, 0)),
		netfail.TLSBadCertificate:   verification(x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}),
		netfail.TLSAlert:            &net.OpError{Op: "remote error", Err: tls.AlertError(40)},
		netfail.TLSNotTLS:           tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
		netfail.TLSCut:              io.EOF,
		netfail.TLSTimeout:          context.DeadlineExceeded,
		netfail.TLSOther:            io.ErrShortBuffer,
	} {
		if got := netfail.ClassifyTLS(err, now); got.Kind != want || got.Text == "" || (got.Alert == 40) != (want == netfail.TLSAlert) {
			t.Errorf("%v: %+v, want %s", err, got, want)
		}
	}
}
