package advice

import (
	"fmt"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// A refusal by a proxy says little about the device and much about the network. These functions weigh
// the causes of rules_network.go and rules_path.go for a run that got no further than its proxy; a is
// that attempt.

// proxyEntries are the catalogue entries for a run that got no further than its proxy. A proxy that
// works but could not or would not connect has none.
func proxyEntries(a *proxy.Attempt) []*codes.Entry {
	switch a.Failure.Kind {
	case proxy.Auth:
		return entryByID("http-407")
	case proxy.Unresolved, proxy.Unreachable, proxy.TLS, proxy.NotAProxy:
		return entryByID("net-proxyconnect")
	}
	return nil
}

// proxyText says in one line why the proxy could not be used.
func proxyText(a *proxy.Attempt) string {
	return fmt.Sprintf("there is no connection to %s through %s: %s", a.Target, proxyName(a.Proxy), a.Failure.Text)
}

func proxyName(p proxy.Ref) string { return fmt.Sprintf("the proxy %s (%s)", p.URL, p.Origin) }

// muteProxy reports whether the run ended at a proxy that accepted the connection and then gave no
// complete answer.
func muteProxy(run *probe.Run) bool {
	a := run.ProxyFailed()
	return a != nil && (a.Failure.Kind == proxy.Timeout || a.Failure.Kind == proxy.Cut)
}

// throughProxy says that the run uses a proxy, "" if it does not.
func (c *Case) throughProxy() string {
	if a := c.Run.Through(); a != nil {
		return "the connection went through " + proxyName(a.Proxy)
	}
	return ""
}

// alsoThrough is the transport of another run that got through the same proxy to the same host, "" if there
// is none.
func (c *Case) alsoThrough(p proxy.Ref) probe.TransportID {
	for i := range c.Evidence.Runs {
		if a := c.Evidence.Runs[i].Through(); a != nil && a.Proxy.URL == p.URL {
			return c.Evidence.Runs[i].Transport
		}
	}
	return ""
}

// weighProxySetting judges a proxy that is configured: only its credentials can be missing.
func weighProxySetting(a *proxy.Attempt) Weight {
	if a.Failure.Kind == proxy.Auth {
		return proven("only a proxy that requires credentials answers like this; they belong in its setting, as USER:PASSWORD@ before the host")
	}
	return ruledOut(proxyName(a.Proxy) + " is configured, although it does not work")
}

// weighUnusable judges the setting of a proxy that does not work.
func weighUnusable(c *Case) Weight {
	a := c.Run.ProxyFailed()
	if a == nil {
		return Weight{}
	}
	switch a.Failure.Kind {
	case proxy.Unresolved:
		if a.Failure.Net.Kind == netfail.NoSuchHost {
			return suggested("the name of the proxy does not exist; " + a.Proxy.Origin + " gives it")
		}
		return allowed()
	case proxy.Unreachable:
		if a.Failure.Net.Kind == netfail.Unreachable {
			return allowed()
		}
		return suggested("nothing accepts a connection where " + a.Proxy.Origin + " says that the proxy is")
	case proxy.TLS, proxy.NotAProxy:
		return suggested("the server there is not the proxy that " + a.Proxy.Origin + " says it is")
	case proxy.Page, proxy.Status, proxy.Timeout, proxy.Cut:
		return allowed("what " + a.Proxy.Origin + " gives may not be a proxy")
	}
	return Weight{}
}

// weighProxyTrial judges a direct connection that failed while a proxy is configured but was not used.
func (c *Case) weighProxyTrial() Weight {
	a := c.Run.ProxyTrial
	switch {
	case a.Failure != nil:
		return allowed(proxyName(a.Proxy) + " does not help: " + a.Failure.Text)
	case len(c.across.connected) > 0:
		return allowed(proxyName(a.Proxy) + " does connect to " + a.Target)
	}
	return proven("the direct connection fails, and " + proxyName(a.Proxy) + ", which was not used, does connect to " + a.Target)
}

// trialHelps says that a configured proxy that was not used can connect, "" if none can.
func (c *Case) trialHelps() string {
	if a := c.Run.ProxyTrial; a != nil && a.Failure == nil {
		return proxyName(a.Proxy) + " does connect to " + a.Target
	}
	return ""
}

// weighDNSOverProxy judges name resolution through a proxy: the proxy resolves the name of the service,
// we that of the proxy.
func weighDNSOverProxy(a *proxy.Attempt) Weight {
	switch a.Failure.Kind {
	case proxy.Unresolved:
		switch a.Failure.Net.Kind {
		case netfail.NoSuchHost:
			return allowed("the name of the proxy was not resolved")
		case netfail.Unreachable:
			return Weight{}
		}
		return suggested("the name of the proxy was not resolved")
	case proxy.NoRoute:
		return allowed("a proxy resolves the name of the service itself, and may have failed to")
	}
	return Weight{}
}

func (c *Case) weighPortBehind(a *proxy.Attempt) Weight {
	switch a.Failure.Kind {
	case proxy.Forbidden:
		return c.weighForbidden(a)
	case proxy.NoRoute, proxy.Timeout:
		return allowed("a firewall after the proxy would look like this")
	case proxy.Unreachable:
		return allowed("it is the port of the proxy that accepts no connection")
	}
	return Weight{}
}

// weighForbidden judges whether the rules of the proxy forbid the port.
func (c *Case) weighForbidden(a *proxy.Attempt) Weight {
	if other := c.alsoThrough(a.Proxy); other != "" {
		return proven("the " + string(other) + " transport connected through the same proxy to the same host, on its own port")
	}
	if c.port() != dps.PortHTTPS {
		return suggested(fmt.Sprintf("many proxies allow CONNECT only to port %d", dps.PortHTTPS))
	}
	return allowed("the rules of a proxy can apply to ports as well as hosts")
}

// port is the service's port for the transport of the run.
func (c *Case) port() int { return c.Run.Transport.Port(c.Evidence.Target.Endpoint) }

func weighReachBehind(a *proxy.Attempt) Weight {
	switch a.Failure.Kind {
	case proxy.Unreachable:
		return weighReachOf(a.Failure.Net)
	case proxy.Unresolved:
		switch a.Failure.Net.Kind {
		case netfail.NoSuchHost:
			return Weight{}
		case netfail.Unreachable:
			return suggested("the device has no route to its resolver; without a network no name can be resolved")
		}
		return allowed()
	case proxy.NoRoute:
		return allowed("the proxy did not reach the service either")
	case proxy.Timeout, proxy.Cut:
		return allowed()
	}
	return ruledOut("the proxy was reached and answered")
}

// weighEndpointOverProxy judges an endpoint that a proxy could not reach.
func (c *Case) weighEndpointOverProxy(a *proxy.Attempt) Weight {
	switch {
	case c.globalHost():
		return ruledOut(c.host() + " is a documented endpoint")
	case a.Failure.Kind == proxy.NoRoute && !c.azure():
		return suggested("it is not one of the documented endpoints, and the proxy did not reach it")
	case a.Failure.Kind == proxy.NoRoute:
		return allowed("it is the name of a single instance, which exists only as long as the instance does")
	}
	return Weight{}
}

func (c *Case) weighInterceptionBehind(a *proxy.Attempt) Weight {
	switch a.Failure.Kind {
	case proxy.Forbidden:
		if c.port() != dps.PortHTTPS {
			return allowed("the rules of a proxy can apply to hosts as well as ports")
		}
		return suggested("the rules of the proxy forbid the connection")
	case proxy.Page:
		return suggested("sign-in and warning pages of networks look like this")
	case proxy.Status:
		return suggested("a proxy that lets traffic through does not answer like this")
	case proxy.NotAProxy, proxy.TLS, proxy.NoRoute, proxy.Timeout, proxy.Cut:
		return allowed()
	}
	return Weight{}
}
