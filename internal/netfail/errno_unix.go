//go:build !windows

package netfail

import (
	"errors"
	"slices"
	"syscall"
)

// errnoKind classifies the error numbers of the operating system.
func errnoKind(err error) (Kind, bool) {
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return "", false
	}
	if slices.Contains(unreachableErrnos(), errno) {
		return Unreachable, true
	}
	if slices.Contains(localErrnos(), errno) {
		return Local, true
	}
	switch errno {
	case syscall.ECONNREFUSED:
		return Refused, true
	case syscall.ETIMEDOUT:
		return Timeout, true
	case syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE:
		return Reset, true
	}
	return "", false
}

// errNoAddress is the error number for a connection that gets no local address.
const errNoAddress = syscall.EADDRNOTAVAIL

// unreachableErrnos are the error numbers for a peer that has no route.
func unreachableErrnos() []syscall.Errno {
	return []syscall.Errno{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN}
}

// localErrnos are the error numbers for a socket that this machine cannot open.
func localErrnos() []syscall.Errno {
	return []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}
}
