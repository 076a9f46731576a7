package advice

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// comparison is what the runs of a probe show side by side. All of them present the same
// identity to the same service, so what differs between them lies in the transport or on
// the way.
type comparison struct {
	endpoint  dps.Endpoint
	runs      []*probe.Run
	connected []*probe.Run // made a TCP connection
	closed    []*probe.Run // found no address that takes one
	answered  []*probe.Run // got an answer, whoever gave it
	passed    []*probe.Run // came to the end that was asked for
	telling   *refusal     // the first that says why the service refuses the device, nil if none does
}

func compare(ev *probe.Evidence) *comparison {
	m := &comparison{endpoint: ev.Target.Endpoint}
	for i := range ev.Runs {
		run := &ev.Runs[i]
		m.note(run)
		if answered(run) {
			m.answered = append(m.answered, run)
		}
		if verdictOf(ev.Target.Mode, run) == Registered {
			m.passed = append(m.passed, run)
		}
		if r := refusalOf(run); m.telling == nil && r.telling() {
			m.telling = r
		}
	}
	return m
}

// note adds a run, and how far its connections came.
func (m *comparison) note(run *probe.Run) {
	m.runs = append(m.runs, run)
	if connected(run) {
		m.connected = append(m.connected, run)
	}
	if dialFailure(run) != nil {
		m.closed = append(m.closed, run)
	}
}

// judging is the refusal by which a run is judged: its own or, if that says only that the
// device is not believed, the one in which the service says over another transport why.
func (m *comparison) judging(run *probe.Run) *refusal {
	own := refusalOf(run)
	if own.vague() && m.telling != nil {
		return m.telling
	}
	return own
}

// clock returns the first comparison of clocks by an answer's Date, nil if no run has one.
func (m *comparison) clock() *probe.Clock {
	for _, run := range m.runs {
		if run.Clock != nil && run.Clock.Source == probe.ClockDateHeader {
			return run.Clock
		}
	}
	return nil
}

// port is the port that a run is for.
func (m *comparison) port(run *probe.Run) int { return run.Transport.Port(m.endpoint) }

// onPort keeps the runs that are for the port of run.
func (m *comparison) onPort(runs []*probe.Run, run *probe.Run) []*probe.Run {
	return keep(runs, func(other *probe.Run) bool { return m.port(other) == m.port(run) })
}

// ports says which ports runs are for, and which transports of each: "port 443 (https,
// mqtt-ws) and port 8883 (mqtt)".
func (m *comparison) ports(runs []*probe.Run) string {
	var list []string
	for i, run := range runs {
		if len(m.onPort(runs[:i], run)) == 0 {
			list = append(list, fmt.Sprintf("port %d (%s)", m.port(run), transports(m.onPort(runs, run))))
		}
	}
	if last := len(list) - 1; last > 0 {
		return strings.Join(list[:last], ", ") + " and " + list[last]
	}
	return strings.Join(list, "")
}

// transports names the transports of runs.
func transports(runs []*probe.Run) string {
	var list []string
	for _, run := range runs {
		list = append(list, string(run.Transport))
	}
	return strings.Join(list, ", ")
}

