package advice

import (
	"net/http"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// networkRules are the causes that prevent a device from reaching the service.
func networkRules() []Rule {
	return []Rule{
		{
			ID:    cause.DNSFailure,
			Until: Connected,
			Weigh: weighDNS,
		},
		{
			ID:    cause.PortBlocked,
			Until: Connected,
			Weigh: weighPort,
		},
		{
			ID:    cause.NetworkUnreachable,
			Until: Answered,
			Weigh: weighReach,
		},
		{
			ID:    cause.ProxyNotConfigured,
			Weigh: weighProxy,
		},
	}
}

// resolutionFailure returns why the name did not resolve, nil if it did or was not resolved. A proxy
// resolves it for us.
func (c *Case) resolutionFailure() *netfail.Failure {
	if c.Run.Resolution == nil || c.Run.Route.Proxy != nil {
		return nil
	}
	return c.Run.Resolution.Failure
}

// globalHost reports whether the host is one of the documented global endpoints, which
// certainly exist.
func (c *Case) globalHost() bool {
	cloud, ok := dps.CloudOf(c.host())
	return ok && cloud.GlobalHost() == c.host()
}

func weighDNS(c *Case) Weight {
	f := c.resolutionFailure()
	switch {
	case c.Run.ProxyFailed() != nil:
		return weighDNSOverProxy(c.Run.ProxyFailed())
	case f != nil && c.trialHelps() != "":
		return doubted(c.trialHelps() + "; a network with a mandatory proxy need not resolve external names")
	case f == nil && c.Run.Route.Proxy == nil && c.Run.Resolution != nil && !c.Run.Resolution.Literal:
		return ruledOut("the name " + c.host() + " was resolved")
	case f == nil:
		return Weight{}
	case f.Kind == netfail.Unreachable:
		return doubted("the resolver was not reached, so it is not to blame")
	case f.Kind == netfail.NoSuchHost && c.globalHost():
		return proven(c.host() + " is a documented endpoint and exists, but the resolver says that it does not")
	}
	return suggested()
}

func weighPort(c *Case) Weight {
	f := dialFailure(c.Run)
	switch {
	case c.Run.ProxyFailed() != nil:
		return c.weighPortBehind(c.Run.ProxyFailed())
	case f != nil && len(c.across.connected) > 0:
		return c.weighClosedPort()
	case f == nil || f.Kind == netfail.Unreachable:
		return Weight{}
	case c.azure() && c.onlyPrivate():
		return allowed()
	case c.Run.OutOfTime != nil:
		return Weight{Strength: Allows, Against: []string{"the budget ran out before the port had time to answer"}}
	}
	return suggested("the name was resolved, so the network works at least in part")
}

func weighReach(c *Case) Weight {
	if w, told := c.weighReachOfOthers(); told {
		return w
	}
	if c.Run.ProxyFailed() != nil {
		return weighReachBehind(c.Run.ProxyFailed())
	}
	if f := c.resolutionFailure(); f != nil && f.Kind == netfail.Unreachable {
		return suggested("the device has no route to its resolver; without a network no name can be resolved")
	}
	return weighReachOf(dialFailure(c.Run), c.across.allClosed()...)
}

// weighReachOf judges the network by a connection that failed and by what else is known of
// connections; nil means none.
func weighReachOf(f *netfail.Failure, because ...string) Weight {
	switch {
	case f == nil:
		return Weight{}
	case f.Kind == netfail.Refused:
		return ruledOut("the connection was refused, so something at the other end answers")
	case f.Kind == netfail.Unreachable:
		return suggested(because...)
	}
	return allowed(because...)
}

func weighProxy(c *Case) Weight {
	switch {
	case c.class() == http.StatusProxyAuthRequired:
		return suggested("407 comes from a proxy that requires credentials")
	case c.reached(Answered) != "":
		return ruledOut(c.reached(Answered))
	case c.Run.ProxyFailed() != nil:
		return weighProxySetting(c.Run.ProxyFailed())
	case c.Run.ProxyTrial != nil:
		return c.weighProxyTrial()
	case len(c.across.connected) > 0:
		return doubted(c.across.ports(c.across.connected) + " accepts connections without a proxy")
	case c.resolutionFailure() != nil, dialFailure(c.Run) != nil:
		return allowed("a network that lets only its proxy connect to the outside looks like this to a client without a proxy")
	}
	return Weight{}
}
