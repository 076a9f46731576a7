package certchain

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// ParsePEM reads every certificate of a PEM file, in order. It skips other blocks, such as
// the private key in a combined file. For a file without a certificate, the error says what
// was found instead.
func ParsePEM(file []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	var others []string
	rest := file
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			others = append(others, block.Type)
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d in the file cannot be parsed: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, noPEM(file, others, "CERTIFICATE")
	}
	return certs, nil
}

// ErrEncryptedKey means that a private key is encrypted, in PKCS#8 or in the older form
// with Proc-Type and DEK-Info headers (RFC 1421). A key in a PKCS#12 file may be encrypted.
var ErrEncryptedKey = errors.New("the private key is encrypted; PEM keys must not be encrypted")

// ParseKey reads the first private key of a PEM file: PKCS#8, PKCS#1 or SEC 1, RSA,
// EC or Ed25519. For an encrypted key the error is [ErrEncryptedKey].
func ParseKey(file []byte) (crypto.Signer, error) {
	var others []string
	rest := file
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, noPEM(file, others, "PRIVATE KEY")
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, ErrEncryptedKey
		}
		if key, err := parseKeyBlock(block); key != nil || err != nil {
			return key, err
		}
		others = append(others, block.Type)
	}
}

// parseKeyBlock returns neither a key nor an error for a block of another type.
func parseKeyBlock(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, errors.New("the private key cannot be parsed")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a private key of type %T cannot sign", key)
	}
	return signer, nil
}

// noPEM says what a file contains instead of the block that was looked for.
func noPEM(file []byte, found []string, want string) error {
	switch {
	case len(found) > 0:
		return fmt.Errorf("it contains no %s block, only %s", want, strings.Join(found, ", "))
	case len(file) > 1 && file[0] == 0x30 && file[1]&0x80 != 0:
		return fmt.Errorf("it is binary DER, not PEM; convert it (openssl x509 -inform DER -in FILE -out FILE.pem)")
	case bytes.Contains(file, []byte("-----BEGIN")):
		return fmt.Errorf("its PEM block is damaged: check line breaks and the END line")
	}
	return fmt.Errorf("it is not a PEM file: it has no BEGIN %s line", want)
}
