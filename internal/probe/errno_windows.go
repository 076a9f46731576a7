package probe

import (
	"errors"
	"slices"
	"syscall"
)

// Winsock error numbers that package syscall does not name
// (learn.microsoft.com: Windows Sockets error codes).
const (
	wsaENetDown     syscall.Errno = 10050
	wsaENetUnreach  syscall.Errno = 10051
	wsaETimedOut    syscall.Errno = 10060
	wsaEConnRefused syscall.Errno = 10061
	wsaEHostDown    syscall.Errno = 10064
	wsaEHostUnreach syscall.Errno = 10065
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
	case wsaEConnRefused:
		return NetRefused, true
	case wsaETimedOut:
		return NetTimeout, true
	case syscall.WSAECONNRESET, syscall.WSAECONNABORTED:
		return NetReset, true
	}
	return "", false
}

// unreachableErrnos are the error numbers that mean that no way leads to a peer.
func unreachableErrnos() []syscall.Errno {
	return []syscall.Errno{wsaEHostUnreach, wsaENetUnreach, wsaENetDown, wsaEHostDown}
}
