package probe

import (
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// ProxyKind is the protocol in which a proxy is asked, as the scheme of its URL names it.
type ProxyKind string

// The kinds of proxy. Each resolves the target's name itself.
const (
	ProxyHTTP   ProxyKind = "http"   // CONNECT in plain text (RFC 9110, 9.3.6)
	ProxyHTTPS  ProxyKind = "https"  // CONNECT inside TLS
	ProxySOCKS5 ProxyKind = "socks5" // RFC 1928
)

// ProxyRef tells a proxy in words that a report can print.
type ProxyRef struct {
	URL  string // scheme, host and port; never the credentials
	Kind ProxyKind
	// Origin is who names the proxy: a flag, an environment variable or a place in a file.
	Origin string
}

// Route is the way that a run takes to the service.
type Route struct {
	Proxy *ProxyRef // nil for the direct way
	// Direct says why the direct way was taken although a proxy is named; "" where none is.
	Direct string
}

// ProxyAttempt is one attempt to have a proxy connect to the service.
type ProxyAttempt struct {
	Proxy  ProxyRef
	Target string // host:port that the proxy was asked for
	// WithCredentials says that the setting has credentials for the proxy.
	WithCredentials bool
	Took            time.Duration
	// Status is that of the HTTP answer to CONNECT, or the reply of a SOCKS server; 0 when
	// there was none and for a SOCKS server that succeeded.
	Status   int
	Server   string   // how the proxy names itself
	Reason   string   // the proxy's own name of an error (X-Squid-Error, Proxy-Status)
	Schemes  []string // the authentication schemes that it takes, with a 407
	Location string   // where a redirect points
	Body     dps.Body // of a refusal: no more than its kind and an excerpt
	// Failure is nil when the proxy connected.
	Failure *ProxyFailure
}

// ProxyFailure is why a proxy made no connection, classified.
type ProxyFailure struct {
	Kind ProxyFailureKind
	Text string              // one line for a person
	Net  *netfail.Failure    // for ProxyUnresolved, ProxyUnreachable, ProxyTimeout and ProxyCut
	TLS  *netfail.TLSFailure // for ProxyTLS
}

// ProxyFailureKind classifies failures of a proxy.
type ProxyFailureKind string

// Kinds of failure, in the order of the steps in which they happen.
const (
	ProxyUnresolved  ProxyFailureKind = "unresolved"  // the proxy's name does not resolve
	ProxyUnreachable ProxyFailureKind = "unreachable" // no TCP connection to the proxy
	ProxyTLS         ProxyFailureKind = "tls"         // no TLS session with the proxy
	ProxyTimeout     ProxyFailureKind = "timeout"     // it took the connection and said nothing
	ProxyCut         ProxyFailureKind = "cut"         // it cut the connection before a whole answer
	ProxyNotAProxy   ProxyFailureKind = "not-a-proxy" // what answers does not speak the proxy's protocol
	ProxyAuth        ProxyFailureKind = "auth"        // it wants credentials, or others
	ProxyForbidden   ProxyFailureKind = "forbidden"   // its rules forbid the target
	ProxyNoRoute     ProxyFailureKind = "no-route"    // it could not reach or resolve the target
	ProxyPage        ProxyFailureKind = "html"        // it agreed, but sent a page in place of a connection
	ProxyStatus      ProxyFailureKind = "status"      // any other refusal; see ProxyAttempt.Status
)

// Through returns the successful attempt of a run to go through its proxy, nil when there
// is none.
func (r *Run) Through() *ProxyAttempt {
	for i := range r.Tunnels {
		if r.Tunnels[i].Failure == nil {
			return &r.Tunnels[i]
		}
	}
	return nil
}

// ProxyFailed returns the attempt that ended a run at its proxy; nil when the run goes
// another way or the proxy did connect.
func (r *Run) ProxyFailed() *ProxyAttempt {
	if len(r.Tunnels) == 0 || r.Through() != nil {
		return nil
	}
	return &r.Tunnels[len(r.Tunnels)-1]
}
