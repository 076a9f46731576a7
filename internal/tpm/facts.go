package tpm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Facts describe the TPM that the device attests with. What could not be read is zero.
type Facts struct {
	Path         string // of the device or socket
	Manufacturer string // the vendor id, such as "IFX"
	Model        string // the vendor's own name, such as "SLB9670"
	Firmware     string // four numbers with dots, as Windows shows it
	// EK is the endorsement key, SRK the storage root key.
	EK, SRK KeyFacts
	// IdentityKey says that the persistent handle where the SDKs keep the key that a
	// provisioning service gave them (0x81000100) holds a key.
	IdentityKey bool
	// OwnerAuth and EndorsementAuth say that the hierarchy is protected by a password.
	OwnerAuth, EndorsementAuth bool
	// LockedOut says that the TPM refuses passwords for a while, after too many wrong ones.
	LockedOut bool
	// ShowEK says that the report is to show the endorsement key itself.
	ShowEK bool
	// Failure is why the TPM cannot attest; nil when it can.
	Failure *Error
}

// KeyFacts describe a primary key of a TPM.
type KeyFacts struct {
	// Public is the marshalled TPM2B_PUBLIC, nil when the key could not be read or made.
	Public []byte
	// Handle is where the key is persistent; 0 when it was made from the standard template
	// for this probe alone. A client of another template makes another key.
	Handle uint32
	// Occupied says why the key at the conventional persistent handle was not used, ""
	// when there is none or it was.
	Occupied string
}

// Hash is the SHA-256 of the public area in hex, "" when there is none.
func (k KeyFacts) Hash() string {
	if k.Public == nil {
		return ""
	}
	sum := sha256.Sum256(k.Public)
	return hex.EncodeToString(sum[:])
}

// Source says where a key comes from, "" when there is none.
func (k KeyFacts) Source() string {
	switch {
	case k.Public == nil:
		return ""
	case k.Handle != 0:
		return fmt.Sprintf("persistent at 0x%08x", k.Handle)
	}
	return "made from the standard template for this probe"
}
