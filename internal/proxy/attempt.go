package proxy

import (
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// Attempt is one attempt to have a proxy connect to the service.
type Attempt struct {
	Proxy  Ref
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
	Failure *Failure
}

// Failure is why a proxy made no connection, classified.
type Failure struct {
	Kind FailureKind
	Text string              // one line for a person
	Net  *netfail.Failure    // for Unresolved, Unreachable, Timeout and Cut
	TLS  *netfail.TLSFailure // for TLS
}

// FailureKind classifies failures of a proxy.
type FailureKind string

// Kinds of failure, in the order of the steps in which they happen.
const (
	Unresolved  FailureKind = "unresolved"  // the proxy's name does not resolve
	Unreachable FailureKind = "unreachable" // no TCP connection to the proxy
	TLS         FailureKind = "tls"         // no TLS session with the proxy
	Timeout     FailureKind = "timeout"     // it took the connection and said nothing
	Cut         FailureKind = "cut"         // it cut the connection before a whole answer
	NotAProxy   FailureKind = "not-a-proxy" // what answers does not speak the proxy's protocol
	Auth        FailureKind = "auth"        // it wants credentials, or others
	Forbidden   FailureKind = "forbidden"   // its rules forbid the target
	NoRoute     FailureKind = "no-route"    // it could not reach or resolve the target
	Page        FailureKind = "html"        // it agreed, but sent a page in place of a connection
	Status      FailureKind = "status"      // any other refusal; see Attempt.Status
)

// NetFailure is the failure in the terms of a transport that wanted a connection.
func (a *Attempt) NetFailure() *netfail.Failure {
	if a.Failure.Net != nil {
		return a.Failure.Net
	}
	return &netfail.Failure{Kind: netfail.Other, Text: "the proxy " + a.Proxy.URL + ": " + a.Failure.Text}
}
