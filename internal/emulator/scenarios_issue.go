package emulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
)

// issuanceScenarios are those in which a device requests a certificate. A device in this process
// always does so.
func issuanceScenarios() []Scenario {
	return []Scenario{
		{
			Name: "certificate-not-issued", Cause: "certificate-not-issued",
			Title:   "No enrollment has a certificate policy",
			service: removePolicies, device: requestCertificate(""), outside: unchanged,
		},
		{
			Name: "csr-rejected", Cause: "csr-rejected",
			Title:  "The signing request is for another name than the registration id",
			device: requestCertificate("another-device"), outside: issued(issuedRefused),
		},
		{
			Name: "issued-certificate-expired", Cause: "issued-certificate-unusable",
			Title:   "The issued certificate expired yesterday",
			service: issued(issuedExpired), device: requestCertificate(""), outside: unchanged,
		},
		{
			Name: "issued-certificate-other-key", Cause: "issued-certificate-unusable",
			Title:   "The issued certificate is for another key than the signing request",
			service: issued(issuedOtherKey), device: requestCertificate(""), outside: unchanged,
		},
		{
			Name: "issued-certificate-unusable", Cause: "issued-certificate-unusable", AtHub: true,
			Title:   "The hub does not have the CA of issued certificates: not synchronised",
			service: issued(issuedUnsynchronised), device: requestCertificate(""), outside: unchanged,
		},
	}
}

func unchanged(*world) error { return nil }

func issued(fault issuedFault) change {
	return func(w *world) error {
		w.service.issued = fault
		return nil
	}
}

func removePolicies(w *world) error {
	for _, entry := range w.service.enrolled.all() {
		entry.issuance = nil
	}
	return nil
}

// requestCertificate gives every device a signing request with a common name, that of its
// registration id if it is "".
func requestCertificate(name string) change {
	return func(w *world) error {
		for _, d := range w.devices {
			if err := d.request(name); err != nil {
				return err
			}
		}
		return nil
	}
}

func (d *Device) request(name string) error {
	if name == "" {
		name = d.RegistrationID
	}
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key for a signing request: %w", err)
	}
	d.CSR, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
	if err != nil {
		return fmt.Errorf("make a signing request: %w", err)
	}
	d.CSRKey = key
	return nil
}
