package probe

import (
	"bytes"
	"crypto/x509"
	"embed"
	"slices"
	"time"
)

// publicRoots are the roots that Azure's endpoints chain to now or are announced to
// (learn.microsoft.com: migrate-tls-certificate, azure-certificate-authority-details of
// 2025-11-17, and azure-iot-sdk-c certs/certs.c). "Microsoft TLS RSA Root G2" and "Microsoft TLS
// ECC Root G2" are not among them: servers send these as intermediates, signed by DigiCert Global
// Root G2 and G3. They do not affect which servers the probe trusts. They only show whether a
// server that is not trusted here is the real one. They are in DER: to decode PEM takes a probe longer
// than the search for a name.
//
//go:embed roots/*.der
var publicRoots embed.FS

// issuerOf returns whether the presented chain leads to one of the public roots. It ignores
// validity dates: an expired certificate has the same issuer.
func issuerOf(peer []*x509.Certificate) ServerIssuer {
	if len(peer) == 0 {
		return ""
	}
	intermediates := x509.NewCertPool()
	for _, c := range peer[1:] {
		intermediates.AddCert(c)
	}
	_, err := peer[0].Verify(x509.VerifyOptions{
		Roots:         publicRootPool(peer),
		Intermediates: intermediates,
		CurrentTime:   peer[0].NotBefore.Add(time.Second),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return IssuerOther
	}
	return IssuerKnown
}

// publicRootPool returns the embedded roots that may have issued one of the presented certificates: a
// root has the name of the issuer in it. To parse all of them takes longer than the rest of a handshake.
func publicRootPool(peer []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	entries, _ := publicRoots.ReadDir("roots")
	for _, entry := range entries {
		der, _ := publicRoots.ReadFile("roots/" + entry.Name())
		if !slices.ContainsFunc(peer, func(c *x509.Certificate) bool { return bytes.Contains(der, c.RawIssuer) }) {
			continue
		}
		if root, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(root)
		}
	}
	return pool
}
