package certchain

import (
	"crypto"
	"crypto/x509"
	"slices"
)

// Arrange returns certificates in the order in which TLS sends them (RFC 5246, 7.4.2): the
// certificate of the key first, each followed by its issuer. Certificates that issued none
// of the others come last, in their original order. It returns nil if the key belongs to
// none of them.
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

// Unique returns each certificate once, and the duplicates.
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

// SignedBy checks only the signature: a chain may be linked although a certificate in it
// may not sign others, which is reported as a separate error.
func SignedBy(child, parent *x509.Certificate) bool {
	return parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature) == nil
}
