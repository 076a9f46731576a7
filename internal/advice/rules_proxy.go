package advice

import (
	"fmt"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// What a proxy refuses says little of the device and much of the way. These functions
// weigh the causes of rules_network.go and rules_path.go on a run that came no further
// than its proxy; a is that attempt.

// proxyRows are the catalogue rows for a run that came no further than its proxy. A proxy
// that works and was not able or willing to connect has none.
func proxyRows(a *proxy.Attempt) []*codes.Entry {
	switch a.Failure.Kind {
	case proxy.Auth:
		return entries("http-407")
	case proxy.Unresolved, proxy.Unreachable, proxy.TLS, proxy.NotAProxy:
		return entries("net-proxyconnect")
	}
	return nil
}

// proxyText says in one line why there is no way through the proxy.
func proxyText(a *proxy.Attempt) string {
	return fmt.Sprintf("there is no connection to %s through %s: %s", a.Target, proxyName(a.Proxy), a.Failure.Text)
}

func proxyName(p proxy.Ref) string { return fmt.Sprintf("the proxy %s (%s)", p.URL, p.Origin) }

// muteProxy reports whether the run ended at a proxy that took the connection and then
// gave no whole answer.
func muteProxy(run *probe.Run) bool {
	a := run.ProxyFailed()
	return a != nil && (a.Failure.Kind == proxy.Timeout || a.Failure.Kind == proxy.Cut)
}

// throughProxy says that the run goes through a proxy, "" when it does not.
func (c *Case) throughProxy() string {
	if a := c.Run.Through(); a != nil {
		return "everything passed through " + proxyName(a.Proxy)
	}
	return ""
}

// beside names the transport of another run that got through the same proxy to the same
// host, "" when none did.
func (c *Case) beside(p proxy.Ref) probe.TransportID {
	for i := range c.Evidence.Runs {
		if a := c.Evidence.Runs[i].Through(); a != nil && a.Proxy.URL == p.URL {
			return c.Evidence.Runs[i].Transport
		}
	}
	return ""
}

// weighProxySetting judges a proxy that is configured: what can be missing then is only the
// credentials for it.
func weighProxySetting(a *proxy.Attempt) Weight {
	if a.Failure.Kind == proxy.Auth {
		return proven("only a proxy that wants credentials answers so; they belong into its setting, as USER:PASSWORD@ before the host")
	}
	return ruledOut(proxyName(a.Proxy) + " is configured; that it does not work is another matter")
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
		return suggested("nothing takes a connection where " + a.Proxy.Origin + " says that the proxy is")
	case proxy.TLS, proxy.NotAProxy:
		return suggested("what answers there is not the proxy that " + a.Proxy.Origin + " says it is")
	case proxy.Page, proxy.Status, proxy.Timeout, proxy.Cut:
		return allowed("what " + a.Proxy.Origin + " names may be something else than a proxy")
	}
	return Weight{}
}

// weighProxyTrial judges a direct way that failed where a proxy is named and was not used.
func (c *Case) weighProxyTrial() Weight {
	a := c.Run.ProxyTrial
	switch {
	case a.Failure != nil:
		return allowed(proxyName(a.Proxy) + " does not help: " + a.Failure.Text)
	case len(c.across.connected) > 0:
		return allowed(proxyName(a.Proxy) + " does connect to " + a.Target)
	}
	return proven("the direct way fails, and " + proxyName(a.Proxy) + ", which was not used, does connect to " + a.Target)
}

// trialHelps says that a proxy which is named and was not used gets through, "" if none
// does.
func (c *Case) trialHelps() string {
	if a := c.Run.ProxyTrial; a != nil && a.Failure == nil {
		return proxyName(a.Proxy) + " does connect to " + a.Target
	}
	return ""
}

// weighDNSBehind: the proxy resolves the name of the service, we that of the proxy.
func weighDNSBehind(a *proxy.Attempt) Weight {
	switch a.Failure.Kind {
	case proxy.Unresolved:
		switch a.Failure.Net.Kind {
		case netfail.NoSuchHost:
			return allowed("it is the name of the proxy that was not resolved")
		case netfail.Unreachable:
			return Weight{}
		}
		return suggested("it is the name of the proxy that was not resolved")
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
		return allowed("a firewall behind the proxy would look like this")
	case proxy.Unreachable:
		return allowed("it is the port of the proxy that takes no connection")
	}
	return Weight{}
}

// weighForbidden judges whether the rules of the proxy mean the port.
func (c *Case) weighForbidden(a *proxy.Attempt) Weight {
	if beside := c.beside(a.Proxy); beside != "" {
		return proven("the " + string(beside) + " transport got through the same proxy to the same host, on its own port")
	}
	if c.port() != dps.PortHTTPS {
		return suggested(fmt.Sprintf("many proxies let CONNECT pass to port %d alone", dps.PortHTTPS))
	}
	return allowed("the rules of a proxy can name ports as well as hosts")
}

// port is that of the service for the transport of the run.
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
		return allowed("the proxy did not get to the service either")
	case proxy.Timeout, proxy.Cut:
		return allowed()
	}
	return ruledOut("the proxy was reached and answered")
}

// weighEndpointBehind judges the endpoint that a proxy did not reach.
func (c *Case) weighEndpointBehind(a *proxy.Attempt) Weight {
	switch {
	case c.globalHost():
		return ruledOut(c.host() + " is a documented endpoint")
	case a.Failure.Kind == proxy.NoRoute && !c.azure():
		return suggested("it is none of the documented endpoints, and the proxy did not get to it")
	case a.Failure.Kind == proxy.NoRoute:
		return allowed("it is the name of a single instance, which exists only as long as that does")
	}
	return Weight{}
}

func (c *Case) weighInterceptionBehind(a *proxy.Attempt) Weight {
	switch a.Failure.Kind {
	case proxy.Forbidden:
		if c.port() != dps.PortHTTPS {
			return allowed("the rules of a proxy can name hosts as well as ports")
		}
		return suggested("the rules of the proxy forbid the connection")
	case proxy.Page:
		return suggested("sign-in and warning pages of networks come so")
	case proxy.Status:
		return suggested("a proxy that lets traffic through does not answer so")
	case proxy.NotAProxy, proxy.TLS, proxy.NoRoute, proxy.Timeout, proxy.Cut:
		return allowed()
	}
	return Weight{}
}
