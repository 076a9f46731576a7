package emulator

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Messages for a refused certificate, as the service sends them (GitHub issues
// Azure/azure-iot-sdk-node#532, Azure/iotedge#2739; azure-sdk-for-c
// sdk/src/azure/iot/az_iot_provisioning_client.c). Which message belongs to which fault is
// assumed if the issues do not say.
const (
	messageCertificate = "Invalid certificate."
	messageNoCA        = "CA certificate not found."
	messageOtherCA     = "Signing certificate info did not match chain elements."
)

func badCertificate(message, format string, args ...any) *refusal {
	return unauthorized(reasonCertificate, message, fmt.Sprintf(format, args...))
}

// verifyCertificate finds the enrollment that the caller's certificate belongs to: the
// individual enrollment of that registration id if there is one, otherwise the group of the
// closest signer (learn.microsoft.com: concepts-x509-attestation).
func (s *service) verifyCertificate(c claim) (*enrollment, *refusal) {
	leaf := c.credential.chain[0]
	if !strings.EqualFold(leaf.Subject.CommonName, c.registrationID) {
		return nil, badCertificate(messageCertificate, "the common name %q is not the registration id", leaf.Subject.CommonName)
	}
	if individual := s.enrolled.individual(c.registrationID); individual != nil {
		return individual, matchIndividual(leaf, individual, s.now())
	}
	return s.matchGroup(c.credential.chain)
}

// matchIndividual compares the leaf with those of an individual enrollment. Its issuer does
// not matter.
func matchIndividual(leaf *x509.Certificate, entry *enrollment, now time.Time) *refusal {
	if len(entry.certs) == 0 {
		return badCertificate(messageCertificate, "the enrollment wants a key, not a certificate")
	}
	if !slices.ContainsFunc(entry.certs, leaf.Equal) {
		return badCertificate(messageCertificate, "the individual enrollment holds another certificate")
	}
	return inDate(leaf, now)
}

// matchGroup follows the chain to the closest CA in a group.
func (s *service) matchGroup(chain []*x509.Certificate) (*enrollment, *refusal) {
	leaf := chain[0]
	if leaf.IsCA {
		return nil, badCertificate(messageCertificate, "the certificate is that of a CA, not of a device")
	}
	for _, cert := range chain {
		if refused := inDate(cert, s.now()); refused != nil {
			return nil, refused
		}
	}
	group, err := s.signer(chain, func(g *enrollment) bool { return !g.unverified })
	if err == nil {
		return group, nil
	}
	if unknown := new(x509.UnknownAuthorityError); !errors.As(err, unknown) {
		return nil, badCertificate(messageCertificate, "%v", err)
	}
	if _, err := s.signer(chain, func(g *enrollment) bool { return g.unverified }); err == nil {
		return nil, badCertificate(messageNoCA, "the CA of the chain is enrolled, but its possession was never proven")
	}
	if !slices.ContainsFunc(chain[1:], func(ca *x509.Certificate) bool { return bytes.Equal(ca.RawSubject, leaf.RawIssuer) }) {
		return nil, badCertificate(messageNoCA, "the issuer %q of the certificate was not sent and is not enrolled", leaf.Issuer)
	}
	return nil, badCertificate(messageOtherCA, "no CA of the chain is enrolled")
}

func inDate(cert *x509.Certificate, now time.Time) *refusal {
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return badCertificate(messageCertificate, "the certificate of %q is valid only from %s to %s",
			cert.Subject, cert.NotBefore.Format(time.RFC3339), cert.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// signer verifies the chain against the CAs of the given groups and returns the group whose
// CA is closest to the leaf.
func (s *service) signer(chain []*x509.Certificate, counts func(*enrollment) bool) (*enrollment, error) {
	groups := slices.DeleteFunc(slices.Clone(s.enrolled.allGroups()), func(g *enrollment) bool { return !counts(g) })
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, group := range groups {
		addAll(roots, group.certs)
	}
	addAll(intermediates, chain[1:])
	paths, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   s.now(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, err
	}
	shortest := slices.MinFunc(paths, func(a, b []*x509.Certificate) int { return len(a) - len(b) })
	closest := shortest[len(shortest)-1]
	at := slices.IndexFunc(groups, func(g *enrollment) bool { return slices.ContainsFunc(g.certs, closest.Equal) })
	return groups[at], nil
}

func addAll(pool *x509.CertPool, certs []*x509.Certificate) {
	for _, cert := range certs {
		pool.AddCert(cert)
	}
}
