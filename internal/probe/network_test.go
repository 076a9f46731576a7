package probe_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/netfail"
	"dpsdiag/internal/nettest"
	"dpsdiag/internal/probe"
)

// listen handles every connection with handle until the test ends.
func listen(t *testing.T, handle func(net.Conn)) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			handle(conn)
			conn.Close()
		}
	}()
	return l.Addr()
}

// untilClosed reads until the peer closes the connection.
func untilClosed(conn net.Conn) {
	buf := make([]byte, 512)
	for {
		if _, err := conn.Read(buf); err != nil {
			return
		}
	}
}

func TestBrokenTLS(t *testing.T) {
	t.Parallel()
	trusted := start(t, service{})
	alert := func(conn net.Conn) {
		buf := make([]byte, 1024)
		conn.Read(buf)
		conn.Write([]byte{21, 3, 3, 0, 2, 2, 40}) // a fatal handshake_failure alert
		untilClosed(conn)
	}
	tests := map[string]struct {
		cfg   probe.Config
		kind  netfail.TLSKind
		alert uint8
		end   probe.End
	}{
		"unknown authority": {with(trusted, func(c *probe.Config) { c.Roots = x509.NewCertPool() }), netfail.TLSUnknownAuthority, 0, probe.EndRefused},
		"other name":        {with(trusted, func(c *probe.Config) { c.Endpoint.Host = "localhost" }), netfail.TLSNameMismatch, 0, probe.EndRefused},
		"clock far behind":  {with(trusted, func(c *probe.Config) { c.Now = at(longAgo) }), netfail.TLSServerNotYet, 0, probe.EndRefused},
		"clock far ahead":   {with(trusted, func(c *probe.Config) { c.Now = at(time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)) }), netfail.TLSServerExpired, 0, probe.EndRefused},
		"not TLS":           {target(t, listen(t, func(c net.Conn) { c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); untilClosed(c) })), netfail.TLSNotTLS, 0, probe.EndRefused},
		"alert":             {target(t, listen(t, alert)), netfail.TLSAlert, 40, probe.EndRefused},
		"hangs up":          {target(t, listen(t, func(net.Conn) {})), netfail.TLSCut, 0, probe.EndCut},
		"silent":            {with(target(t, listen(t, untilClosed)), func(c *probe.Config) { c.Budget = 2 * time.Second }), netfail.TLSTimeout, 0, probe.EndTimeout},
		"too old": {target(t, listen(t, func(c net.Conn) {
			tls.Server(c, &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}).Handshake()
		})), netfail.TLSAlert, 70, probe.EndRefused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := do(t, test.cfg)
			if run.TLS == nil || run.TLS.Failure == nil {
				t.Fatalf("no TLS failure; outcomes %s", outcomes(run))
			}
			if f := run.TLS.Failure; f.Kind != test.kind || f.Alert != test.alert || run.End != test.end {
				t.Errorf("kind %q, alert %d, end %q; want %q, %d, %q (%s)", f.Kind, f.Alert, run.End, test.kind, test.alert, test.end, f.Text)
			}
			if got := outcomes(run); got != "tls=failed open=skipped register=skipped assign=skipped hub=not-applicable" {
				t.Errorf("outcomes %s", got)
			}
		})
	}
}

// TestClockFromCertificate: if the clock is outside the validity of the server certificate,
// the skew is the smallest one that explains this.
func TestClockFromCertificate(t *testing.T) {
	t.Parallel()
	cfg := start(t, service{})
	cfg.Now = at(longAgo)
	run := do(t, cfg)
	if run.Clock == nil || run.Clock.Source != probe.ClockCertificate || run.Clock.Skew >= 0 {
		t.Fatalf("clock %+v", run.Clock)
	}
	if want := longAgo.Sub(run.TLS.Peer[0].NotBefore); run.Clock.Skew != want {
		t.Errorf("skew %v, want %v", run.Clock.Skew, want)
	}
}

// longAgo is before the validity of the test server's certificate, which begins in 1970.
var longAgo = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)

type resolver struct {
	addresses []string
	err       error
}

func (r resolver) LookupHost(context.Context, string) ([]string, error) { return r.addresses, r.err }

