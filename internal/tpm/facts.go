package tpm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Facts describe the TPM that the device attests with. A value that could not be read is
// zero.
type Facts struct {
	Path         string // of the device or socket
	Manufacturer string // the vendor id, such as "IFX"
	Model        string // the vendor's own name, such as "SLB9670"
	Firmware     string // four numbers separated by dots, as on Windows
	// EK is the endorsement key, SRK the storage root key.
	EK, SRK KeyFacts
	// IdentityKey reports whether there is a key at the persistent handle (0x81000100) where
	// the SDKs keep the key from the provisioning service.
	IdentityKey bool
	// OwnerAuth and EndorsementAuth report whether a password protects the hierarchy.
	OwnerAuth, EndorsementAuth bool
	// LockedOut reports whether the TPM refuses passwords for some time, after too many wrong
	// ones.
	LockedOut bool
	// ShowEK makes the report show the endorsement key itself.
	ShowEK bool
	// Failure is why the TPM cannot attest, or nil if it can.
	Failure *Error
}

// KeyFacts describe a primary key of a TPM.
type KeyFacts struct {
	// Public is the marshalled TPM2B_PUBLIC, or nil if the key could not be read or made.
	Public []byte
	// Handle is the handle of a persistent key. It is 0 if the key was made from the standard
	// template for this probe only. A client with another template makes another key.
	Handle uint32
	// Occupied says why the key at the conventional persistent handle was not used. It is "" if
	// there is no such key or it was used.
	Occupied string
}

// Hash returns the SHA-256 of the public area in hex, or "" if there is none.
func (k KeyFacts) Hash() string {
	if k.Public == nil {
		return ""
	}
	sum := sha256.Sum256(k.Public)
	return hex.EncodeToString(sum[:])
}

// Source says where a key comes from, or returns "" if there is no key.
func (k KeyFacts) Source() string {
	switch {
	case k.Public == nil:
		return ""
	case k.Handle != 0:
		return fmt.Sprintf("persistent at 0x%08x", k.Handle)
	}
	return "made from the standard template for this probe"
}
