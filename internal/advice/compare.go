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

// comparison is what the runs of a probe show when compared. All of them present the same identity to
// the same service, so any difference is due to the transport or the network.
type comparison struct {
	endpoint  dps.Endpoint
	runs      []*probe.Run
	connected []*probe.Run // made a TCP connection
	closed    []*probe.Run // found no address that accepts one
	answered  []*probe.Run // got an answer, from whatever peer
	passed    []*probe.Run // reached the end that was requested
	telling   *refusal     // the first run in which the service says why it refuses the device, nil if there is none
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

// note adds a run, and how far its connections got.
func (m *comparison) note(run *probe.Run) {
	m.runs = append(m.runs, run)
	if connected(run) {
		m.connected = append(m.connected, run)
	}
	if dialFailure(run) != nil {
		m.closed = append(m.closed, run)
	}
}

// judging is the refusal by which a run is judged. If a run's own refusal says only that the service
// does not believe the device, the one in which the service says why over another transport is used.
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

// ports lists the ports of runs, with the transports of each: "port 443 (https, mqtt-ws) and port 8883
// (mqtt)".
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

// transports lists the transports of runs.
func transports(runs []*probe.Run) string {
	var list []string
	for _, run := range runs {
		list = append(list, string(run.Transport))
	}
	return strings.Join(list, ", ")
}

// keep returns the items for which the function is true.
func keep[T any](list []T, holds func(T) bool) []T {
	var kept []T
	for _, item := range list {
		if holds(item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// weighClosedPort judges a port that accepts no connection by the ports of the same host that do;
// there must be one.
func (c *Case) weighClosedPort() Weight {
	m := c.across
	if same := m.onPort(m.connected, c.Run); len(same) > 0 {
		return doubted(m.ports(same) + " accepted another connection")
	}
	fact := m.ports(m.closed) + " accepted no connection, while " + m.ports(m.connected) + " of the same host did"
	w := suggested(fact, "it is not certain that the host listens on all of them")
	if c.azure() && c.sharesAddress(m.connected) {
		w = proven(fact, "the service listens on all of them at this address")
	}
	w.Remedies = []string{m.way()}
	return w
}

// sharesAddress reports whether an address that this run could not connect to accepted a connection of
// another one.
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

// sameIP reports whether two addresses with ports have the same IP address.
func sameIP(a, b string) bool {
	first, errA := netip.ParseAddrPort(a)
	second, errB := netip.ParseAddrPort(b)
	return errA == nil && errB == nil && first.Addr() == second.Addr()
}

// way says which transports a device could use from here. At least one must have connected.
func (m *comparison) way() string {
	open := m.passed
	if len(open) == 0 {
		open = m.connected
	}
	return "Use a transport that is open from here: " + m.ports(open)
}

// weighReachOfOthers judges whether the service can be reached at all, by what the other runs reached;
// ok is false if they do not show it.
func (c *Case) weighReachOfOthers() (w Weight, ok bool) {
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
		return allowed(m.ports(same) + " accepted another connection, so the network works some of the time"), true
	case dialFailure(c.Run) != nil:
		return doubted(m.ports(others) + " of the same host accepted a connection"), true
	}
	return doubted("an answer came over " + transports(others)), true
}

func overWebSocket(run *probe.Run) bool { return run.Transport.Traits().WebSocket }

// brokenWebSocket reports whether a run failed because no WebSocket was opened, or one that carries
// nothing, and not because the service refused the device.
func brokenWebSocket(run *probe.Run) bool {
	if !overWebSocket(run) {
		return false
	}
	r := refusalOf(run)
	refused := r.ofHandshake() && !r.ofService() && !probe.PutsOff(r.status)
	return refused || run.Opening != nil && run.Opening.Failure != nil
}

// webSocketsAlone reports whether this run uses a WebSocket and all such runs are broken, while the
// service answered another transport.
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

// weighWebSockets judges something in the path that breaks WebSockets only.
func (c *Case) weighWebSockets() Weight {
	broken := keep(c.across.runs, brokenWebSocket)
	w := suggested("only WebSockets fail (" + transports(broken) + "), while the service answers over " + transports(c.across.served()))
	w.Remedies = []string{
		"Have the proxy or gateway allow WebSockets to the endpoint",
		c.across.way(),
	}
	return w
}

// ownRace reports whether the service refused a run, or is likely to have refused it, because the
// probe registered the same identity over another transport.
func (m *comparison) ownRace(run *probe.Run) bool {
	if class := refusalOf(run).class(); class != http.StatusConflict && class != http.StatusPreconditionFailed {
		return false
	}
	return slices.ContainsFunc(m.runs, func(other *probe.Run) bool { return other != run && accepted(other) })
}

// judged is a run that failed, with the candidates for its cause.
type judged struct {
	c     *Case
	found []candidate
}

// together merges the candidates of all runs into one per cause. If the transports that were refused
// agree on a cause, it says so: the fault is then not in a transport.
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

// agreement says that the runs agree on a cause. It is "" unless two or more do and no transport
// succeeded.
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
	return fmt.Sprintf("%d transports agree on this: %s", len(agree), transports(agree))
}

// verdict judges a run together with the others. A port that sends nothing until the budget runs out
// is not a verdict by itself, but it is a fault if another port accepts connections.
func (m *comparison) verdict(mode probe.Mode, run *probe.Run) Verdict {
	v := verdictOf(mode, run)
	if v == NoVerdict && run.OutOfTime != nil && dialFailure(run) != nil && len(m.connected) > 0 && !hurried(run) {
		return Fault
	}
	return v
}

// overall is the verdict of the probe, from those of its runs. A transport that only fell silent is no
// verdict by itself, but it is a fault if another one passes.
func (m *comparison) overall(runs []Verdict) Verdict {
	v := Worst(runs)
	if v != Interrupted && len(m.passed) > 0 && slices.ContainsFunc(m.runs, silent) {
		return Fault
	}
	return v
}

// allClosed says that no run found a port that accepts a connection. It is "" unless several ports
// were tried.
func (m *comparison) allClosed() []string {
	if len(m.closed) == 0 || len(m.closed) < len(m.runs) || len(m.onPort(m.runs, m.runs[0])) == len(m.runs) {
		return nil
	}
	return []string{"none accepted a connection: " + m.ports(m.closed)}
}

// trusting returns the runs whose handshake reached a root that the device trusts.
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

// detour is the step for a transport that failed for no known cause while another one passed; nil if
// there is none.
func (m *comparison) detour() *cause.Step {
	if len(m.passed) == 0 {
		return nil
	}
	transport := m.passed[0].Transport
	return &cause.Step{
		How:     "The same probe passes over " + transports(m.passed) + ": a device can use that transport",
		Command: probeCommand + "CREDENTIAL --transport " + string(transport) + portFlag(transport, m.endpoint),
	}
}