// keep returns the items for which something holds.
func keep[T any](list []T, holds func(T) bool) []T {
	var kept []T
	for _, item := range list {
		if holds(item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// weighClosedPort judges a port that takes no connection by the ports of the same host
// that do; there must be one.
func (c *Case) weighClosedPort() Weight {
	m := c.across
	if same := m.onPort(m.connected, c.Run); len(same) > 0 {
		return doubted(m.ports(same) + " did take another connection")
	}
	fact := m.ports(m.closed) + " took no connection, while " + m.ports(m.connected) + " of the same host did"
	w := suggested(fact, "that the host listens on all of them is not certain")
	if c.azure() && c.sharesAddress(m.connected) {
		w = proven(fact, "the service listens on all of them at this address")
	}
	w.Remedies = []string{m.way()}
	return w
}

// sharesAddress reports whether an address that this run could not connect to took a
// connection of another one.
func (c *Case) sharesAddress(others []*probe.Run) bool {
	for _, d := range c.Run.Dials {
		for _, other := range others {
			if slices.ContainsFunc(other.Dials, func(o probe.Dial) bool { return o.Failure == nil && sameIP(o.Address, d.Address) }) {
				return true
			}
		}
	}
	return false
}

// sameIP reports whether two addresses with ports are of one host.
func sameIP(a, b string) bool {
	first, errA := netip.ParseAddrPort(a)
	second, errB := netip.ParseAddrPort(b)
	return errA == nil && errB == nil && first.Addr() == second.Addr()
}

// way says which transports a device could use from here. One must have connected.
func (m *comparison) way() string {
	open := m.passed
	if len(open) == 0 {
		open = m.connected
	}
	return "Take the way that is open from here: " + m.ports(open)
}

// weighReachBeside judges whether the service can be reached at all by what the other runs
// reached; ok is false where they do not tell.
func (c *Case) weighReachBeside() (w Weight, ok bool) {
	m := c.across
	others := m.answered
	if dialFailure(c.Run) != nil {
		others = m.connected
	}
	same := m.onPort(m.connected, c.Run)
	switch {
	case len(others) == 0:
		return Weight{}, false
	case dialFailure(c.Run) != nil && len(same) > 0:
		return allowed(m.ports(same) + " did take another connection, so the way is there at times"), true
	case dialFailure(c.Run) != nil:
		return doubted(m.ports(others) + " of the same host took a connection"), true
	}
	return doubted("an answer came over " + transports(others)), true
}

func overWebSocket(run *probe.Run) bool { return run.Transport.Traits().WebSocket }

// brokenWebSocket reports whether a run failed because there was no WebSocket, or none that
// carries anything, and not because the service said no.
func brokenWebSocket(run *probe.Run) bool {
	if !overWebSocket(run) {
		return false
	}
	r := refusalOf(run)
	refused := r.ofHandshake() && !r.ofService() && !probe.PutsOff(r.status)
	return refused || run.Opening != nil && run.Opening.Failure != nil
}

// webSocketsAlone reports whether this run is over a WebSocket and all such are broken,
// while the service answered another transport.
func (c *Case) webSocketsAlone() bool {
	over := keep(c.across.runs, overWebSocket)
	return brokenWebSocket(c.Run) && len(keep(over, brokenWebSocket)) == len(over) && len(c.across.served()) > 0
}

// served returns the runs that the service itself answered.
func (m *comparison) served() []*probe.Run {
	return keep(m.runs, func(run *probe.Run) bool {
		return refusalOf(run).ofService() || accepted(run) || slices.Contains(m.passed, run)
	})
}

// weighWebSockets judges something on the way that breaks WebSockets alone.
func (c *Case) weighWebSockets() Weight {
	broken := keep(c.across.runs, brokenWebSocket)
	w := suggested("only WebSockets fail (" + transports(broken) + "), while the service answers over " + transports(c.across.served()))
	w.Remedies = []string{
		"Have the proxy or gateway let WebSockets through to the endpoint",
		c.across.way(),
	}
	return w
}

// ownRace reports whether the service turned a run away, or is likely to have, because the
// probe registered the same identity over another transport.
func (m *comparison) ownRace(run *probe.Run) bool {
	if class := refusalOf(run).class(); class != http.StatusConflict && class != http.StatusPreconditionFailed {
		return false
	}
	return slices.ContainsFunc(m.runs, func(other *probe.Run) bool { return other != run && accepted(other) })
}

// judged is a run that failed, with what speaks for each cause in it.
type judged struct {
	c     *Case
	found []candidate
}

// together makes one candidate per cause of those of all runs. Where the transports that
// were refused agree in a cause, it says so: the fault is then in none of them.
func together(all []judged) []candidate {
	var found [][]candidate
	var refused []judged
	for _, j := range all {
		found = append(found, j.found)
		if j.c.refusal != nil {
			refused = append(refused, j)
		}
	}
	merged := merge(found)
	for i := range merged {
		if line := agreement(refused, merged[i]); line != "" {
			merged[i].because = append([]string{line}, merged[i].because...)
		}
	}
	return merged
}

// agreement says that the runs agree in a cause, "" unless two or more do and no transport
// came through.
func agreement(refused []judged, named candidate) string {
	if named.strength < Suggests || len(refused) < 2 || len(refused[0].c.across.passed) > 0 {
		return ""
	}
	var agree []*probe.Run
	for _, j := range refused {
		names := func(c candidate) bool { return c.index == named.index && c.strength >= Allows }
		if !slices.ContainsFunc(j.found, names) {
			return ""
		}
		agree = append(agree, j.c.Run)
	}
	return fmt.Sprintf("%d transports agree in this: %s", len(agree), transports(agree))
}

// verdict judges a run beside the others. A port that says nothing until the budget runs out
// is no verdict by itself, but is one beside another port that takes connections.
func (m *comparison) verdict(mode probe.Mode, run *probe.Run) Verdict {
	v := verdictOf(mode, run)
	if v == NoVerdict && run.OutOfTime != nil && dialFailure(run) != nil && len(m.connected) > 0 && !hurried(run) {
		return Fault
	}
	return v
}

// overall is the verdict of the probe by those of its runs. A transport that only fell
// silent is no verdict by itself, but is a fault where another one passes.
func (m *comparison) overall(runs []Verdict) Verdict {
	v := overall(runs)
	if v != Interrupted && len(m.passed) > 0 && slices.ContainsFunc(m.runs, silent) {
		return Fault
	}
	return v
}

// allClosed says that no run found a port that takes a connection; nothing unless several
// ports were tried.
func (m *comparison) allClosed() []string {
	if len(m.closed) == 0 || len(m.closed) < len(m.runs) || len(m.onPort(m.runs, m.runs[0])) == len(m.runs) {
		return nil
	}
	return []string{"none took a connection: " + m.ports(m.closed)}
}

// trusting returns the runs whose handshake led to a root that the device trusts.
func (m *comparison) trusting() []*probe.Run {
	return keep(m.runs, func(run *probe.Run) bool { return run.TLS != nil && run.TLS.Failure == nil && run.TLS.Root != nil })
}

// passedText says over which transports the probe passed, "" if over none.
func (m *comparison) passedText() string {
	if len(m.passed) == 0 {
		return ""
	}
	return "the same probe passes over " + transports(m.passed)
}

// detour is the step where a transport failed for no known cause and another one passed;
// nil where none did.
func (m *comparison) detour() *cause.Step {
	if len(m.passed) == 0 {
		return nil
	}
	transport := m.passed[0].Transport
	return &cause.Step{
		How:     "The same probe passes over " + transports(m.passed) + ": a device can take that way",
		Command: probeCommand + "CREDENTIAL --transport " + string(transport) + portFlag(transport, m.endpoint),
	}
}
