// Package tpm proves a device to the provisioning service by its TPM 2.0.
package tpm

import (
	"context"
	"sync"
	"time"

	"dpsdiag/internal/dps"
)

// TPM is a TPM 2.0 that proves a device. It opens the device for each piece of work and
// leaves nothing loaded in it between two of them. One TPM serves several runs at a time.
type TPM struct {
	path    string
	persist bool
	auth    Auth
	facts   Facts // as found when it was opened

	working     sync.Mutex // one piece of work at a time
	ek, srk     primaryKey
	inputBuffer int // the most bytes the TPM takes in one command
}

// Auth are the passwords of the TPM's hierarchies; most TPMs have none, as the zero value.
type Auth struct{ Endorsement, Owner dps.Secret }

// Open looks at the TPM at path: a device such as /dev/tpmrm0, the unix socket of a
// software TPM, or "tbs" on Windows. It changes nothing in it; only with persist does a
// later assignment make its keys persistent, as the SDKs do. An error means that path can
// be no TPM at all. A TPM that fails is one of its Facts.
func Open(ctx context.Context, path string, persist bool, auth Auth) (*TPM, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	t := &TPM{path: path, persist: persist, auth: auth, facts: Facts{Path: path}, ek: endorsementKey(), srk: storageRootKey()}
	if err := t.use(ctx, t.look); err != nil {
		t.facts.Failure = AsError(err)
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

// Facts are what was found when the TPM was opened.
func (t *TPM) Facts() Facts { return t.facts }

// Proof proves the TPM for a resource, with tokens that end at expiry; nil for a TPM that
// cannot attest.
func (t *TPM) Proof(resource string, expiry time.Time) *Proof {
	if t.facts.Failure != nil {
		return nil
	}
	return &Proof{tpm: t, resource: resource, expiry: expiry}
}

// use opens the TPM for one piece of work.
func (t *TPM) use(ctx context.Context, work func(*chip) error) error {
	t.working.Lock()
	defer t.working.Unlock()
	device, err := openDevice(t.path)
	if err != nil {
		return classify(t.path, "open", err)
	}
	tpm := &patient{device: device, limit: helloLimit}
	defer tpm.close()
	return work(&chip{ctx: ctx, path: t.path, auth: t.auth, tpm: tpm})
}

// look gathers the facts and finds or makes both primary keys.
func (t *TPM) look(c *chip) error {
	var err error
	if t.inputBuffer, err = c.describe(&t.facts); err != nil {
		return err
	}
	if t.facts.IdentityKey, err = c.exists(IdentityHandle); err != nil {
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
	fail := func(kind Kind, step, text string) error {
		return &Error{Kind: kind, Step: step, Path: t.path, Text: text}
	}
	switch {
	case t.facts.EndorsementAuth && t.auth.Endorsement.IsZero():
		return fail(Hierarchy, "use the endorsement key", "the endorsement hierarchy is protected by a password")
	case t.persist && t.facts.OwnerAuth && t.auth.Owner.IsZero():
		return fail(Hierarchy, "make keys persistent", "the owner hierarchy is protected by a password")
	case t.persist && t.ek.facts.Occupied != "":
		return fail(Template, "make the endorsement key persistent", "another key is at its handle: "+t.ek.facts.Occupied)
	case t.persist && t.srk.facts.Occupied != "":
		return fail(Template, "make the storage root key persistent", "another key is at its handle: "+t.srk.facts.Occupied)
	}
	return nil
}
