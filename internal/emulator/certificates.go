package emulator

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"time"
)

// Validity of a mint's certificates. They begin before now, so that a device whose clock is
// slightly behind accepts them.
const (
	validBefore    = 30 * 24 * time.Hour
	authorityYears = 10
	leafYears      = 1
)

// PEM block types.
const (
	blockCertificate = "CERTIFICATE"
	blockKey         = "PRIVATE KEY"
)

// certified is a certificate with its private key.
type certified struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// mint makes keys and certificates as of a given time. Private keys always come from the
// system's random source.
type mint struct {
	now    time.Time
	random *source
	curve  elliptic.Curve // of the keys; nil means P-256
}

// authority makes a CA certificate, self-signed if issuer is nil.
func (m mint) authority(name string, issuer *certified) (*certified, error) {
	return m.issue(&x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotAfter:              m.now.AddDate(authorityYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}, issuer)
}

// server makes a server certificate for names, which may be host names or addresses.
func (m mint) server(names []string, issuer *certified) (*certified, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: names[0]},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return m.issue(template, issuer)
}

// device makes a device certificate; change, unless nil, modifies the template of a valid
// one.
func (m mint) device(name string, issuer *certified, change func(*x509.Certificate)) (*certified, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	return m.issue(template, issuer)
}

// issue sets the serial number and validity if the template does not have them, and signs.
func (m mint) issue(template *x509.Certificate, issuer *certified) (*certified, error) {
	curve := m.curve
	if curve == nil {
		curve = elliptic.P256()
	}
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key of %s: %w", template.Subject, err)
	}
	template.SerialNumber = m.random.serial()
	if template.NotBefore.IsZero() {
		template.NotBefore = m.now.Add(-validBefore)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = m.now.AddDate(leafYears, 0, 0)
	}
	parent := &certified{cert: template, key: key}
	if issuer != nil {
		parent = issuer
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, &key.PublicKey, parent.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", template.Subject, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse certificate of %s: %w", template.Subject, err)
	}
	return &certified{cert: cert, key: key}, nil
}

// tls returns the pair for a TLS configuration.
func (c *certified) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{c.cert.Raw}, PrivateKey: c.key, Leaf: c.cert}
}

// keyPEM returns the private key as PKCS#8 in PEM.
func (c *certified) keyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return nil, fmt.Errorf("encode key of %s: %w", c.cert.Subject, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockKey, Bytes: der}), nil
}

// certsPEM returns certificates in PEM, one after the other.
func certsPEM(certs ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, cert := range certs {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: blockCertificate, Bytes: cert.Raw}))
	}
	return out.Bytes()
}

// parseCerts parses at least one certificate in PEM and nothing else.
func parseCerts(text []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for rest := bytes.TrimSpace(text); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("not a PEM certificate")
		}
		if block.Type != blockCertificate {
			return nil, fmt.Errorf("found a PEM block %q where a certificate is expected", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parse certificate: %w", err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("no certificate found")
	}
	return certs, nil
}

// parseCertified parses a certificate and its private key, in the format of certsPEM and
// keyPEM.
func parseCertified(certText, keyText []byte) (*certified, error) {
	pair, err := tls.X509KeyPair(certText, keyText)
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the private key is not an elliptic-curve key")
	}
	return &certified{cert: pair.Leaf, key: key}, nil
}
