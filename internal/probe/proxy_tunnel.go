package probe

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"dpsdiag/internal/netfail"
)

// tunnelTimeout is how long a proxy may take to connect: it may be waiting itself.
const tunnelTimeout = 20 * time.Second

// tunnel has the proxy at the other end of conn connect to target (host:port) and returns
// the connection that then ends there. A nil connection means that the attempt's Failure
// says why; conn is closed then. verify is the client side of TLS with an https proxy.
func (p *Proxy) tunnel(ctx context.Context, conn net.Conn, target string, verify *tls.Config) (net.Conn, ProxyAttempt) {
	ctx, cancel := context.WithTimeout(ctx, tunnelTimeout)
	defer cancel()
	start := time.Now()
	a := p.attempt(target)
	through, failure := p.ask(ctx, conn, verify, &a)
	a.Took, a.Failure = time.Since(start), failure
	if failure != nil {
		conn.Close()
		return nil, a
	}
	return through, a
}

func (p *Proxy) attempt(target string) ProxyAttempt {
	return ProxyAttempt{Proxy: p.ref(), Target: target, WithCredentials: p.hasCredentials()}
}

func (p *Proxy) ask(ctx context.Context, conn net.Conn, verify *tls.Config, a *ProxyAttempt) (net.Conn, *ProxyFailure) {
	switch p.Kind {
	case ProxySOCKS5:
		return p.askSOCKS(ctx, conn, a)
	case ProxyHTTPS:
		secured := tls.Client(conn, verify)
		if err := handshake(ctx, secured); err != nil {
			return nil, failedTLS(netfail.ClassifyTLS(err, verify.Time()))
		}
		conn = secured
	}
	return p.askHTTP(ctx, conn, a)
}

// failedTLS is the failure of a handshake with the proxy.
func failedTLS(f *netfail.TLSFailure) *ProxyFailure {
	text := f.Text
	switch f.Kind {
	case netfail.TLSTimeout:
		return failedNet(&netfail.Failure{Kind: netfail.Timeout, Text: f.Text})
	case netfail.TLSCut:
		return failedNet(&netfail.Failure{Kind: netfail.Reset, Text: f.Text})
	case netfail.TLSNotTLS:
		text = "it does not speak TLS, so its URL does not begin with https://"
	case netfail.TLSUnknownAuthority:
		text = "its certificate is signed by no authority trusted here"
	case netfail.TLSNameMismatch:
		text = "its certificate is for other names"
	}
	return &ProxyFailure{Kind: ProxyTLS, Text: text, TLS: f}
}

// failedNet is the failure of a proxy that took the connection and gave no whole answer.
func failedNet(f *netfail.Failure) *ProxyFailure {
	switch f.Kind {
	case netfail.Timeout:
		return &ProxyFailure{Kind: ProxyTimeout, Text: "it took the connection and did not answer in time", Net: f}
	case netfail.Reset:
		return &ProxyFailure{Kind: ProxyCut, Text: "it cut the connection before a whole answer", Net: f}
	}
	return &ProxyFailure{Kind: ProxyNotAProxy, Text: "it gives no answer of a proxy", Net: f}
}

// bound makes ctx end whatever waits on conn, until release is called; release reports
// whether the connection can still be used.
func bound(ctx context.Context, conn net.Conn) (release func() bool) {
	longAgo := time.Unix(1, 0)
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(longAgo) })
}
