package dps

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// IssuingAPIVersion is the api-version for calls that request a certificate, as the unified
// SDKs (Azure/azure-iot-sdk) and the azure-iot CLI extension send it. Its answers also have
// the connection profile of the assigned hub.
const IssuingAPIVersion = "2026-11-02-preview"

// firstIssuing is the date of the first api-version in which a request may have the member
// csr (azure-rest-api-specs deviceprovisioningservices/data-plane, device/models.tsp).
const firstIssuing = "2025-07-01"

// IssuesCertificates reports whether an api-version has signing requests and issued
// certificates.
func IssuesCertificates(version string) bool {
	date := strings.TrimSuffix(version, "-preview")
	_, err := time.Parse(time.DateOnly, date)
	return err == nil && date >= firstIssuing
}

// HasConnectionProfile reports whether the answers of an api-version have the connection
// profile of the hub: those of [IssuingAPIVersion] and later previews do
// (azure-rest-api-specs deviceprovisioningservices/data-plane,
// device/examples/2026-11-02-preview).
func HasConnectionProfile(version string) bool {
	return IssuesCertificates(version) && strings.HasSuffix(version, "-preview") && version >= IssuingAPIVersion
}

// MaxCSR is the maximum length of a signing request in base64, in bytes (azure-iot-sdk
// c/docs/eng/certificate-management.md).
const MaxCSR = 8 << 10

// CheckCSR returns how a signing request differs from what the service documents for a
// device: signed with its own key, the registration id as common name, EC P-384, and not
// too long (learn.microsoft.com: device certificate issuance; azure-cli-extension
// azext_iot/dps/services/_csr.py).
func CheckCSR(csr *x509.CertificateRequest, registrationID string) []string {
	var odd []string
	if cn := csr.Subject.CommonName; cn != registrationID {
		odd = append(odd, fmt.Sprintf("the common name of the signing request is %q; it has to be the registration id %q", cn, registrationID))
	}
	if csr.CheckSignature() != nil {
		odd = append(odd, "the signature of the signing request is not that of its own key")
	}
	if text := KeyText(csr.PublicKey); text != keyP384 {
		odd = append(odd, "the signing request is for a key of "+text+"; the documented one is "+keyP384+", though others were seen to be accepted")
	}
	if n := base64.StdEncoding.EncodedLen(len(csr.Raw)); n > MaxCSR {
		odd = append(odd, fmt.Sprintf("the signing request has %d bytes in base64, %d are allowed", n, MaxCSR))
	}
	return odd
}

const keyP384 = "EC P-384"

// KeyText names the kind and the size of a public key.
func KeyText(public any) string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P384() {
			return keyP384
		}
		return "EC " + key.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", public), "*")
}
