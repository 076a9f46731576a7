package probe

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"dpsdiag/internal/certchain"
)

func x509Traits() AttestationTraits {
	return AttestationTraits{Kind: KindX509, Called: "the certificate", Flags: "--cert CERT-FILE --cert-key CERT-KEY-FILE", InHandshake: true, Disbelieved: "dps-401002"}
}

// X509 attests with a client certificate.
type X509 struct {
	chain   []*x509.Certificate // as it is sent, leaf first
	key     crypto.Signer
	remarks []Warning // about the certificates as they were given
}

// NewX509 attests with certificates and the private key of one of them. They are sent in
// the correct order and once each. If they were given in another way, Inspect warns, since
// a device may send them unchanged. A key of another certificate is an error, since no TLS
// stack could use the pair.
func NewX509(certs []*x509.Certificate, key crypto.Signer) (*X509, error) {
	if len(certs) == 0 {
		return nil, errors.New("there is no certificate")
	}
	unique, again := certchain.Unique(certs)
	chain := certchain.Arrange(unique, key.Public())
	if chain == nil {
		return nil, fmt.Errorf("the private key does not belong to the certificate %q", certchain.Name(certs[0]))
	}
	return &X509{chain: chain, key: key, remarks: orderRemarks(unique, chain, again)}, nil
}

// CommonName returns the leaf's common name, which the service uses as the registration id.
func (a *X509) CommonName() string { return a.chain[0].Subject.CommonName }

// Kind implements Attestation.
func (a *X509) Kind() AttestationKind { return KindX509 }

// Identify implements Attestation.
func (a *X509) Identify(Target, time.Time) Identity {
	cert := &tls.Certificate{PrivateKey: a.key, Leaf: a.chain[0]}
	for _, c := range a.chain {
		cert.Certificate = append(cert.Certificate, c.Raw)
	}
	return Identity{Certificate: cert}
}
