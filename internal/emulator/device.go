package emulator

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"dpsdiag/internal/dps"
)

// Attestation is the name of an attestation in the ready line.
type Attestation string

// The attestations of ready identities.
const (
	SymmetricKey Attestation = "symmetric-key"
	GroupKey     Attestation = "group-key"
	X509         Attestation = "x509"
	SASToken     Attestation = "sas-token"
	TPM          Attestation = "tpm" // the TPM of Config.TPM; only its public key is known here
)

// Device is the data of one device: everything that it needs to register, with the mistake
// that the scenario requires.
type Device struct {
	Endpoint       dps.Endpoint // with the host of the HTTPS listener
	Scope          string
	RegistrationID string
	Attestation    Attestation

	// Key is the device key in base64, GroupKey is that of the enrollment group and Token is a
	// ready SAS token. One of them is set unless the attestation is X509 or a TPM.
	Key, GroupKey, Token dps.Secret

	// CertPEM is the leaf followed by the other certificates that the device sends, ChainPEM is
	// those others only, and CertKeyPEM is the private key of the leaf (PKCS#8). Set for X509.
	CertPEM, ChainPEM []byte
	CertKeyPEM        dps.Secret

	// CSR is the signing request that the device sends, PKCS#10 in DER, and CSRKey its private
	// key; nil for none.
	CSR    []byte
	CSRKey crypto.Signer

	// Payload is the payload that the device sends; nil for none.
	Payload json.RawMessage
	// Roots are the device's trust anchors. They do not include the emulator's CA if that is
	// the scenario.
	Roots *x509.CertPool
	// ClockOffset is how far the device's clock is ahead of the emulator's; negative if it is
	// behind.
	ClockOffset time.Duration
}

// present sets the certificate of the device and the chain to send with it.
func (d *Device) present(leaf *certified, chain ...*x509.Certificate) error {
	key, err := leaf.keyPEM()
	if err != nil {
		return err
	}
	d.CertPEM = certsPEM(append([]*x509.Certificate{leaf.cert}, chain...)...)
	d.ChainPEM = certsPEM(chain...)
	d.CertKeyPEM = dps.NewSecret(string(key))
	return nil
}

// save writes the files of the identity and returns its entry for the ready line.
func (d *Device) save(s *store) (Identity, error) {
	id := Identity{RegistrationID: d.RegistrationID, Attestation: d.Attestation}
	files := []struct {
		path   *string
		name   string
		text   string
		secret bool
	}{
		{&id.KeyFile, "device.key", d.Key.Reveal(), true},
		{&id.GroupKeyFile, "group.key", d.GroupKey.Reveal(), true},
		{&id.TokenFile, "sas-token.txt", d.Token.Reveal(), true},
		{&id.CertFile, "device-cert.pem", string(d.CertPEM), false},
		{&id.KeyFile, "device-key.pem", d.CertKeyPEM.Reveal(), true},
		{&id.ChainFile, "device-chain.pem", string(d.ChainPEM), false},
	}
	for _, file := range files {
		if file.text == "" {
			continue
		}
		write := s.writePublic
		if file.secret {
			write = s.writeSecret
		}
		path, err := write(file.name, []byte(file.text))
		if err != nil {
			return Identity{}, fmt.Errorf("save identity %s: %w", d.RegistrationID, err)
		}
		*file.path = path
	}
	return id, nil
}
