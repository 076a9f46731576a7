package certchain

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"dpsdiag/internal/dps"
)

// ErrPassword means that the password does not open a PKCS#12 file.
var ErrPassword = errors.New("the password is wrong")

// ParsePKCS12 reads a PKCS#12 file (.pfx, .p12) with one private key, with current or old
// encryption. It returns the certificates in the order that TLS wants, the leaf first, and
// the leaf's key. For a wrong password the error is [ErrPassword].
func ParsePKCS12(file []byte, password dps.Secret) ([]*x509.Certificate, crypto.Signer, error) {
	key, first, more, err := pkcs12.DecodeChain(file, password.Reveal())
	if err != nil {
		return nil, nil, pkcs12Error(file, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("a private key of type %T cannot sign", key)
	}
	// The order in such a file means nothing: an id links a key to its certificate.
	certs, _ := Unique(append([]*x509.Certificate{first}, more...))
	chain := Arrange(certs, signer.Public())
	if chain == nil {
		return nil, nil, errors.New("none of its certificates belongs to the private key")
	}
	return chain, signer, nil
}

// pkcs12Error says what is wrong with a file. The library has only the texts of its errors
// for that; a test checks that they have not changed.
func pkcs12Error(file []byte, err error) error {
	text := strings.TrimPrefix(err.Error(), "pkcs12: ")
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption), text == "no MAC in data":
		return ErrPassword
	case bytes.Contains(file, []byte("-----BEGIN")):
		return errors.New("it is PEM text, not PKCS#12; use --cert and --cert-key for it")
	case strings.HasPrefix(text, "error reading P12 data"):
		return errors.New("it is not a PKCS#12 file, or it is incomplete")
	case text == "private key missing":
		return errors.New("it contains no private key, only certificates")
	case text == "certificate missing":
		return errors.New("it contains no certificate, only a private key")
	case text == "expected exactly one key bag":
		return errors.New("it contains several private keys; export only the device's")
	}
	return fmt.Errorf("it cannot be read: %s", text)
}