func TestBrokenNetwork(t *testing.T) {
	t.Parallel()
	closed := nettest.ClosedPort(t)
	named := func(r resolver) probe.Config {
		return with(target(t, closed), func(c *probe.Config) { c.Endpoint.Host = "dps.example"; c.Resolver = r })
	}
	blackHole := func(ctx context.Context, _, _ string) (net.Conn, error) { //nolint:unparam // the type is probe.DialFunc
		<-ctx.Done()
		return nil, ctx.Err()
	}
	t.Run("resolver", func(t *testing.T) {
		t.Parallel()
		for want, err := range map[netfail.Kind]*net.DNSError{
			netfail.NoSuchHost:      {Err: "no such host", IsNotFound: true},
			netfail.ResolverTimeout: {Err: "i/o timeout", IsTimeout: true},
			netfail.ResolverFailed:  {Err: "server misbehaving"},
			netfail.Unreachable:     {Err: "dial udp 192.0.2.53:53: connect: " + syscall.ENETUNREACH.Error()},
			netfail.Local:           {Err: "dial udp 192.0.2.53:53: socket: " + syscall.EMFILE.Error()},
		} {
			run := do(t, named(resolver{err: err}))
			if f := run.Resolution.Failure; f == nil || f.Kind != want || f.Text != err.Err || run.FailedStage().Stage != probe.StageResolve {
				t.Errorf("%v: %+v", err, f)
			}
		}
	})
	t.Run("refused on every address", func(t *testing.T) {
		t.Parallel()
		run := do(t, named(resolver{addresses: []string{"127.0.0.1", "127.0.0.2"}}))
		if len(run.Dials) != 2 || run.Dials[1].Failure.Kind != netfail.Refused || run.End != probe.EndRefused {
			t.Errorf("dials %+v, end %s", run.Dials, run.End)
		}
	})
	t.Run("no file left for one address", func(t *testing.T) {
		t.Parallel()
		run := do(t, with(named(resolver{addresses: []string{"192.0.2.1", "192.0.2.2"}}), func(c *probe.Config) {
			c.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
				if strings.HasPrefix(address, "192.0.2.1:") {
					return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}
				}
				return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
			}
		}))
		want := "192.0.2.1:" + port(closed) + ": this machine could open no further connection: too many open files"
		if run.End != probe.EndNoSocket || run.FailedStage().Detail != want {
			t.Errorf("end %s, %s", run.End, run.FailedStage().Detail)
		}
	})
	t.Run("black hole", func(t *testing.T) {
		t.Parallel()
		run := do(t, with(named(resolver{addresses: []string{"192.0.2.1"}}), func(c *probe.Config) {
			c.Dial, c.Budget = blackHole, 100*time.Millisecond
		}))
		want := "192.0.2.1:" + port(closed) + ": no answer; the --timeout of 100 ms ran out while a connection was being made"
		if run.Dials[0].Failure.Kind != netfail.Timeout || run.FailedStage().Detail != want {
			t.Errorf("dials %+v, %s", run.Dials, run.FailedStage().Detail)
		}
		if o := run.OutOfTime; o == nil || o.Stage != probe.StageConnect || o.Budget != 100*time.Millisecond {
			t.Errorf("out of time: %+v", o)
		}
	})
	t.Run("second address works", func(t *testing.T) {
		t.Parallel()
		cfg := start(t, service{})
		cfg.Resolver = resolver{addresses: []string{"192.0.2.1", "127.0.0.1"}}
		cfg.Endpoint.Host = "example.com" // a name in the test server's certificate
		cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "192.") {
				return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		if got := outcomes(do(t, cfg)); got != "connect=warned hub=not-applicable" {
			t.Errorf("outcomes %s", got)
		}
	})
}

// TestServerClosesAfterEachAnswer: every call then needs its own connection.
func TestServerClosesAfterEachAnswer(t *testing.T) {
	t.Parallel()
	cfg := start(t, service{
		root:     answer(404, "", "Connection", "close"),
		register: answer(202, `{"operationId":"op1","status":"assigning"}`, "Connection", "close", "Retry-After", "0"),
	})
	run := do(t, cfg)
	if outcomes(run) != healthy || len(run.Dials) != 3 {
		t.Errorf("outcomes %s over %d connections, want 3", outcomes(run), len(run.Dials))
	}
}

func with(cfg probe.Config, change func(*probe.Config)) probe.Config {
	change(&cfg)
	return cfg
}

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

func port(addr net.Addr) string {
	_, p, _ := net.SplitHostPort(addr.String())
	return p
}

// TestChainFacts: the stage tls says how many certificates the server sent, and in how many bytes,
// whether they are trusted or not.
func TestChainFacts(t *testing.T) {
	t.Parallel()
	trusted := start(t, service{})
	for name, cfg := range map[string]probe.Config{"trusted": trusted, "untrusted": with(trusted, func(c *probe.Config) { c.Roots = x509.NewCertPool() })} {
		run := do(t, cfg)
		size := 7
		for _, c := range run.TLS.Peer {
			size += 3 + len(c.Raw)
		}
		facts := map[string]string{}
		for _, f := range run.Findings {
			if f.Stage == probe.StageTLS {
				for _, fact := range f.Facts {
					facts[fact.Name] = fact.Value
				}
			}
		}
		if len(run.TLS.Peer) == 0 || facts[probe.FactChainCount] != strconv.Itoa(len(run.TLS.Peer)) || facts[probe.FactChainBytes] != strconv.Itoa(size) {
			t.Errorf("%s: facts %v for %d certificates in %d bytes", name, facts, len(run.TLS.Peer), size)
		}
	}
}

// TestTheClientHelloFitsIntoOnePacket: it is as short as that of a device, also with the longest name.
func TestTheClientHelloFitsIntoOnePacket(t *testing.T) {
	t.Parallel()
	length := make(chan int, 1)
	addr := listen(t, func(conn net.Conn) {
		var header [5]byte // of the record: type, version, length
		if _, err := io.ReadFull(conn, header[:]); err == nil {
			length <- len(header) + int(binary.BigEndian.Uint16(header[3:]))
		}
	})
	cfg := with(target(t, addr), func(c *probe.Config) { c.Endpoint.Host, c.MaxAttempts = strings.Repeat("a", 63)+".localhost", 1 })
	cfg.Resolver = resolver{addresses: []string{"127.0.0.1"}}
	run := do(t, cfg)
	select {
	case got := <-length:
		if got > 536 { // bytes of data that every network carries in one packet (RFC 9293, 3.7.1)
			t.Errorf("the ClientHello has %d bytes", got)
		}
	default:
		t.Errorf("no ClientHello came: %s", outcomes(run))
	}
}
