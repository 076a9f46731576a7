package probe

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

// classifyNet sorts a network error into a kind, so that no rule has to read its text.
// It returns nil for a nil error.
func classifyNet(err error) *NetFailure {
	if err == nil {
		return nil
	}
	return &NetFailure{Kind: netKind(err), Text: netText(err)}
}

func netKind(err error) NetKind {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dnsKind(dns)
	}
	if _, ok := errors.AsType[*protocolError](err); ok {
		return NetProtocol
	}
	if kind, ok := errnoKind(err); ok {
		return kind
	}
	if isTimeout(err) {
		return NetTimeout
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return NetReset
	}
	return NetOther
}

func dnsKind(err *net.DNSError) NetKind {
	switch {
	case err.IsNotFound:
		return NetNoSuchHost
	case err.IsTimeout:
		return NetResolverTimeout
	case noRoute(err.Err):
		return NetUnreachable
	}
	return NetResolverFailed
}

// noRoute reports whether the text of an error is that of the operating system for a network
// or host without a route. The resolver keeps nothing of the error but its text.
func noRoute(text string) bool {
	return slices.ContainsFunc(unreachableErrnos(), func(errno syscall.Errno) bool { return strings.Contains(text, errno.Error()) })
}

// protocolError is an answer that does not belong to the protocol of the transport.
type protocolError struct{ text string }

func (e *protocolError) Error() string { return e.text }

// isTimeout also takes a cancelled context for a timeout: the caller knows whether the
// user interrupted.
func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	netErr, ok := errors.AsType[net.Error](err)
	return ok && netErr.Timeout()
}

// netText is the innermost error's text: what the operating system or the resolver said,
// without the addresses that the evidence holds anyway.
func netText(err error) string {
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
