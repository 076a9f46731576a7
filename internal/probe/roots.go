package probe

import (
	"crypto/x509"
	"embed"
	"time"
)

// publicRoots are the roots that Azure's provisioning endpoints chain to now or are
// announced to (learn.microsoft.com: migrate-tls-certificate, and azure-iot-sdk-c
// certs/certs.c). They do not affect which servers the probe trusts. They only show whether
// a server that is not trusted here is the real one.
//
//go:embed roots/*.pem
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
		Roots:         publicRootPool(),
		Intermediates: intermediates,
		CurrentTime:   peer[0].NotBefore.Add(time.Second),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return IssuerOther
	}
	return IssuerKnown
}

// publicRootPool parses the embedded files; a test proves that each of them can be parsed.
func publicRootPool() *x509.CertPool {
	pool := x509.NewCertPool()
	entries, _ := publicRoots.ReadDir("roots")
	for _, entry := range entries {
		file, _ := publicRoots.ReadFile("roots/" + entry.Name())
		pool.AppendCertsFromPEM(file)
	}
	return pool
}
