// Package netfail classifies failed connections, so that no other package has to parse the
// text of an error.
package netfail

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Failure is a classified network error.
type Failure struct {
	Kind Kind
	Text string // of the operating system
}

// Kind classifies network errors.
type Kind string

// Kinds of network error. The first three come from name resolution.
const (
	NoSuchHost      Kind = "no-such-host"     // the resolver says that the name does not exist
	ResolverTimeout Kind = "resolver-timeout" // no resolver answered in time
	ResolverFailed  Kind = "resolver-failed"  // a resolver refused or failed
	Refused         Kind = "refused"          // the port refused the connection: nothing listens there
	Timeout         Kind = "timeout"          // nothing answered
	Unreachable     Kind = "unreachable"      // no route to the host or network, or to the resolver
	Reset           Kind = "reset"            // the connection was reset or closed by the peer
	Protocol        Kind = "protocol"         // the peer answered, but not in the transport's protocol
	Local           Kind = "local"            // this machine has no file, port or memory for a connection: nothing was sent
	Other           Kind = "other"
)

// Classify returns the kind and the text of a network error, and nil for a nil error.
func Classify(err error) *Failure {
	if err == nil {
		return nil
	}
	return &Failure{Kind: KindOf(err), Text: Text(err)}
}

// KindOf returns the kind of an error that is not nil.
func KindOf(err error) Kind {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dnsKind(dns)
	}
	if _, ok := errors.AsType[*ProtocolError](err); ok {
		return Protocol
	}
	if kind, ok := errnoKind(err); ok {
		return kind
	}
	if errors.Is(err, errNoAddress) {
		return noAddressKind(err)
	}
	if isTimeout(err) {
		return Timeout
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return Reset
	}
	return Other
}

// noAddressKind classifies the failure of a connection for which this machine has no local address: it
// has no IPv6, or its ports are used up.
func noAddressKind(err error) Kind {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if remote, ok := op.Addr.(*net.TCPAddr); ok && remote.IP.To4() == nil {
			return Unreachable
		}
	}
	return Local
}

func dnsKind(err *net.DNSError) Kind {
	switch {
	case err.IsNotFound:
		return NoSuchHost
	case err.IsTimeout:
		return ResolverTimeout
	case quotes(err.Err, unreachableErrnos()):
		return Unreachable
	case quotes(err.Err, localErrnos()):
		return Local
	}
	return ResolverFailed
}

// quotes reports whether the text of an error has that of an error number of the operating
// system. The resolver keeps only the text of the error.
func quotes(text string, errnos []syscall.Errno) bool {
	return slices.ContainsFunc(errnos, func(errno syscall.Errno) bool { return strings.Contains(text, errno.Error()) })
}

// ProtocolError is an answer that does not belong to the transport's protocol.
type ProtocolError struct{ Text string }

func (e *ProtocolError) Error() string { return e.Text }

// isTimeout treats a cancelled context as a timeout: the caller knows whether the user
// interrupted.
func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	netErr, ok := errors.AsType[net.Error](err)
	return ok && netErr.Timeout()
}

// Text returns the text of the innermost error: the message of the operating system or of
// the resolver, without the addresses, which the evidence has anyway.
func Text(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.Err
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// Describe returns the failure in one line.
func (f *Failure) Describe() string {
	switch f.Kind {
	case Refused:
		return "connection refused"
	case Timeout:
		return "no answer"
	case Unreachable:
		return "unreachable"
	case Reset:
		return "connection reset"
	case Local:
		return "this machine could open no further connection: " + f.Text
	}
	return f.Text
}
