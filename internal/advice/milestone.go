package advice

import (
	"fmt"
	"net/http"
	"slices"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// Milestone is a point in a registration. Reaching it shows that everything needed for it works.
type Milestone int

// The milestones in order. Connected: a TCP connection was made. Handshaken: the server's certificate
// was verified. Answered: the run ended with an answer, not with silence. Accepted: the service
// accepted the identity and its request. Assigned: it assigned a hub.
const (
	Nowhere Milestone = iota
	Connected
	Handshaken
	Answered
	Accepted
	Assigned
)

// reached says in one line how the probe reached a milestone, "" if it did not. Accepted and Assigned
// count from every run, because all present the same identity.
func (c *Case) reached(m Milestone) string {
	switch m {
	case Connected:
		return c.connection()
	case Handshaken:
		return c.handshake()
	case Answered:
		return c.answer()
	case Accepted:
		return c.acceptance(accepted, "the service accepted the identity over %s")
	case Assigned:
		if c.Evidence.Target.Mode == probe.ModeHub {
			return "the device was assigned to a hub before"
		}
		return c.acceptance(assigned, "the service assigned a hub over %s")
	}
	return ""
}

func (c *Case) connection() string {
	if c.Run.Route.Proxy != nil {
		if a := c.Run.Through(); a != nil {
			return proxyName(a.Proxy) + " connected to " + a.Target
		}
		return ""
	}
	for _, d := range c.Run.Dials {
		if d.Failure == nil {
			return "a TCP connection to " + d.Address + " was made"
		}
	}
	return ""
}

func (c *Case) handshake() string {
	h := c.Run.TLS
	switch {
	case h == nil || h.Failure != nil:
		return ""
	case h.Root == nil:
		return "the TLS handshake succeeded"
	}
	return fmt.Sprintf("the TLS handshake succeeded and the server's certificate chains to the trusted root %q", certchain.Name(h.Root))
}

func (c *Case) answer() string {
	if !answered(c.Run) {
		return ""
	}
	return "an answer was received from " + c.Evidence.Target.Endpoint.Host
}

// answered reports whether a run ended with an answer.
func answered(run *probe.Run) bool {
	return refusalOf(run) != nil || garbled(run) || lost(run) == nil && len(run.Answers) > 0
}

func (c *Case) acceptance(test func(*probe.Run) bool, format string) string {
	for i := range c.Evidence.Runs {
		if run := &c.Evidence.Runs[i]; test(run) {
			return fmt.Sprintf(format, run.Transport)
		}
	}
	return ""
}

// accepted reports whether the service accepted the identity and the request of a run: it returned a
// state of the registration. A poll that is refused later does not change that, nor does an allocation
// that fails. Only the registration itself may report that it ended because of the request.
func accepted(run *probe.Run) bool {
	if refusalOf(run).ofRequest() {
		return false
	}
	return slices.ContainsFunc(run.Answers, func(a probe.Answer) bool {
		s := stateOf(&a)
		return a.Status/100 == 2 && s != "" && s != dps.StatusDisabled
	})
}

// ofRequest reports whether a registration ended with an error code that means a bad request.
func (r *refusal) ofRequest() bool {
	if r == nil || r.state == "" {
		return false
	}
	switch r.class() {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound:
		return true
	}
	return false
}

// assigned reports whether the service assigned a hub. The hub is contacted only then; what the
// service answers afterwards does not change it.
func assigned(run *probe.Run) bool {
	return run.Hub != nil || stateOf(run.LastAnswer()) == dps.StatusAssigned
}
