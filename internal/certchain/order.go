package certchain

import (
	"crypto"
	"crypto/x509"
	"slices"
)

// Arrange returns certificates in the order in which TLS wants them sent (RFC 5246, 7.4.2):
// that of the key first, then each one's issuer. Those that are the issuer of none come
// last, as they were. It returns nil when the key belongs to none of them.
func Arrange(certs []*x509.Certificate, key crypto.PublicKey) []*x509.Certificate {
	public, ok := key.(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil
	}
	left := slices.Clone(certs)
	next := slices.IndexFunc(left, func(c *x509.Certificate) bool { return public.Equal(c.PublicKey) })
	var chain []*x509.Certificate
	for next >= 0 {
		child := left[next]
		chain, left = append(chain, child), slices.Delete(left, next, next+1)
		if SignedBy(child, child) {
			break
		}
		next = slices.IndexFunc(left, func(c *x509.Certificate) bool { return SignedBy(child, c) })
	}
	if chain == nil {
		return nil
	}
	return append(chain, left...)
}

// Unique returns each certificate once, and those that were there again.
func Unique(certs []*x509.Certificate) (unique, again []*x509.Certificate) {
	for _, c := range certs {
		if slices.ContainsFunc(unique, c.Equal) {
			again = append(again, c)
		} else {
			unique = append(unique, c)
		}
	}
	return unique, again
}

// SignedBy checks the signature alone: a chain may be linked although a certificate in it
// lacks the right to sign, which is a fault of its own.
func SignedBy(child, parent *x509.Certificate) bool {
	return parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature) == nil
}
