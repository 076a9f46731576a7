package probe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// TPMFacts describe the TPM that the device attests with. What could not be read is zero.
type TPMFacts struct {
	Path         string // of the device or socket
	Manufacturer string // the vendor id, such as "IFX"
	Model        string // the vendor's own name, such as "SLB9670"
	Firmware     string // four numbers with dots, as Windows shows it
	// EK is the endorsement key, SRK the storage root key.
	EK, SRK TPMKeyFacts
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
	Failure *TPMError
}

// TPMKeyFacts describe a primary key of a TPM.
type TPMKeyFacts struct {
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
func (k TPMKeyFacts) Hash() string {
	if k.Public == nil {
		return ""
	}
	sum := sha256.Sum256(k.Public)
	return hex.EncodeToString(sum[:])
}

// TPMError is a failure of the TPM or of the way to it, classified so that no rule has to
// read its text.
type TPMError struct {
	Kind TPMKind
	Step string // what was being done: "open", "activate the credential"
	Path string // of the device or socket
	// Group owns the device node; "" unless Kind is TPMPermission and the group has a name.
	Group string
	Code  uint32 // response code of the TPM; 0 when it gave none
	Text  string // of the operating system, the library or the TPM
}

// TPMKind classifies failures of a TPM.
type TPMKind string

// Kinds of TPM failure.
const (
	TPMMissing    TPMKind = "missing"             // no such device or socket
	TPMPermission TPMKind = "permission"          // the user may not open it
	TPMNoManager  TPMKind = "no-resource-manager" // only the raw device is there, it is in use, or its slots are full
	TPMNoAnswer   TPMKind = "no-answer"           // what is there is no TPM 2.0, or says nothing
	TPMHierarchy  TPMKind = "hierarchy"           // a password protects the owner or endorsement hierarchy, or it is off
	TPMLockout    TPMKind = "lockout"             // too many wrong passwords
	TPMTemplate   TPMKind = "template"            // no key of the standard RSA-2048 template can be had
	TPMActivation TPMKind = "activation"          // the service's key is not for this TPM: another endorsement key is enrolled
	TPMBlob       TPMKind = "blob"                // what the service sent is no activation blob
	TPMOther      TPMKind = "other"
)

// Error says what happened in one line; what to do is for package advice.
func (e *TPMError) Error() string {
	switch e.Kind {
	case TPMMissing:
		return fmt.Sprintf("there is no TPM at %s", e.Path)
	case TPMPermission:
		if e.Group != "" {
			return fmt.Sprintf("no permission to open %s, which belongs to the group %s", e.Path, e.Group)
		}
		return fmt.Sprintf("no permission to open %s", e.Path)
	case TPMNoAnswer:
		return fmt.Sprintf("no TPM 2.0 answers at %s: %s", e.Path, e.Text)
	case TPMActivation:
		return fmt.Sprintf("the key that the service sent is not for this TPM (%s: %s)", e.Step, e.Text)
	}
	return fmt.Sprintf("%s: %s", e.Step, e.Text)
}
