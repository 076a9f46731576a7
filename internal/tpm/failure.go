package tpm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-tpm/tpm2"
)

// Error is a classified failure of the TPM or of the connection to it.
type Error struct {
	Kind Kind
	Step string // what was being done: "open", "activate the credential"
	Path string // of the device or socket
	// Group owns the device node. It is "" unless Kind is Permission and the group has a name.
	Group string
	Code  uint32 // response code of the TPM; 0 if there was none
	Text  string // of the operating system, the library or the TPM
}

// Kind classifies failures of a TPM.
type Kind string

// Kinds of TPM failure.
const (
	Missing    Kind = "missing"             // no such device or socket
	Permission Kind = "permission"          // the user may not open it
	NoManager  Kind = "no-resource-manager" // only the raw device exists, the device is in use, or the TPM has no room for keys or sessions
	NoAnswer   Kind = "no-answer"           // not a TPM 2.0, or it does not answer
	Hierarchy  Kind = "hierarchy"           // the owner or endorsement hierarchy needs a password, or is disabled
	Lockout    Kind = "lockout"             // too many wrong passwords
	Template   Kind = "template"            // the TPM cannot make a key from the standard RSA-2048 template
	Activation Kind = "activation"          // the key from the service is encrypted to another TPM: another endorsement key is enrolled
	Blob       Kind = "blob"                // the service did not send an activation blob
	Other      Kind = "other"
)

// Error describes the failure in one line. Package advice has the remedies.
func (e *Error) Error() string {
	switch e.Kind {
	case Missing:
		return fmt.Sprintf("there is no TPM at %s", e.Path)
	case Permission:
		if e.Group != "" {
			return fmt.Sprintf("no permission to open %s, which belongs to the group %s", e.Path, e.Group)
		}
		return fmt.Sprintf("no permission to open %s", e.Path)
	case NoAnswer:
		return fmt.Sprintf("no TPM 2.0 answers at %s: %s", e.Path, e.Text)
	case Activation:
		return fmt.Sprintf("the key that the service sent is not for this TPM (%s: %s)", e.Step, e.Text)
	}
	return fmt.Sprintf("%s: %s", e.Step, e.Text)
}

// AsError returns the [*Error] in err. Another error, such as that of a cancelled context, becomes
// one of kind Other: it is not a failure of the TPM, but nothing was learned about the TPM either.
func AsError(err error) *Error {
	if failure, ok := errors.AsType[*Error](err); ok {
		return failure
	}
	return &Error{Kind: Other, Step: "use the TPM", Text: err.Error()}
}

// classify makes an Error from an error of the TPM, or of opening or using the device. step is
// what was being done.
func classify(path, step string, err error) *Error {
	e := &Error{Kind: NoAnswer, Step: step, Path: path, Text: err.Error()}
	code, answered := errors.AsType[tpm2.TPMRC](err)
	switch {
	case answered:
		e.Kind, e.Code = kindOfCode(code), uint32(code)
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Group = Permission, groupOf(path)
	case errors.Is(err, fs.ErrNotExist):
		e.Kind = Missing
		if raw := rawDevice(path); raw != "" {
			e.Kind, e.Text = NoManager, fmt.Sprintf("%s does not exist, but %s does: the kernel has no resource manager for it", path, raw)
		}
	default:
		if kind, ok := openFailure(err); ok {
			e.Kind = kind
		}
	}
	return e
}

// rawDevice returns the device without a resource manager that corresponds to path, such as
// /dev/tpm0 for /dev/tpmrm0, or "" if it does not exist.
func rawDevice(path string) string {
	dir, name := filepath.Split(path)
	number, managed := strings.CutPrefix(name, "tpmrm")
	raw := dir + "tpm" + number
	if _, err := os.Stat(raw); !managed || err != nil {
		return ""
	}
	return raw
}

// kindOfCode classifies the response codes of the TPM 2.0 Library, part 2, that mean the
// same for every command.
func kindOfCode(code tpm2.TPMRC) Kind {
	is := func(codes ...tpm2.TPMRC) bool {
		return slices.ContainsFunc(codes, func(c tpm2.TPMRC) bool { return errors.Is(code, c) })
	}
	switch {
	case is(tpm2.TPMRCBadAuth, tpm2.TPMRCAuthFail, tpm2.TPMRCAuthMissing, tpm2.TPMRCAuthUnavailable, tpm2.TPMRCHierarchy):
		return Hierarchy
	case is(tpm2.TPMRCLockout):
		return Lockout
	case is(tpm2.TPMRCObjectMemory, tpm2.TPMRCObjectHandles, tpm2.TPMRCSessionMemory, tpm2.TPMRCSessionHandles):
		return NoManager
	}
	return Other
}

// isParameter reports whether a code is about a parameter of the command.
func isParameter(code tpm2.TPMRC) bool {
	formatOne, ok := errors.AsType[tpm2.TPMFmt1Error](code)
	if !ok {
		return false
	}
	parameter, _ := formatOne.Parameter()
	return parameter
}
