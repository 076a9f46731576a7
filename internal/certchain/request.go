package certchain

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

// ParseRequest parses the first certificate signing request of a file. The file is PEM, DER, or
// base64 of DER, which is the form that the service accepts.
func ParseRequest(file []byte) (*x509.CertificateRequest, error) {
	der, err := requestDER(file)
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, errors.New("it is not a PKCS#10 signing request, or it is damaged")
	}
	return csr, nil
}

func requestDER(file []byte) ([]byte, error) {
	const kind = "CERTIFICATE REQUEST"
	var others []string
	for rest := file; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == kind || block.Type == "NEW "+kind {
			return block.Bytes, nil
		}
		others = append(others, block.Type)
	}
	if der, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(file), nil))); err == nil && len(others) == 0 {
		return der, nil
	}
	if len(others) > 0 || len(file) == 0 || file[0] != 0x30 {
		return nil, noPEM(file, others, kind)
	}
	return file, nil
}

// NewRequest makes a signing request for a common name, signed with key.
func NewRequest(commonName string, key crypto.Signer) (*x509.CertificateRequest, error) {
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: commonName}}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return nil, fmt.Errorf("make a signing request: %w", err)
	}
	return x509.ParseCertificateRequest(der)
}

// NewKey generates an EC P-384 key, a kind for which the service issues certificates. text is the
// same key in PKCS#8 and PEM.
func NewKey() (key crypto.Signer, text []byte, err error) {
	made, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(made)
	if err != nil {
		return nil, nil, fmt.Errorf("encode a key: %w", err)
	}
	return made, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// SameKey reports whether two public keys are the same.
func SameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// DecodeIssued decodes a chain that the service issued: base64 of DER, leaf first. If a
// certificate cannot be parsed, it returns an error and no certificates, but still the DER of
// all of them.
func DecodeIssued(chain []string) (ders [][]byte, certs []*x509.Certificate, err error) {
	for i, text := range chain {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, nil, fmt.Errorf("certificate %d of the chain is not base64", i+1)
		}
		ders = append(ders, der)
	}
	for i, der := range ders {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return ders, nil, fmt.Errorf("certificate %d of the chain cannot be parsed", i+1)
		}
		certs = append(certs, cert)
	}
	return ders, certs, nil
}

// EncodePEM encodes certificates in PEM, one after the other.
func EncodePEM(ders [][]byte) []byte {
	var blocks [][]byte
	for _, der := range ders {
		blocks = append(blocks, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return slices.Concat(blocks...)
}
