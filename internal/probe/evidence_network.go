package probe

import (
	"crypto/x509"
	"time"

	"dpsdiag/internal/netfail"
)

// Resolution is the result of name resolution.
type Resolution struct {
	Host      string
	Addresses []string // in the order in which they will be tried
	Literal   bool     // the host is an address, so there was no query
	Failure   *netfail.Failure
}

// Dial is one attempt to connect to one address.
type Dial struct {
	Address string // IP:port
	Took    time.Duration
	Failure *netfail.Failure // nil if it connected
}

// Handshake is what the TLS handshake showed, whether it passed or failed.
type Handshake struct {
	ServerName string // sent as SNI and verified
	Version    uint16 // tls.VersionTLS12 ...; 0 if the handshake failed early
	Cipher     uint16
	// Peer is the chain that the server presented, leaf first; it is set even if verification
	// failed.
	Peer []*x509.Certificate
	// Root is the trust anchor of the chain; nil unless verified.
	Root *x509.Certificate
	// Issuer says what kind of issuer signed the server certificate.
	Issuer ServerIssuer
	// ClientCertRequested says that the server asked for a client certificate, ClientCertSent
	// that one was sent.
	ClientCertRequested, ClientCertSent bool
	Failure                             *netfail.TLSFailure
}

// ChainBytes is the size of the handshake message with the server's certificates, 0 without any: its
// header, the length of the list, and each certificate with its length (RFC 5246, 7.4 and 7.4.2). A
// client has to hold all of it.
func (h *Handshake) ChainBytes() int {
	if len(h.Peer) == 0 {
		return 0
	}
	size := 4 + 3
	for _, c := range h.Peer {
		size += 3 + len(c.Raw)
	}
	return size
}

// ServerIssuer is the kind of issuer of the server's chain.
type ServerIssuer string

// IssuerKnown is a public root that Azure endpoints chain to. IssuerOther is any other,
// which on an Azure host name means that the answer came from something else.
const (
	IssuerKnown ServerIssuer = "known"
	IssuerOther ServerIssuer = "other"
)

// Clock compares the local clock with the peer's.
type Clock struct {
	Source ClockSource
	// Skew is how far the local clock is ahead of the peer's; negative if it is behind. From a
	// certificate it is the smallest skew that explains why the validity check failed.
	Skew time.Duration
	// Uncertainty is half the round trip plus the source's resolution.
	Uncertainty time.Duration
}

// ClockSource is the source of a clock comparison.
type ClockSource string

// The Date header of an answer is accurate to a second. The validity of the server's
// certificate gives only the smallest skew that explains why it was refused.
const (
	ClockDateHeader  ClockSource = "date-header"
	ClockCertificate ClockSource = "certificate"
)
