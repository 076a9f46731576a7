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

// checkPath refuses what can be no TPM: anything but a character device or a socket. A
// disk is a device too, and nothing must be written to it. What does not exist or cannot
// be looked at is not refused here.
func checkPath(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil //nolint:nilerr // opening it will tell
	}
	if info.Mode()&(os.ModeCharDevice|os.ModeSocket) == 0 {
		return fmt.Errorf("%s is neither a TPM device such as /dev/tpmrm0 nor the unix socket of a software TPM (its mode is %s)", path, info.Mode())
	}
	return nil
}

// openDevice opens a TPM device, or gets ready for the socket of a software TPM, which takes
// one connection a command.
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

// openFailure sorts the error numbers that only device files give.
func openFailure(err error) (Kind, bool) {
	switch {
	case errors.Is(err, syscall.EBUSY):
		return NoManager, true // the raw device serves one program at a time
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV):
		return Missing, true // a node without a device behind it
	}
	return "", false
}

// groupOf names the group that owns a file, "" when that cannot be told.
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
