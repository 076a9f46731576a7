package tpm

import (
	"context"
	"errors"
	"time"

	"dpsdiag/internal/dps"
)

// Proof attests with the TPM on one connection to the service.
type Proof struct {
	tpm      *TPM
	resource string
	expiry   time.Time
	hub      *identityKey // nil until the hub's key has been activated
}

// Keys are the public keys that the device sends to identify itself.
func (p *Proof) Keys() dps.TPMKeys {
	return dps.TPMKeys{EndorsementKey: p.tpm.facts.EK.Public, StorageRootKey: p.tpm.facts.SRK.Public}
}

// Activate imports the activation blob of the service's challenge into the TPM and returns
// the token for the resource, signed with the key in it. It changes nothing permanently in
// the TPM.
func (p *Proof) Activate(ctx context.Context, blob []byte) (token dps.Secret, err error) {
	err = p.tpm.use(ctx, func(c *chip) error {
		key, err := p.tpm.activate(c, blob)
		if err != nil {
			return err
		}
		token, err = dps.SignWith(p.resource, p.expiry, func(message []byte) ([]byte, error) {
			return p.tpm.sign(c, key, message)
		})
		return err
	})
	return token, err
}

// ActivateHub imports the activation blob of an assignment, with the key for the hub, and
// makes it the device's persistent key if that was requested.
func (p *Proof) ActivateHub(ctx context.Context, blob []byte) error {
	return p.tpm.use(ctx, func(c *chip) error {
		key, err := p.tpm.activate(c, blob)
		if err != nil {
			return err
		}
		// Signing proves that the TPM accepts the key itself, and not only its encryption.
		if _, err := p.tpm.sign(c, key, []byte("dpsdiag")); err != nil {
			return err
		}
		p.hub = key
		if p.tpm.persist {
			return p.tpm.keep(c, key)
		}
		return nil
	})
}

// SignForHub returns the HMAC-SHA256 of message with the key from the last ActivateHub.
func (p *Proof) SignForHub(ctx context.Context, message []byte) (signature []byte, err error) {
	if p.hub == nil {
		return nil, errors.New("no key for a hub was activated")
	}
	err = p.tpm.use(ctx, func(c *chip) error {
		signature, err = p.tpm.sign(c, p.hub, message)
		return err
	})
	return signature, err
}
