package advice

import (
	"fmt"
	"net/http"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/probe"
)

// unexplained is a cause of last resort: one that is possible for a run that no rule explains.
type unexplained struct {
	id     cause.ID
	weight Weight
}

// lastResort lists the causes of a run that failed and that no rule explains, the likeliest first.
// They are possible and no more: the answer says too little. Their reasons say who answered, and the
// remedies what to collect. There is always one.
func (c *Case) lastResort() []unexplained {
	switch {
	case c.refusal == nil:
		return c.lastOfSilence()
	case !c.byService():
		return []unexplained{
			{cause.ProxyInterference, allowed(c.answeredBy(), "a gateway or portal in the path may answer instead of the service")},
			{cause.WrongGlobalEndpoint, allowed(c.answeredBy(), "a server other than the service would refuse in its own words")},
			{cause.ServiceTransient, allowed(c.answeredBy())},
		}
	case c.refusal.opening != nil:
		return []unexplained{
			{cause.TransportProtocolWrong, c.lastOfOpening()},
			{cause.ServiceTransient, allowed(c.answeredBy(), "a service in trouble can refuse one transport and serve another")},
		}
	case accepted(c.Run):
		return []unexplained{{cause.ServiceTransient, allowed(c.answeredBy(),
			"the service had accepted the registration before, so neither the identity nor the enrollment is at fault",
			"a service in trouble can lose an operation, or refuse a poll by mistake")}}
	}
	return []unexplained{
		{cause.ServiceTransient, allowed(c.answeredBy(), c.undocumented())},
		{cause.TransportProtocolWrong, allowed(c.answeredBy(), c.undocumented())},
		{cause.ClientDefect, allowed(c.answeredBy(), "an undocumented answer may be caused by an undocumented request")},
	}
}

// lastOfOpening judges a session that the service refuses for no known reason.
func (c *Case) lastOfOpening() Weight {
	w := allowed(c.answeredBy())
	if line := c.acceptance(accepted, "the service accepted the same identity over %s, so the cause is in this transport"); line != "" {
		w.Because = append(w.Because, line)
		w.Remedies = []string{c.across.way()}
	}
	return w
}

// lastOfSilence judges a run that failed without an answer that could be read.
func (c *Case) lastOfSilence() []unexplained {
	why := "none of the evidence says why"
	if f := lost(c.Run); f != nil {
		why = "no readable answer was received"
	}
	return []unexplained{
		{cause.NetworkUnreachable, allowed(why)},
		{cause.ProxyInterference, allowed(why, "something in the path may cut the connection, or answer instead of the service")},
		{cause.ServiceTransient, allowed(why)},
	}
}

// byService reports whether the service itself answered: in its own format, or under the certificate
// of an Azure endpoint.
func (c *Case) byService() bool {
	return c.refusal.ofService() || c.issuer() == probe.IssuerKnown && c.tlsFailure() == ""
}

// answeredBy says who gave the refusal, if that is known.
func (c *Case) answeredBy() string {
	switch {
	case c.refusal.ofService():
		return "the answer has the provisioning service's own format"
	case c.issuer() == probe.IssuerKnown && c.tlsFailure() == "":
		return "it was sent with the genuine certificate of " + c.host() + ", but not in the format of the service's own errors"
	}
	return "it came from whatever answers as " + c.host() + ", not in the format of the service's own errors"
}

// undocumented says that no documentation explains the refusal.
func (c *Case) undocumented() string {
	if status := c.refusal.status; status != 0 {
		return fmt.Sprintf("no documentation of the service says when it answers %s", statusText(status))
	}
	return "no documentation of the service says when it gives this answer"
}

func statusText(status int) string {
	if name := http.StatusText(status); name != "" {
		return fmt.Sprintf("%d (%s)", status, name)
	}
	return fmt.Sprint(status)
}

// collect says what to keep of an answer that nobody can explain.
func (c *Case) collect() string {
	what := "the exchange that --verbose prints, and the time"
	if id := c.trackingID(); id != "" {
		what = "the tracking id " + id + ", " + what
	}
	return "Try again, and if the answer is the same, collect " + what + " for a support request"
}

// trackingID is the service's id of the refusal, "" if it gave none.
func (c *Case) trackingID() string {
	if last := c.Run.LastAnswer(); last != nil {
		if last.Body.Error != nil && last.Body.Error.TrackingID != "" {
			return last.Body.Error.TrackingID
		}
		return last.RequestID
	}
	if o := c.Run.Opening; o != nil && o.Body.Error != nil {
		return o.Body.Error.TrackingID
	}
	return ""
}

// withLast adds the causes of last resort to what was found in a run, if that leaves no cause. One
// that the evidence rules out is left out, unless nothing else remains.
func withLast(c *Case, rules []Rule, found []candidate, most Strength) []candidate {
	if most < Allows || slices.ContainsFunc(found, isCause) {
		return found
	}
	last := c.lastResort()
	for i, u := range last {
		index := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == u.id })
		out := slices.IndexFunc(found, func(f candidate) bool { return f.index == index })
		final := i == len(last)-1 && !slices.ContainsFunc(found, isCause)
		if index < 0 || out >= 0 && !final {
			continue
		}
		if out >= 0 {
			found = slices.Delete(slices.Clone(found), out, out+1)
		}
		found = append(found, candidate{
			rule: &rules[index], index: index, strength: Allows, position: i, last: true,
			because: reasons(c, u.id, u.weight), remedies: append(u.weight.Remedies, c.collect()), explain: c.refusal.query(),
		})
	}
	return found
}

func isCause(c candidate) bool { return c.strength > Silent }
