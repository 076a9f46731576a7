//go:build !windows

package probe

import (
	"errors"
	"slices"
	"syscall"
)

// errnoKind sorts the error numbers of the operating system.
func errnoKind(err error) (NetKind, bool) {
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return "", false
	}
	if slices.Contains(unreachableErrnos(), errno) {
		return NetUnreachable, true
	}
	switch errno {
	case syscall.ECONNREFUSED:
		return NetRefused, true
	case syscall.ETIMEDOUT:
		return NetTimeout, true
	case syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE:
		return NetReset, true
	}
	return "", false
}

// unreachableErrnos are the error numbers that mean that no way leads to a peer.
func unreachableErrnos() []syscall.Errno {
	return []syscall.Errno{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN}
}
