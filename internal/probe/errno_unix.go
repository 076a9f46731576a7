//go:build !windows

package probe

import (
	"errors"
	"syscall"
)

// errnoKind sorts the error numbers of the operating system.
func errnoKind(err error) (NetKind, bool) {
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return "", false
	}
	switch errno {
	case syscall.ECONNREFUSED:
		return NetRefused, true
	case syscall.ETIMEDOUT:
		return NetTimeout, true
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN:
		return NetUnreachable, true
	case syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE:
		return NetReset, true
	}
	return "", false
}
