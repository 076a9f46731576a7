package probe

import (
	"crypto/x509"
	"time"

	"dpsdiag/internal/tpm"
)

// Inputs are the facts of the inputs stage: what is known of the identity and the settings
// before any packet. They are the same for every transport.
type Inputs struct {
	Identity    string            // the credential in one line, without its secrets
	Key         *KeyFacts         // the token is signed with a symmetric key or a group key
	Token       *TokenFacts       // a ready SAS token is used
	Certificate *CertificateFacts // a client certificate is used
	TPM         *tpm.Facts        // the device attests with a TPM
	Warnings    []Warning         // what is unusual and may be refused
}

// Warning is something unusual that does not stop the probe.
type Warning struct {
	ID     string // the id of the cause that it points to, or the name of a notice
	Detail string
}

// KeyFacts describe a symmetric key without revealing it.
type KeyFacts struct {
	Size    int  // bytes after base64 decoding: of the device key, or of the group key if Derived
	Derived bool // dpsdiag derived the device key from a group key of this size
}

// TokenFacts describe a ready SAS token without revealing it.
type TokenFacts struct {
	Resource       string // sr, URL-decoded
	CoversTarget   bool   // Resource matches the id scope and registration id of the target
	Expiry         time.Time
	Expired        bool // by the local clock
	InMilliseconds bool // the expiry looks like milliseconds
	Policy         string
}

// CertificateFacts describe the chain that the device presents.
type CertificateFacts struct {
	Leaf  *x509.Certificate
	Chain []*x509.Certificate // certificates sent after the leaf, in the order sent
	// CommonName is the leaf's; the service uses it as the registration id.
	CommonName string
	NameMatch  NameMatch
	// Expired and NotYetValid are the sent certificates that are not valid at the time of the
	// local clock.
	Expired, NotYetValid []*x509.Certificate
	SelfSigned           bool // the leaf is self-issued
	IsCA                 bool // the leaf is a CA certificate
	NoClientAuth         bool // an extended key usage is present and lacks clientAuth
	// Unlinked is the index of a certificate of the chain that is not signed by the next one,
	// counted from the leaf at 0. It is -1 if all are.
	Unlinked int
	// Top is the issuer name of the last certificate sent: the service has to know this issuer.
	Top string
}

// NameMatch compares a certificate's common name with the registration id.
type NameMatch string

// The results of that comparison.
const (
	NameSame      NameMatch = "same"
	NameCase      NameMatch = "case" // equal except for upper and lower case
	NameDifferent NameMatch = "different"
	NameMissing   NameMatch = "missing" // the certificate has no common name
)
