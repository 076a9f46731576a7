package probe

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/go-tpm/tpm2"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
)

// TPM attests with a TPM 2.0. It opens the device for each piece of work and leaves
// nothing loaded in it between two of them. One TPM serves several runs at a time.
type TPM struct {
	// ShowEK adds the endorsement key itself, in base64, to the facts of the inputs stage.
	ShowEK bool

	path    string
	persist bool
	auth    TPMAuth
	facts   TPMFacts // as found when it was opened

	working     sync.Mutex // one piece of work at a time
	ek, srk     primaryKey
	inputBuffer int // the most bytes the TPM takes in one command
}

// TPMAuth are the passwords of the TPM's hierarchies; most TPMs have none, as the zero value.
type TPMAuth struct{ Endorsement, Owner dps.Secret }

// OpenTPM looks at the TPM at path: a device such as /dev/tpmrm0, the unix socket of a
// software TPM, or "tbs" on Windows. It changes nothing in it; only with persist does a
// later assignment make its keys persistent, as the SDKs do. An error means that path can
// be no TPM at all. A TPM that fails is a fact of its Inspect.
func OpenTPM(ctx context.Context, path string, persist bool, auth TPMAuth) (*TPM, error) {
	if err := checkTPMPath(path); err != nil {
		return nil, err
	}
	t := &TPM{path: path, persist: persist, auth: auth, facts: TPMFacts{Path: path}, ek: endorsementKey(), srk: storageRootKey()}
	if err := t.use(ctx, t.look); err != nil {
		t.facts.Failure = asTPMError(err)
	}
	t.facts.EK, t.facts.SRK = t.ek.facts, t.srk.facts
	return t, nil
}

// RegistrationID is the one the SDKs make from the endorsement key; "" when that key could
// not be read.
func (t *TPM) RegistrationID() string {
	if t.facts.EK.Public == nil {
		return ""
	}
	return dps.TPMRegistrationID(t.facts.EK.Public)
}

// EndorsementKey is the key by which the device is enrolled: the marshalled TPM2B_PUBLIC,
// nil when it could not be read.
func (t *TPM) EndorsementKey() []byte { return t.facts.EK.Public }

// Kind implements Attestation.
func (t *TPM) Kind() AttestationKind { return KindTPM }

// Inspect implements Attestation. The SDKs take whatever key they find at its persistent
// handle, so one that this probe could not use is worth a warning. So is a lockout: it does
// not keep a TPM from attesting, but other programs from their keys.
func (t *TPM) Inspect(Target, time.Time, time.Duration) Inputs {
	facts := t.facts
	facts.ShowEK = t.ShowEK
	in := Inputs{TPM: &facts}
	if facts.EK.Occupied != "" {
		in.warn(cause.TPMEKMismatch, "the SDKs would use the key at 0x%08x as the endorsement key: %s", uint32(ekHandle), facts.EK.Occupied)
	}
	if facts.LockedOut {
		in.warn(cause.TPMAccessDenied, "the TPM is in lockout after too many wrong passwords: for some time it refuses every key that has one")
	}
	if facts.SRK.Occupied != "" {
		in.notice("tpm-srk-template", "the SDKs would use the key at 0x%08x as the storage root key: %s", uint32(srkHandle), facts.SRK.Occupied)
	}
	return in
}

// Identify implements Attestation.
func (t *TPM) Identify(target Target, now time.Time) Identity {
	if t.facts.Failure != nil {
		return Identity{}
	}
	return Identity{TPM: &tpmProof{
		tpm:      t,
		resource: dps.Resource(target.Scope, target.RegistrationID),
		expiry:   now.Add(tokenLifetime),
	}}
}

// use opens the TPM for one piece of work.
func (t *TPM) use(ctx context.Context, work func(*chip) error) error {
	t.working.Lock()
	defer t.working.Unlock()
	device, err := openTPM(t.path)
	if err != nil {
		return classifyTPM(t.path, "open", err)
	}
	tpm := &patientTPM{device: device, limit: helloLimit}
	defer tpm.close()
	return work(&chip{ctx: ctx, path: t.path, auth: t.auth, tpm: tpm})
}

// look gathers the facts and finds or makes both primary keys.
func (t *TPM) look(c *chip) error {
	var err error
	if t.inputBuffer, err = c.describe(&t.facts); err != nil {
		return err
	}
	if t.facts.IdentityKey, err = c.exists(identityHandle); err != nil {
		return err
	}
	if err := t.ek.find(c); err != nil {
		return err
	}
	if err := t.srk.find(c); err != nil {
		return err
	}
	return t.obstacle()
}

// obstacle tells beforehand what would stop the attestation after the challenge.
func (t *TPM) obstacle() error {
	fail := func(kind TPMKind, step, text string) error {
		return &TPMError{Kind: kind, Step: step, Path: t.path, Text: text}
	}
	switch {
	case t.facts.EndorsementAuth && t.auth.Endorsement.IsZero():
		return fail(TPMHierarchy, "use the endorsement key", "the endorsement hierarchy is protected by a password")
	case t.persist && t.facts.OwnerAuth && t.auth.Owner.IsZero():
		return fail(TPMHierarchy, "make keys persistent", "the owner hierarchy is protected by a password")
	case t.persist && t.ek.facts.Occupied != "":
		return fail(TPMTemplate, "make the endorsement key persistent", "another key is at its handle: "+t.ek.facts.Occupied)
	case t.persist && t.srk.facts.Occupied != "":
		return fail(TPMTemplate, "make the storage root key persistent", "another key is at its handle: "+t.srk.facts.Occupied)
	}
	return nil
}

// tpmProof implements TPMProof for one run.
type tpmProof struct {
	tpm      *TPM
	resource string
	expiry   time.Time
	hub      *identityKey // nil until the hub's key was activated
}

// Keys implements TPMProof.
func (p *tpmProof) Keys() dps.TPMKeys {
	return dps.TPMKeys{EndorsementKey: p.tpm.facts.EK.Public, StorageRootKey: p.tpm.facts.SRK.Public}
}

// Activate implements TPMProof.
func (p *tpmProof) Activate(ctx context.Context, blob []byte) (token dps.Secret, err error) {
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

// ActivateHub implements TPMProof.
func (p *tpmProof) ActivateHub(ctx context.Context, blob []byte) error {
	return p.tpm.use(ctx, func(c *chip) error {
		key, err := p.tpm.activate(c, blob)
		if err != nil {
			return err
		}
		// Signing proves that the TPM takes the key, and not only its wrapping.
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

// SignForHub implements TPMProof.
func (p *tpmProof) SignForHub(ctx context.Context, message []byte) (signature []byte, err error) {
	if p.hub == nil {
		return nil, errors.New("no key for a hub was activated")
	}
	err = p.tpm.use(ctx, func(c *chip) error {
		signature, err = p.tpm.sign(c, p.hub, message)
		return err
	})
	return signature, err
}

// Where the SDKs and IoT Edge keep the keys of a device (azure-iot-sdk-node
// security/tpm/src/tpm.ts, iot-identity-service tpm/tss-minimal/src/handle.rs).
const (
	ekHandle       tpm2.TPMHandle = 0x81010001
	srkHandle      tpm2.TPMHandle = 0x81000001
	identityHandle tpm2.TPMHandle = 0x81000100
)
