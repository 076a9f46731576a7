// Package tpm attests a device to the provisioning service with its TPM 2.0.
package tpm

import (
	"context"
	"sync"
	"time"

	"dpsdiag/internal/dps"
)

// TPM is a TPM 2.0 that attests a device. It opens the device for each operation and leaves
// nothing loaded in it between operations. Several runs can use one TPM at the same time.
type TPM struct {
	path    string
	persist bool
	auth    Auth
	facts   Facts // as found when it was opened

	working     sync.Mutex // one operation at a time
	ek, srk     primaryKey
	inputBuffer int // the maximum size of a command, in bytes
}

// Auth are the passwords of the TPM's hierarchies. Most TPMs have none, as in the zero
// value.
type Auth struct{ Endorsement, Owner dps.Secret }

// Open examines the TPM at path: a device such as /dev/tpmrm0, the unix socket of a
// software TPM, or "tbs" on Windows. It changes nothing in the TPM. Only with persist does
// a later assignment make its keys persistent, as the SDKs do. An error means that path
// cannot be a TPM. If the TPM fails, its Facts say so.
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

// RegistrationID is the id that the SDKs derive from the endorsement key, or "" if that key
// could not be read.
func (t *TPM) RegistrationID() string {
	if t.facts.EK.Public == nil {
		return ""
	}
	return dps.TPMRegistrationID(t.facts.EK.Public)
}

// EndorsementKey is the key in the device's enrollment: the marshalled TPM2B_PUBLIC, or nil
// if it could not be read.
func (t *TPM) EndorsementKey() []byte { return t.facts.EK.Public }

// Facts returns what was found when the TPM was opened.
func (t *TPM) Facts() Facts { return t.facts }

// Proof returns a proof for a resource, with tokens that expire at expiry. It returns nil
// if the TPM cannot attest.
func (t *TPM) Proof(resource string, expiry time.Time) *Proof {
	if t.facts.Failure != nil {
		return nil
	}
	return &Proof{tpm: t, resource: resource, expiry: expiry}
}

// use opens the TPM for one operation.
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

// look collects the facts and finds or makes both primary keys.
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

// obstacle returns, before the first request, what would stop the attestation after the
// challenge.
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
