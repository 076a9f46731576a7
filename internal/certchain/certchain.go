// Package certchain reads the X.509 credential of a device: its certificate chain with the private key.
package certchain

import "crypto/x509"

// Name is the name of a certificate in messages: its common name, or its whole subject if
// it has none.
func Name(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}
