package hostile_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"dpsdiag/test/hostile"
)

// authority is a CA that the device trusts.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hostile CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

// server is a certificate for 127.0.0.1, changed by change.
func (a *authority) server(change func(*x509.Certificate)) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// tlsTricks are handshakes that are wrong, or that a client has to be patient with.
func tlsTricks() []trick {
	var list []trick
	changed := func(name string, change func(*x509.Certificate)) {
		list = append(list, trick{name: name, layer: inTLS, config: func(s *service) (*tls.Config, error) {
			cert, err := s.authority.server(change)
			return &tls.Config{Certificates: []tls.Certificate{cert}}, err
		}})
	}
	changed("expired certificate", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	changed("certificate of the future", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) })
	changed("certificate for another host", func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} })
	changed("certificate without a name", func(c *x509.Certificate) { c.IPAddresses, c.Subject = nil, pkix.Name{} })
	changed("certificate with escapes", func(c *x509.Certificate) {
		c.IPAddresses, c.Subject = nil, pkix.Name{CommonName: hostile.Controls, Organization: []string{hostile.Controls, "\n::error::x"}}
	})
	changed("certificate with many names", func(c *x509.Certificate) {
		for range 3000 {
			c.DNSNames = append(c.DNSNames, "a-name-that-is-long.example")
		}
	})
	changed("certificate of 60 kB", func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3, 4}, Value: bytes.Repeat([]byte{4}, 60000)}}
	})
	changed("certificate for clients", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	changed("certificate with a critical extension", func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
	})
	with := func(name string, change func(*tls.Config)) {
		list = append(list, trick{name: name, layer: inTLS, config: func(s *service) (*tls.Config, error) {
			config, err := s.config(s)
			if err == nil {
				change(config)
			}
			return config, err
		}})
	}
	with("chain of 300 kB", func(c *tls.Config) {
		for range 500 {
			c.Certificates[0].Certificate = append(c.Certificates[0].Certificate, c.Certificates[0].Certificate[0])
		}
	})
	with("no certificate but bytes", func(c *tls.Config) { c.Certificates[0].Certificate = [][]byte{[]byte(hostile.Escapes)} })
	with("bytes behind the certificate", func(c *tls.Config) {
		c.Certificates[0].Certificate = append(c.Certificates[0].Certificate, []byte(hostile.Escapes), nil)
	})
	with("key of another certificate", func(c *tls.Config) {
		if key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err == nil {
			c.Certificates[0].PrivateKey = key
		}
	})
	with("TLS 1.0", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 })
	with("TLS 1.2", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
	with("another application protocol", func(c *tls.Config) { c.NextProtos = []string{"h2", "\x1b[2J"} })
	with("a client certificate that is needed", func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	with("a client certificate of many CAs", func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequestClientCert, x509.NewCertPool()
		for i := range 500 {
			c.ClientCAs.AddCert(&x509.Certificate{Raw: []byte{byte(i), byte(i >> 8)}, RawSubject: []byte(hostile.Escapes)})
		}
	})
	return list
}
