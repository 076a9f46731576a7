package proxy

import (
	"context"
	"net"

	socks "golang.org/x/net/proxy"

	"dpsdiag/internal/netfail"
)

// Bytes of SOCKS (RFC 1928 and 1929).
const (
	socksVersion         = 5
	socksPassword        = 2    // method: user name and password
	socksNoMethod        = 0xff // none of the offered methods is acceptable
	socksNotAllowed      = 2    // reply: the rules forbid it
	socksNetUnreachable  = 3
	socksHostUnreachable = 4
	socksRefused         = 5
	socksExpired         = 6
	socksGeneralFailure  = 1
)

// askSOCKS asks a SOCKS5 proxy for a connection to the name of the target, which the proxy
// resolves.
func (p *Proxy) askSOCKS(ctx context.Context, conn net.Conn, a *Attempt) (net.Conn, *Failure) {
	var auth *socks.Auth
	if p.hasCredentials() {
		auth = &socks.Auth{User: p.User.Reveal(), Password: p.Password.Reveal()}
	}
	seen := &socksRecorder{Conn: conn}
	dialer, err := socks.SOCKS5("tcp", p.address(), auth, seen)
	if err != nil {
		return nil, &Failure{Kind: NotAProxy, Text: netfail.Text(err)}
	}
	through, err := dialer.(socks.ContextDialer).DialContext(ctx, "tcp", a.Target)
	if err != nil {
		return nil, seen.judge(a, netfail.Classify(err))
	}
	return through, nil
}

// socksRecorder is a connection that keeps the first bytes received: the library reports errors
// only as text, and these bytes are the facts. It is also a dialer that returns itself.
type socksRecorder struct {
	net.Conn
	seen []byte
}

// maxSeen is enough for a method selection, a login result and a reply code.
const maxSeen = 6

// Dial implements socks.Dialer.
func (w *socksRecorder) Dial(string, string) (net.Conn, error) { return w, nil }

// DialContext implements socks.ContextDialer.
func (w *socksRecorder) DialContext(context.Context, string, string) (net.Conn, error) { return w, nil }

// Read implements net.Conn.
func (w *socksRecorder) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.seen = append(w.seen, b[:min(n, maxSeen-len(w.seen))]...)
	return n, err
}

// judge returns why there is no connection, from what the proxy sent before err.
func (w *socksRecorder) judge(a *Attempt, err *netfail.Failure) *Failure {
	seen := w.seen
	switch {
	case len(seen) > 0 && seen[0] != socksVersion:
		return &Failure{Kind: NotAProxy, Text: "it does not answer in SOCKS 5"}
	case len(seen) < 2:
		return failedNet(err)
	case seen[1] == socksNoMethod:
		return &Failure{Kind: Auth, Text: wantedAuth(a)}
	case seen[1] == socksPassword && len(seen) >= 4 && seen[3] != 0:
		return &Failure{Kind: Auth, Text: wantedAuth(a)}
	case seen[1] == socksPassword:
		seen = seen[min(4, len(seen)):]
	default:
		seen = seen[2:]
	}
	if len(seen) < 2 || seen[0] != socksVersion || seen[1] == 0 {
		return failedNet(err)
	}
	a.Status = int(seen[1])
	return judgeSOCKS(a)
}

// judgeSOCKS returns what the reply code of a SOCKS server means.
func judgeSOCKS(a *Attempt) *Failure {
	switch a.Status {
	case socksNotAllowed:
		return &Failure{Kind: Forbidden, Text: "its rules do not allow this client to connect to " + a.Target}
	case socksGeneralFailure:
		return &Failure{Kind: NoRoute, Text: "it could not connect to " + a.Target}
	case socksNetUnreachable, socksHostUnreachable:
		return &Failure{Kind: NoRoute, Text: "it could not reach " + a.Target}
	case socksRefused:
		return &Failure{Kind: NoRoute, Text: "the connection to " + a.Target + " was refused"}
	case socksExpired:
		return &Failure{Kind: NoRoute, Text: "the connection to " + a.Target + " took too long"}
	}
	return &Failure{Kind: Status, Text: "it does not accept host names"}
}
