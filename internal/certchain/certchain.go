// Package certchain reads the certificate chain of a device with its private key.
package certchain

import "crypto/x509"

// Name is how messages call a certificate: its common name, or its whole subject.
func Name(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}
