package tpm

import (
	"errors"

	"github.com/google/go-tpm/tpm2"

	"dpsdiag/internal/dps"
)

// The handles at which the SDKs and IoT Edge keep the keys of a device (azure-iot-sdk-node
// security/tpm/src/tpm.ts, iot-identity-service tpm/tss-minimal/src/handle.rs).
const (
	EKHandle       tpm2.TPMHandle = 0x81010001
	SRKHandle      tpm2.TPMHandle = 0x81000001
	IdentityHandle tpm2.TPMHandle = 0x81000100
)

// primaryKey is the endorsement key or the storage root key: either the persistent one, or
// one that is made from the standard template when it is needed. The same template always
// makes the same key.
type primaryKey struct {
	name      string // for messages
	hierarchy tpm2.TPMHandle
	handle    tpm2.TPMHandle // its conventional persistent handle
	template  tpm2.TPMTPublic
	check     func(public []byte) error

	facts   KeyFacts
	tpmName tpm2.TPM2BName
	// saved is the key's context, encrypted by the TPM. It is nil for a persistent key and if
	// contexts cannot be saved. With it, a slow TPM does not have to make an RSA key again.
	saved *tpm2.TPMSContext
}

func endorsementKey() primaryKey {
	return primaryKey{
		name: "endorsement key", hierarchy: tpm2.TPMRHEndorsement, handle: EKHandle,
		template: tpm2.RSAEKTemplate, check: dps.CheckEndorsementKey,
	}
}

func storageRootKey() primaryKey {
	return primaryKey{
		name: "storage root key", hierarchy: tpm2.TPMRHOwner, handle: SRKHandle,
		template: tpm2.RSASRKTemplate, check: dps.CheckStorageRootKey,
	}
}

// find reads the persistent key, or makes one if there is none with the right template.
func (k *primaryKey) find(c *chip) error {
	rsp, err := tpm2.ReadPublic{ObjectHandle: k.handle}.Execute(c)
	switch {
	case errors.Is(err, tpm2.TPMRCHandle):
		return k.makeFirst(c)
	case err != nil:
		return c.failed("read the "+k.name, err)
	}
	public := tpm2.Marshal(rsp.OutPublic)
	if err := k.check(public); err != nil {
		k.facts.Occupied = err.Error()
		return k.makeFirst(c)
	}
	k.facts.Public, k.facts.Handle, k.tpmName = public, uint32(k.handle), rsp.Name
	return nil
}

// makeFirst makes the key and keeps its context for the next time.
func (k *primaryKey) makeFirst(c *chip) error {
	handle, err := k.make(c)
	if err != nil {
		return err
	}
	defer c.flush(handle)
	// An error is not a failure: some layers between here and the TPM forbid it.
	if rsp, err := (tpm2.ContextSave{SaveHandle: handle}).Execute(c); err == nil {
		k.saved = &rsp.Context
	}
	return nil
}

// make makes the key from its template; the caller flushes it.
func (k *primaryKey) make(c *chip) (tpm2.TPMHandle, error) {
	step := "make the " + k.name
	rsp, err := tpm2.CreatePrimary{
		PrimaryHandle: c.hierarchy(k.hierarchy),
		InPublic:      tpm2.New2B(k.template),
	}.Execute(c)
	if rc, ok := errors.AsType[tpm2.TPMRC](err); ok && isParameter(rc) {
		return 0, &Error{Kind: Template, Step: step, Path: c.path, Code: uint32(rc), Text: rc.Error()}
	}
	if err != nil {
		return 0, c.failed(step, err)
	}
	public := tpm2.Marshal(rsp.OutPublic)
	if err := k.check(public); err != nil {
		c.flush(rsp.ObjectHandle)
		return 0, &Error{Kind: Template, Step: step, Path: c.path, Text: err.Error()}
	}
	k.facts.Public, k.tpmName = public, rsp.Name
	return rsp.ObjectHandle, nil
}

// load loads the key for use until release is called.
func (k *primaryKey) load(c *chip) (key tpm2.AuthHandle, release func(), err error) {
	if k.facts.Handle != 0 {
		return k.at(k.handle), func() {}, nil
	}
	handle, err := k.restore(c)
	if err != nil {
		return tpm2.AuthHandle{}, nil, err
	}
	return k.at(handle), func() { c.flush(handle) }, nil
}

// restore loads the saved context, or makes the key again: a context does not survive a
// reset of the TPM.
func (k *primaryKey) restore(c *chip) (tpm2.TPMHandle, error) {
	if k.saved != nil {
		if rsp, err := (tpm2.ContextLoad{Context: *k.saved}).Execute(c); err == nil {
			return rsp.LoadedHandle, nil
		}
	}
	return k.make(c)
}

func (k *primaryKey) at(handle tpm2.TPMHandle) tpm2.AuthHandle {
	return tpm2.AuthHandle{Handle: handle, Name: k.tpmName, Auth: tpm2.PasswordAuth(nil)}
}

// persist makes the key persistent at its conventional handle unless it is already there.
func (k *primaryKey) persist(c *chip) error {
	if k.facts.Handle != 0 {
		return nil
	}
	key, release, err := k.load(c)
	if err != nil {
		return err
	}
	defer release()
	if err := c.evict(key, k.handle); err != nil {
		return c.failed("make the "+k.name+" persistent", err)
	}
	k.facts.Handle = uint32(k.handle)
	return nil
}

// evict makes a loaded key persistent at handle, or removes the key that is there.
func (c *chip) evict(key tpm2.AuthHandle, handle tpm2.TPMHandle) error {
	_, err := tpm2.EvictControl{
		Auth:             c.hierarchy(tpm2.TPMRHOwner),
		ObjectHandle:     tpm2.NamedHandle{Handle: key.Handle, Name: key.Name},
		PersistentHandle: handle,
	}.Execute(c)
	return err
}
