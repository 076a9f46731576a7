package tpm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/windowstpm"
	"github.com/google/go-tpm/tpmutil/tbs"
)

// baseServices names the only TPM of a Windows machine: it has no path.
const baseServices = "tbs"

// checkPath rejects everything but the TPM Base Services.
func checkPath(path string) error {
	if !strings.EqualFold(path, baseServices) {
		return fmt.Errorf("%s is not a TPM; on Windows use %q, the name of the TPM Base Services", path, baseServices)
	}
	return nil
}

// openDevice opens the TPM Base Services.
func openDevice(string) (transport.TPMCloser, error) {
	tpm, err := windowstpm.Open()
	if err != nil {
		return nil, err
	}
	return tpm, nil
}

// openFailure classifies the errors of the TPM Base Services.
func openFailure(err error) (Kind, bool) {
	switch {
	case errors.Is(err, tbs.ErrTPMNotFound):
		return Missing, true
	case errors.Is(err, tbs.ErrAccessDenied):
		return Permission, true
	case errors.Is(err, tbs.ErrServiceNotRunning), errors.Is(err, tbs.ErrServiceDisabled),
		errors.Is(err, tbs.ErrServiceStartPending), errors.Is(err, tbs.ErrTooManyTBSContexts):
		return NoManager, true
	}
	return "", false
}

// groupOf returns "": group membership does not control access to the TPM Base Services.
func groupOf(string) string { return "" }
