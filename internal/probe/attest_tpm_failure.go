package probe

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

// asTPMError returns the classified failure in err. The end of a context is no failure of
// the TPM, but leaves the facts as unknown as one.
func asTPMError(err error) *TPMError {
	if failure, ok := errors.AsType[*TPMError](err); ok {
		return failure
	}
	return &TPMError{Kind: TPMOther, Step: "use the TPM", Text: err.Error()}
}

// classifyTPM sorts an error of the TPM, or of opening or talking to it, by the step that
// it ended.
func classifyTPM(path, step string, err error) *TPMError {
	e := &TPMError{Kind: TPMNoAnswer, Step: step, Path: path, Text: err.Error()}
	code, answered := errors.AsType[tpm2.TPMRC](err)
	switch {
	case answered:
		e.Kind, e.Code = kindOfCode(code), uint32(code)
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Group = TPMPermission, groupOf(path)
	case errors.Is(err, fs.ErrNotExist):
		e.Kind = TPMMissing
		if raw := rawDevice(path); raw != "" {
			e.Kind, e.Text = TPMNoManager, fmt.Sprintf("%s does not exist, but %s does: the kernel has no resource manager for it", path, raw)
		}
	default:
		if kind, ok := openFailure(err); ok {
			e.Kind = kind
		}
	}
	return e
}

// rawDevice returns the existing device without a resource manager that belongs to path,
// /dev/tpm0 to /dev/tpmrm0; "" when there is none.
func rawDevice(path string) string {
	dir, name := filepath.Split(path)
	number, managed := strings.CutPrefix(name, "tpmrm")
	raw := dir + "tpm" + number
	if _, err := os.Stat(raw); !managed || err != nil {
		return ""
	}
	return raw
}

// kindOfCode sorts the response codes of the TPM 2.0 Library, part 2, that mean the same
// for every command.
func kindOfCode(code tpm2.TPMRC) TPMKind {
	is := func(codes ...tpm2.TPMRC) bool {
		return slices.ContainsFunc(codes, func(c tpm2.TPMRC) bool { return errors.Is(code, c) })
	}
	switch {
	case is(tpm2.TPMRCBadAuth, tpm2.TPMRCAuthFail, tpm2.TPMRCAuthMissing, tpm2.TPMRCAuthUnavailable, tpm2.TPMRCHierarchy):
		return TPMHierarchy
	case is(tpm2.TPMRCLockout):
		return TPMLockout
	case is(tpm2.TPMRCObjectMemory, tpm2.TPMRCObjectHandles, tpm2.TPMRCSessionMemory, tpm2.TPMRCSessionHandles):
		return TPMNoManager
	}
	return TPMOther
}

// isParameter reports the codes that find fault with a parameter of the command.
func isParameter(code tpm2.TPMRC) bool {
	formatOne, ok := errors.AsType[tpm2.TPMFmt1Error](code)
	if !ok {
		return false
	}
	parameter, _ := formatOne.Parameter()
	return parameter
}
