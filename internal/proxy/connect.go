package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"dpsdiag/internal/netfail"
)

// Time limits for a proxy. It may itself be waiting until it has connected.
const (
	connectTimeout   = 20 * time.Second // including the handshake
	handshakeTimeout = 15 * time.Second
)

// Connect asks the proxy at the other end of conn to connect to target (host:port) and
// returns the resulting connection. If the connection is nil, the attempt's Failure says
// why, and conn is closed. verify is the client's TLS configuration for an HTTPS proxy.
func (p *Proxy) Connect(ctx context.Context, conn net.Conn, target string, verify *tls.Config) (net.Conn, Attempt) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	start := time.Now()
	a := p.Attempt(target)
	through, failure := p.ask(ctx, conn, verify, &a)
	a.Took, a.Failure = time.Since(start), failure
	if failure != nil {
		conn.Close()
		return nil, a
	}
	return through, a
}

// Attempt returns an attempt, not yet begun, to reach target (host:port) through the proxy.
func (p *Proxy) Attempt(target string) Attempt {
	return Attempt{Proxy: p.Ref(), Target: target, WithCredentials: p.hasCredentials()}
}

func (p *Proxy) ask(ctx context.Context, conn net.Conn, verify *tls.Config, a *Attempt) (net.Conn, *Failure) {
	switch p.Kind {
	case SOCKS5:
		return p.askSOCKS(ctx, conn, a)
	case HTTPS:
		secured := tls.Client(conn, verify)
		if err := handshake(ctx, secured); err != nil {
			return nil, failedTLS(netfail.ClassifyTLS(err, verify.Time()))
		}
		conn = secured
	}
	return p.askHTTP(ctx, conn, a)
}

func handshake(ctx context.Context, conn *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	return conn.HandshakeContext(ctx)
}

// failedTLS returns the failure of a TLS handshake with the proxy.
func failedTLS(f *netfail.TLSFailure) *Failure {
	text := f.Text
	switch f.Kind {
	case netfail.TLSTimeout:
		return failedNet(&netfail.Failure{Kind: netfail.Timeout, Text: f.Text})
	case netfail.TLSCut:
		return failedNet(&netfail.Failure{Kind: netfail.Reset, Text: f.Text})
	case netfail.TLSNotTLS:
		text = "it does not speak TLS, so its URL must not begin with https://"
	case netfail.TLSUnknownAuthority:
		text = "its certificate is not signed by a trusted authority"
	case netfail.TLSNameMismatch:
		text = "its certificate is for other names"
	}
	return &Failure{Kind: TLS, Text: text, TLS: f}
}

// failedNet returns the failure of a proxy that accepted the connection and gave no
// complete answer.
func failedNet(f *netfail.Failure) *Failure {
	switch f.Kind {
	case netfail.Timeout:
		return &Failure{Kind: Timeout, Text: "it accepted the connection but did not answer in time", Net: f}
	case netfail.Reset:
		return &Failure{Kind: Cut, Text: "it cut the connection before a complete answer", Net: f}
	}
	return &Failure{Kind: NotAProxy, Text: "its answer is not that of a proxy", Net: f}
}

// bound makes the end of ctx interrupt anything that waits on conn, until release is
// called. release reports whether the connection can still be used.
func bound(ctx context.Context, conn net.Conn) (release func() bool) {
	longAgo := time.Unix(1, 0)
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(longAgo) })
}
