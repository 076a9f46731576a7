package netfail

import (
	"errors"
	"slices"
	"syscall"
)

// Winsock error numbers that package syscall does not define (learn.microsoft.com: Windows
// Sockets error codes).
const (
	wsaEMFile       syscall.Errno = 10024
	errNoAddress    syscall.Errno = 10049 // a connection gets no local address
	wsaENetDown     syscall.Errno = 10050
	wsaENetUnreach  syscall.Errno = 10051
	wsaENoBufs      syscall.Errno = 10055
	wsaETimedOut    syscall.Errno = 10060
	wsaEConnRefused syscall.Errno = 10061
	wsaEHostDown    syscall.Errno = 10064
	wsaEHostUnreach syscall.Errno = 10065
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
	case wsaEConnRefused:
		return Refused, true
	case wsaETimedOut:
		return Timeout, true
	case syscall.WSAECONNRESET, syscall.WSAECONNABORTED:
		return Reset, true
	}
	return "", false
}

// unreachableErrnos are the error numbers for a peer that has no route.
func unreachableErrnos() []syscall.Errno {
	return []syscall.Errno{wsaEHostUnreach, wsaENetUnreach, wsaENetDown, wsaEHostDown}
}

// localErrnos are the error numbers for a socket that this machine cannot open.
func localErrnos() []syscall.Errno {
	return []syscall.Errno{wsaEMFile, wsaENoBufs}
}
