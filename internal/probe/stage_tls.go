package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strconv"
	"strings"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/netfail"
)

// The names of facts of the tls stage: the version, the certificates that the server sent with the
// issuer of the last one, their number, and the bytes of the message that has them.
const (
	FactTLSVersion = "version"
	FactChain      = "chain"
	FactChainCount = "chain-certificates"
	FactChainBytes = "chain-bytes"
)

// handshakeTLS makes the TLS session on the connected socket.
func (r *runner) handshakeTLS(ctx context.Context) Finding {
	h := &Handshake{ServerName: r.target.Endpoint.Host}
	r.run.TLS = h
	words := &firstWords{Conn: r.tcp}
	conn := tls.Client(words, r.tlsConfig(h))
	err := handshake(ctx, conn)
	r.tcp = nil
	if err != nil {
		conn.NetConn().Close()
		r.failTLS(h, err)
		if h.Failure.Kind == netfail.TLSNotTLS {
			h.Failure.Said = words.text()
		}
		return failed("%s", describeTLS(h)).with("said", h.Failure.Said).with("peer", peerName(h.Peer)).with("peer-issuer", peerIssuer(h.Peer)).
			withChain(h)
	}
	r.proven = conn
	state := conn.ConnectionState()
	h.Version, h.Cipher, h.Peer = state.Version, state.CipherSuite, state.PeerCertificates
	if chain := state.VerifiedChains[0]; len(chain) > 0 {
		h.Root = chain[len(chain)-1]
	}
	h.Issuer = issuerOf(h.Peer)
	f := passed("%s, %s, root %s", tls.VersionName(h.Version), peerName(h.Peer), certchain.Name(h.Root))
	return f.with(FactTLSVersion, tls.VersionName(h.Version)).withChain(h).with("cipher", tls.CipherSuiteName(h.Cipher)).with("peer", peerName(h.Peer)).
		with("root", certchain.Name(h.Root)).with("peer-not-after", day(h.Peer[0].NotAfter))
}

// withChain adds the certificates that the server sent.
func (f Finding) withChain(h *Handshake) Finding {
	return f.with(FactChain, chainText(h.Peer)).with(FactChainCount, nonZero(len(h.Peer))).with(FactChainBytes, nonZero(h.ChainBytes()))
}

func (r *runner) tlsConfig(h *Handshake) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, // learn.microsoft.com: iot-dps/tls-support
		ServerName: r.target.Endpoint.Host,
		// No key exchange with ML-KEM: the service takes TLS 1.2, which has none, and with its share the
		// ClientHello no longer fits into one packet. Some networks drop that (golang/go#70047,
		// tailscale/tailscale#20777), and a device that does not send one would get through.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
		RootCAs:          r.cfg.Roots,
		Time:             r.now,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			h.ClientCertRequested = true
			if r.identity.Certificate == nil {
				return &tls.Certificate{}, nil
			}
			h.ClientCertSent = true
			return r.identity.Certificate, nil
		},
	}
}

// failTLS classifies a failed handshake, adds the server's chain if it was received, and
// returns how the run ends.
func (r *runner) failTLS(h *Handshake, err error) {
	h.Failure = netfail.ClassifyTLS(err, r.now())
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		h.Peer = bad.UnverifiedCertificates
		h.Issuer = issuerOf(h.Peer)
		r.clockFromCertificate(h)
	}
	switch h.Failure.Kind {
	case netfail.TLSTimeout:
		r.stop(EndTimeout)
	case netfail.TLSCut:
		r.stop(EndCut)
	default:
		r.stop(EndRefused)
	}
}

// clockFromCertificate sets the smallest clock skew that explains why the current time is
// outside the validity of the server's certificate.
func (r *runner) clockFromCertificate(h *Handshake) {
	if len(h.Peer) == 0 {
		return
	}
	now := r.now()
	switch leaf := h.Peer[0]; h.Failure.Kind {
	case netfail.TLSServerExpired:
		r.run.Clock = &Clock{Source: ClockCertificate, Skew: now.Sub(leaf.NotAfter)}
	case netfail.TLSServerNotYet:
		r.run.Clock = &Clock{Source: ClockCertificate, Skew: now.Sub(leaf.NotBefore)}
	}
}

func describeTLS(h *Handshake) string {
	switch h.Failure.Kind {
	case netfail.TLSUnknownAuthority:
		return "the server's certificate is not signed by a trusted authority"
	case netfail.TLSNameMismatch:
		return "the server's certificate is not for " + h.ServerName
	case netfail.TLSServerExpired:
		return "the server's certificate is expired by the local clock"
	case netfail.TLSServerNotYet:
		return "the server's certificate is not yet valid by the local clock"
	case netfail.TLSNotTLS:
		text := "the peer does not speak TLS on this port"
		if said := firstLine(h.Failure.Said); said != "" {
			text += "; it says " + strconv.Quote(said)
		}
		return text
	case netfail.TLSCut:
		return "the peer cut the connection during the handshake"
	case netfail.TLSTimeout:
		return "the peer sent nothing"
	}
	return h.Failure.Text
}

func peerName(peer []*x509.Certificate) string {
	if len(peer) == 0 {
		return ""
	}
	return certchain.Name(peer[0])
}

// chainText names the certificates that the server sent, from its own on, and who issued the
// last.
func chainText(peer []*x509.Certificate) string {
	if len(peer) == 0 {
		return ""
	}
	var names []string
	for _, c := range peer {
		names = append(names, certchain.Name(c))
	}
	issuer := peer[len(peer)-1].Issuer
	return strings.Join(names, ", ") + ", issued by " + cmp.Or(issuer.CommonName, issuer.String())
}

func peerIssuer(peer []*x509.Certificate) string {
	if len(peer) == 0 {
		return ""
	}
	return peer[len(peer)-1].Issuer.String()
}
