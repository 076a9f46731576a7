package service

import "dpsdiag/internal/dps"

// AttestationType is how a device proves its identity.
type AttestationType string

// The attestation types.
const (
	AttestationNone         AttestationType = "none"
	AttestationTPM          AttestationType = "tpm"
	AttestationX509         AttestationType = "x509"
	AttestationSymmetricKey AttestationType = "symmetricKey"
)

// AttestationMechanism is how the devices of an enrollment prove their identity. The member
// for the type is set, but a read of an enrollment leaves SymmetricKey out or empty.
type AttestationMechanism struct {
	Type         AttestationType          `json:"type"`
	TPM          *TPMAttestation          `json:"tpm,omitempty"`
	X509         *X509Attestation         `json:"x509,omitempty"`
	SymmetricKey *SymmetricKeyAttestation `json:"symmetricKey,omitempty"`
}

// TPMAttestation contains public keys of a TPM: marshalled TPM2B_PUBLIC areas in base64,
// which may be malformed.
type TPMAttestation struct {
	EndorsementKey string `json:"endorsementKey"`
	StorageRootKey string `json:"storageRootKey,omitempty"`
}

// SymmetricKeyAttestation contains two keys in base64, either of which a device may use.
type SymmetricKeyAttestation struct {
	PrimaryKey   dps.Secret `json:"primaryKey,omitzero"`
	SecondaryKey dps.Secret `json:"secondaryKey,omitzero"`
}

// X509Attestation contains one of three: the certificates of a device, the certificates of
// an intermediate CA that signs those of devices, or the names of CAs in the instance.
type X509Attestation struct {
	ClientCertificates  *X509Certificates `json:"clientCertificates,omitempty"`
	SigningCertificates *X509Certificates `json:"signingCertificates,omitempty"`
	CAReferences        *X509CAReferences `json:"caReferences,omitempty"`
}

// X509Certificates are two certificates, either of which is accepted.
type X509Certificates struct {
	Primary   *X509CertificateWithInfo `json:"primary,omitempty"`
	Secondary *X509CertificateWithInfo `json:"secondary,omitempty"`
}

// X509CertificateWithInfo is a certificate as it was written (PEM, or base64 of PEM or DER),
// or what the service says of it: a read leaves Certificate out.
type X509CertificateWithInfo struct {
	Certificate string               `json:"certificate,omitempty"`
	Info        *X509CertificateInfo `json:"info,omitempty"`
}

// X509CertificateInfo is what the service says of a certificate. The thumbprints are
// hexadecimal; their letter case is not specified.
type X509CertificateInfo struct {
	SubjectName      string `json:"subjectName"`
	SHA1Thumbprint   string `json:"sha1Thumbprint"`
	SHA256Thumbprint string `json:"sha256Thumbprint"`
	IssuerName       string `json:"issuerName"`
	NotBefore        string `json:"notBeforeUtc"`
	NotAfter         string `json:"notAfterUtc"`
	SerialNumber     string `json:"serialNumber"`
	Version          int    `json:"version"`
}

// X509CAReferences are names of CA certificates that are stored in the instance.
type X509CAReferences struct {
	Primary   string `json:"primary,omitempty"`
	Secondary string `json:"secondary,omitempty"`
}
