package advice

import (
	"slices"
	"strconv"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/probe"
)

// rowsOf returns the catalogue rows that fit what ended the run, most specific first. A
// failure on the way to the service is tied to its row by its typed kind.
func rowsOf(run *probe.Run, r *refusal, kind probe.AttestationKind) []*codes.Entry {
	switch {
	case r != nil:
		return r.rows(kind)
	case run.ProxyFailed() != nil:
		return proxyRows(run.ProxyFailed())
	case run.Resolution != nil && run.Resolution.Failure != nil:
		return entries(resolutionRow(run.Resolution.Failure.Kind))
	case dialFailure(run) != nil:
		return entries(dialRow(dialFailure(run).Kind))
	case run.TLS != nil && run.TLS.Failure != nil:
		return entries(tlsRow(run.TLS.Failure))
	case lost(run) != nil:
		return entries(lostRow(run))
	}
	return nil
}

// entries returns the row with that id, if there is one.
func entries(id string) []*codes.Entry {
	if e := codes.ByID(id); e != nil {
		return []*codes.Entry{e}
	}
	return nil
}

func resolutionRow(kind probe.NetKind) string {
	switch kind {
	case probe.NetNoSuchHost:
		return "net-no-such-host"
	case probe.NetUnreachable:
		return "net-unreach"
	}
	return "net-dns-again"
}

func dialRow(kind probe.NetKind) string {
	switch kind {
	case probe.NetRefused:
		return "net-refused"
	case probe.NetTimeout:
		return "net-timedout"
	case probe.NetUnreachable:
		return "net-unreach"
	case probe.NetReset:
		return "net-reset"
	}
	return ""
}

func tlsRow(f *probe.TLSFailure) string {
	switch f.Kind {
	case probe.TLSUnknownAuthority:
		return "go-x509-unknown-authority"
	case probe.TLSNameMismatch:
		return "go-x509-hostname"
	case probe.TLSServerExpired, probe.TLSServerNotYet:
		return "go-x509-expired"
	case probe.TLSAlert:
		return "tls-alert-" + strconv.Itoa(int(f.Alert))
	case probe.TLSNotTLS:
		return "go-tls-first-record"
	case probe.TLSVersion:
		return "go-tls-version"
	case probe.TLSTimeout:
		return "go-tls-hs-timeout"
	case probe.TLSCut:
		return "net-eof"
	}
	return ""
}

func lostRow(run *probe.Run) string {
	switch lost(run).Kind {
	case probe.NetTimeout:
		return "net-deadline"
	case probe.NetProtocol:
		return garbledRow(run)
	}
	return "net-eof"
}

// garbledRow is the row of an answer that is not in the protocol of the transport.
func garbledRow(run *probe.Run) string {
	if run.Opening != nil && run.Opening.Failure != nil && run.Opening.Layer == probe.LayerWebSocket {
		return "python-websocket"
	}
	switch run.Transport {
	case probe.MQTT, probe.MQTTWS:
		return "node-mqtt-unrecognized-packet-type"
	case probe.AMQP, probe.AMQPWS:
		return "amqp-connection-framing-error"
	}
	return "net-http-response"
}

// dialFailure returns the failure that tells most of a run that no address of the host
// took: a refusal shows that the host was reached, a timeout that packets vanish, while an
// unreachable address may only mean that the device has no IPv6. nil when one connected, and
// on a run through a proxy, where the addresses are not those of the service.
func dialFailure(run *probe.Run) *probe.NetFailure {
	if connected(run) || run.Route.Proxy != nil {
		return nil
	}
	telling := []probe.NetKind{probe.NetRefused, probe.NetTimeout, probe.NetReset, probe.NetOther, probe.NetUnreachable}
	for _, kind := range telling {
		i := slices.IndexFunc(run.Dials, func(d probe.Dial) bool { return d.Failure != nil && d.Failure.Kind == kind })
		if i >= 0 {
			return run.Dials[i].Failure
		}
	}
	return nil
}

// connected reports whether any connection of the run to the service was made.
func connected(run *probe.Run) bool {
	if run.Route.Proxy != nil {
		return run.Through() != nil
	}
	return slices.ContainsFunc(run.Dials, func(d probe.Dial) bool { return d.Failure == nil })
}

// lost returns why the run ended without a usable answer on a connection that stood, or
// nil.
func lost(run *probe.Run) *probe.NetFailure {
	if run.Hub != nil {
		return nil // the service has answered; the hub is a case of its own
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
func garbled(run *probe.Run) bool { return lost(run) != nil && lost(run).Kind == probe.NetProtocol }
