package atomicfile

import (
	"errors"
	"syscall"
)

// syncsDirs says whether a folder can be opened and synced.
const syncsDirs = false

// isBusy reports whether a file could not be renamed since a process has it open. The same
// errors also have other causes, such as a file that is read-only.
func isBusy(err error) bool {
	const sharingViolation = syscall.Errno(32) // ERROR_SHARING_VIOLATION
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, sharingViolation)
}

// isUnsupported is never called, since Windows does not sync folders.
func isUnsupported(error) bool { return false }
