package probe

import (
	"crypto/x509"
	"time"

	"dpsdiag/internal/tpm"
)

// Inputs are the facts of the inputs stage: what can be said of the identity and the
// settings before any packet. They are the same for every transport.
type Inputs struct {
	Identity    string            // the credential in one line, without what is secret of it
	Key         *KeyFacts         // a symmetric key or a group key signs
	Token       *TokenFacts       // a ready SAS token is used
	Certificate *CertificateFacts // a client certificate is used
	TPM         *tpm.Facts        // a TPM proves the device
	Warnings    []Warning         // what is odd and may be refused
}

// Warning is something odd that does not stop the probe.
type Warning struct {
	ID     string // of the cause that it is a sign of, or the name of a notice
	Detail string
}

// KeyFacts describe a symmetric key without being it.
type KeyFacts struct {
	Size    int  // bytes after base64 decoding: the device key, or the group key if Derived
	Derived bool // dpsdiag derived the device key from a group key of this size
}

// TokenFacts describe a ready SAS token without being it.
type TokenFacts struct {
	Resource       string // sr, URL-decoded
	CoversTarget   bool   // Resource is the id scope and registration id of the target
	Expiry         time.Time
	Expired        bool // by the local clock
	InMilliseconds bool // the expiry looks like milliseconds
	Policy         string
}

// CertificateFacts describe the chain that the device presents.
type CertificateFacts struct {
	Leaf  *x509.Certificate
	Chain []*x509.Certificate // what is sent after the leaf, in the order sent
	// CommonName is the leaf's; it is the registration id the service takes.
	CommonName string
	NameMatch  NameMatch
	// Expired and NotYetValid are the sent certificates outside their validity by the
	// local clock.
	Expired, NotYetValid []*x509.Certificate
	SelfSigned           bool // the leaf is its own issuer
	IsCA                 bool // the leaf is a CA certificate
	NoClientAuth         bool // an extended key usage is present and lacks clientAuth
	// Unlinked says that a certificate of the chain is not signed by the one after it;
	// it counts from 0, the leaf. -1 when all are.
	Unlinked int
	// Top is the issuer name of the last certificate sent: whom the service has to know.
	Top string
}

// NameMatch compares a certificate's common name with the registration id.
type NameMatch string

// The outcomes of that comparison.
const (
	NameSame      NameMatch = "same"
	NameCase      NameMatch = "case" // equal but for letter case
	NameDifferent NameMatch = "different"
	NameMissing   NameMatch = "missing" // the certificate has no common name
)
