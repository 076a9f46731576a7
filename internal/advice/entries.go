package advice

import (
	"slices"
	"strconv"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// entriesOf returns the catalogue entries that match what ended the run, most specific first. A
// failure before the service was reached is mapped to its entry by its kind.
func entriesOf(run *probe.Run, r *refusal, kind probe.AttestationKind) []*codes.Entry {
	switch {
	case r != nil:
		return r.entries(kind)
	case run.ProxyFailed() != nil:
		return proxyEntries(run.ProxyFailed())
	case run.Resolution != nil && run.Resolution.Failure != nil:
		return entryByID(resolutionEntry(run.Resolution.Failure.Kind))
	case dialFailure(run) != nil:
		return entryByID(dialEntry(dialFailure(run).Kind))
	case run.TLS != nil && run.TLS.Failure != nil:
		return entryByID(tlsEntry(run.TLS.Failure))
	case lost(run) != nil:
		return entryByID(lostEntry(run))
	}
	return nil
}

// entryByID returns the entry with that id, if there is one.
func entryByID(id string) []*codes.Entry {
	if e := codes.ByID(id); e != nil {
		return []*codes.Entry{e}
	}
	return nil
}

func resolutionEntry(kind netfail.Kind) string {
	switch kind {
	case netfail.NoSuchHost:
		return "net-no-such-host"
	case netfail.Unreachable:
		return "net-unreach"
	}
	return "net-dns-again"
}

func dialEntry(kind netfail.Kind) string {
	switch kind {
	case netfail.Refused:
		return "net-refused"
	case netfail.Timeout:
		return "net-timedout"
	case netfail.Unreachable:
		return "net-unreach"
	case netfail.Reset:
		return "net-reset"
	}
	return ""
}

func tlsEntry(f *netfail.TLSFailure) string {
	switch f.Kind {
	case netfail.TLSUnknownAuthority:
		return "go-x509-unknown-authority"
	case netfail.TLSNameMismatch:
		return "go-x509-hostname"
	case netfail.TLSServerExpired, netfail.TLSServerNotYet:
		return "go-x509-expired"
	case netfail.TLSAlert:
		return "tls-alert-" + strconv.Itoa(int(f.Alert))
	case netfail.TLSNotTLS:
		return "go-tls-first-record"
	case netfail.TLSVersion:
		return "go-tls-version"
	case netfail.TLSTimeout:
		return "go-tls-hs-timeout"
	case netfail.TLSCut:
		return "net-eof"
	}
	return ""
}

func lostEntry(run *probe.Run) string {
	switch lost(run).Kind {
	case netfail.Timeout:
		return "net-deadline"
	case netfail.Protocol:
		return garbledEntry(run)
	}
	return "net-eof"
}

// garbledEntry is the entry for an answer that is not in the protocol of the transport.
func garbledEntry(run *probe.Run) string {
	if run.Opening != nil && run.Opening.Failure != nil && run.Opening.Layer == probe.LayerWebSocket {
		return "python-websocket"
	}
	return run.Transport.Traits().Garbled
}

// dialFailure returns the most informative failure of a run that could not connect to any address: a
// refusal shows that the host was reached, a timeout that packets are lost, while an unreachable
// address may only mean that the device has no IPv6. It is nil if an address accepted the connection,
// for a run through a proxy, where the addresses are not those of the service, and for one that this
// machine could not make.
func dialFailure(run *probe.Run) *netfail.Failure {
	if connected(run) || run.Route.Proxy != nil || unable(run) {
		return nil
	}
	telling := []netfail.Kind{netfail.Refused, netfail.Timeout, netfail.Reset, netfail.Other, netfail.Unreachable}
	for _, kind := range telling {
		i := slices.IndexFunc(run.Dials, func(d probe.Dial) bool { return d.Failure != nil && d.Failure.Kind == kind })
		if i >= 0 {
			return run.Dials[i].Failure
		}
	}
	return nil
}

// unable reports whether this machine could open no connection, which says nothing about the network, the
// service or the device.
func unable(run *probe.Run) bool { return run.End == probe.EndNoSocket }

// connected reports whether any connection of the run to the service was made.
func connected(run *probe.Run) bool {
	if run.Route.Proxy != nil {
		return run.Through() != nil
	}
	return slices.ContainsFunc(run.Dials, func(d probe.Dial) bool { return d.Failure == nil })
}

// lost returns why the run ended without a usable answer on an open connection, or nil.
func lost(run *probe.Run) *netfail.Failure {
	if run.Hub != nil || unable(run) {
		return nil // the service has answered and the hub is a separate case, or nothing was sent
	}
	if last := run.LastAnswer(); last != nil {
		return last.Failure
	}
	if run.Opening != nil {
		return run.Opening.Failure
	}
	return nil
}

// garbled reports whether the run ended with an answer that is not in the protocol of its
// transport.
func garbled(run *probe.Run) bool { return lost(run) != nil && lost(run).Kind == netfail.Protocol }
