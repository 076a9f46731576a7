package proxy

import (
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// Attempt is one attempt to reach the service through a proxy.
type Attempt struct {
	Proxy  Ref
	Target string // the host:port that the proxy was asked to connect to
	// WithCredentials reports whether credentials for the proxy are configured.
	WithCredentials bool
	Took            time.Duration
	// Status is the status of the HTTP answer to CONNECT, or the reply code of a SOCKS server.
	// It is 0 if there was no answer, and for a SOCKS server that succeeded.
	Status   int
	Server   string   // the proxy's own name for itself
	Reason   string   // the proxy's own name for an error (X-Squid-Error, Proxy-Status)
	Schemes  []string // the authentication schemes that it accepts, with a 407
	Location string   // the target of a redirect
	Body     dps.Body // of a refusal: only its kind and an excerpt
	// Failure is nil when the proxy connected.
	Failure *Failure
}

// Failure is a classified reason why a proxy made no connection.
type Failure struct {
	Kind FailureKind
	Text string              // one line for a person
	Net  *netfail.Failure    // for Unresolved, Unreachable, Timeout and Cut
	TLS  *netfail.TLSFailure // for TLS
}

// FailureKind classifies proxy failures.
type FailureKind string

// Kinds of failure, in the order of the steps in which they occur.
const (
	Unresolved  FailureKind = "unresolved"  // the proxy's name does not resolve
	Unreachable FailureKind = "unreachable" // no TCP connection to the proxy
	TLS         FailureKind = "tls"         // no TLS session with the proxy
	Timeout     FailureKind = "timeout"     // it accepted the connection and sent nothing
	Cut         FailureKind = "cut"         // it closed the connection before a complete answer
	NotAProxy   FailureKind = "not-a-proxy" // the peer does not speak the proxy's protocol
	Auth        FailureKind = "auth"        // it requires credentials, or other ones
	Forbidden   FailureKind = "forbidden"   // its rules forbid the target
	NoRoute     FailureKind = "no-route"    // it could not reach or resolve the target
	Page        FailureKind = "html"        // it agreed, but sent a page instead of a connection
	Status      FailureKind = "status"      // any other refusal; see Attempt.Status
)

// NetFailure returns the failure as the network failure of a transport that needed a
// connection.
func (a *Attempt) NetFailure() *netfail.Failure {
	if a.Failure.Net != nil {
		return a.Failure.Net
	}
	return &netfail.Failure{Kind: netfail.Other, Text: "the proxy " + a.Proxy.URL + ": " + a.Failure.Text}
}
