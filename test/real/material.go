package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// strangerID is a registration id that nobody has enrolled.
func strangerID() string {
	random := make([]byte, 6)
	_, _ = rand.Read(random) // never fails
	return "dpsdiag-real-" + hex.EncodeToString(random)
}

func randomKey() dps.Key {
	random := make([]byte, 64)
	_, _ = rand.Read(random) // never fails
	return dps.NewKey(random)
}

// selfSigned is a certificate for an id that nobody has enrolled.
func selfSigned(id string) (*probe.X509, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: id},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	return probe.NewX509([]*x509.Certificate{certificate}, key)
}
