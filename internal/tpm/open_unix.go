//go:build !windows

package tpm

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxtpm"
	"github.com/google/go-tpm/tpm2/transport/linuxudstpm"
)

// checkPath rejects a path that cannot be a TPM: anything but a character device or a
// socket. A disk is a device too, and nothing must be written to it. A path that does not
// exist or cannot be examined is not rejected here.
func checkPath(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil //nolint:nilerr // opening it returns the error
	}
	if info.Mode()&(os.ModeCharDevice|os.ModeSocket) == 0 {
		return fmt.Errorf("%s is neither a TPM device such as /dev/tpmrm0 nor the unix socket of a software TPM (its mode is %s)", path, info.Mode())
	}
	return nil
}

// openDevice opens a TPM device, or prepares to use the socket of a software TPM, which
// accepts one connection per command.
func openDevice(path string) (transport.TPMCloser, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&os.ModeSocket != 0 {
		return linuxudstpm.Open(path)
	}
	return linuxtpm.Open(path)
}

// openFailure classifies the error numbers that only device files give.
func openFailure(err error) (Kind, bool) {
	switch {
	case errors.Is(err, syscall.EBUSY):
		return NoManager, true // only one program at a time can open the raw device
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV):
		return Missing, true // a device node without a device
	}
	return "", false
}

// groupOf returns the name of the group that owns a file, or "" if it is not known.
func groupOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	group, err := user.LookupGroupId(strconv.FormatUint(uint64(stat.Gid), 10))
	if err != nil {
		return ""
	}
	return group.Name
}
