package probe

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/certchain"
)

// orderRemarks returns warnings about a file that a peer may not accept as it is.
func orderRemarks(given, sent, again []*x509.Certificate) []Warning {
	const id = cause.CertChainIncomplete
	var in Inputs
	switch {
	case slices.EqualFunc(given, sent, (*x509.Certificate).Equal):
	case !given[0].Equal(sent[0]):
		in.warn(id, "the certificate of the private key is not the first but comes after %q: a program that uses the file unchanged cannot use the key, or presents another certificate; the probe sends %s",
			certchain.Name(given[0]), namesOf(sent))
	default:
		in.warn(id, "the certificates are not in order but come as %s: a device that sends them in this order may be refused as if one were missing; the probe sends %s",
			namesOf(given), namesOf(sent))
	}
	for _, c := range again {
		in.warn(id, "%q occurs twice, which not every TLS library or peer accepts; the probe sends it once", certchain.Name(c))
	}
	return in.Warnings
}

// namesOf lists the names of certificates; a long list is shortened.
func namesOf(certs []*x509.Certificate) string {
	const most = 5
	var names []string
	for _, c := range certs[:min(most, len(certs))] {
		names = append(names, fmt.Sprintf("%q", certchain.Name(c)))
	}
	if more := len(certs) - most; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
