package probe

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
)

// arrange returns certificates in the order in which TLS wants them sent (RFC 5246, 7.4.2):
// that of the key first, then each one's issuer. Those that are the issuer of none come
// last, as they were. It returns nil when the key belongs to none of them.
func arrange(certs []*x509.Certificate, key crypto.PublicKey) []*x509.Certificate {
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
		if signedBy(child, child) {
			break
		}
		next = slices.IndexFunc(left, func(c *x509.Certificate) bool { return signedBy(child, c) })
	}
	if chain == nil {
		return nil
	}
	return append(chain, left...)
}

// withoutDuplicates returns each certificate once, and those that were there again.
func withoutDuplicates(certs []*x509.Certificate) (unique, again []*x509.Certificate) {
	for _, c := range certs {
		if slices.ContainsFunc(unique, c.Equal) {
			again = append(again, c)
		} else {
			unique = append(unique, c)
		}
	}
	return unique, again
}

// orderRemarks warn of a file that would not be taken, or not by every peer, as it is.
func orderRemarks(given, sent, again []*x509.Certificate) []Warning {
	const id = cause.CertChainIncomplete
	var in Inputs
	switch {
	case slices.EqualFunc(given, sent, (*x509.Certificate).Equal):
	case !given[0].Equal(sent[0]):
		in.warn(id, "the certificate of the private key is not the first but comes after %q: a program that takes the file as it is cannot use the key, or presents another certificate; the probe sends %s",
			Name(given[0]), namesOf(sent))
	default:
		in.warn(id, "the certificates are not in order, they come as %s: a device that sends them so may be refused as if one were missing; the probe sends %s",
			namesOf(given), namesOf(sent))
	}
	for _, c := range again {
		in.warn(id, "%q is there twice, which not every TLS library or peer takes; the probe sends it once", Name(c))
	}
	return in.Warnings
}

// namesOf lists certificates; a bundle of many is cut short.
func namesOf(certs []*x509.Certificate) string {
	const most = 5
	var names []string
	for _, c := range certs[:min(most, len(certs))] {
		names = append(names, fmt.Sprintf("%q", Name(c)))
	}
	if more := len(certs) - most; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
