package probe

import (
	"crypto/x509"
	"time"

	"dpsdiag/internal/netfail"
)

// Resolution is what name resolution gave.
type Resolution struct {
	Host      string
	Addresses []string // in the order in which they will be tried
	Literal   bool     // the host is an address, nothing was asked
	Failure   *netfail.Failure
}

// Dial is one attempt to connect to one address.
type Dial struct {
	Address string // IP:port
	Took    time.Duration
	Failure *netfail.Failure // nil when it connected
}

// Handshake is what the TLS handshake showed, passed or failed.
type Handshake struct {
	ServerName string // sent as SNI and verified
	Version    uint16 // tls.VersionTLS12 ...; 0 when the handshake failed early
	Cipher     uint16
	// Peer is the chain the server presented, leaf first; also on failed verification.
	Peer []*x509.Certificate
	// Root is the trust anchor the chain ended in; nil unless verified.
	Root *x509.Certificate
	// Issuer sums up who signed the server certificate.
	Issuer ServerIssuer
	// ClientCertRequested says that the server asked for a client certificate,
	// ClientCertSent that one was handed over.
	ClientCertRequested, ClientCertSent bool
	Failure                             *netfail.TLSFailure
}

// ServerIssuer sums up the issuers of the server's chain.
type ServerIssuer string

// IssuerKnown is a public root that Azure endpoints chain to; IssuerOther any other, which
// on an Azure host name means that something else answered.
const (
	IssuerKnown ServerIssuer = "known"
	IssuerOther ServerIssuer = "other"
)

// Clock compares the local clock with the peer's.
type Clock struct {
	Source ClockSource
	// Skew is how far the local clock is ahead of the peer's; negative when behind. From a
	// certificate it is the least skew that explains the failed validity.
	Skew time.Duration
	// Uncertainty is half the round trip plus the source's resolution.
	Uncertainty time.Duration
}

// ClockSource is where a comparison of clocks comes from.
type ClockSource string

// The Date header of an answer is exact to a second; the validity of the server's
// certificate gives only the least skew that explains why it was refused.
const (
	ClockDateHeader  ClockSource = "date-header"
	ClockCertificate ClockSource = "certificate"
)
