//go:build !windows

package atomicfile

import (
	"errors"
	"syscall"
)

// syncsDirs says whether a folder can be opened and synced.
const syncsDirs = true

// isBusy reports whether a file could not be renamed since a process has it open, which only Windows
// forbids.
func isBusy(error) bool { return false }

// isUnsupported reports whether a file system does not sync folders.
func isUnsupported(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported)
}
