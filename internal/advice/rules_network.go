package advice

import (
	"net/http"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// networkRules are the causes that keep a device from reaching the service at all.
func networkRules() []Rule {
	return []Rule{
		{
			ID:      "dns-failure",
			Title:   "Name resolution fails",
			Meaning: "The device cannot turn the endpoint's name into an address: no resolver answers, it refuses, or a private DNS zone hides the public name.",
			Confirm: []string{
				"Resolve the name on the device itself, and inside the container if the client runs in one (nslookup HOST, getent hosts HOST)",
				"Ask another resolver (nslookup HOST 8.8.8.8): if that knows the name, the device's own resolver is at fault",
			},
			Remedies: []string{
				"Correct the resolver: /etc/resolv.conf, the DHCP option, or the dns setting of the container engine",
				"With a private DNS zone for azure-devices-provisioning.net add the record, or let the zone fall back to public resolution",
				"Let the client retry with growing pauses: at boot the resolver is often not up yet",
			},
			NoScenario: "It happens before any packet reaches a service, so a local service cannot play it.",
			Decide:     anotherNetwork(),
			Until:      Connected,
			Weigh:      weighDNS,
		},
		{
			ID:    "port-blocked",
			Title: "Required outbound port blocked",
			Meaning: "The name resolves, but something between the device and the service drops or refuses connections to the port of the transport: " +
				"443 for HTTPS and WebSocket, 8883 for MQTT, 5671 for AMQP.",
			Confirm: []string{
				"Try a TCP connection to each of the three ports from the device (nc -vz HOST PORT)",
				"Try the same from another network: if it works there, the device's network blocks it",
			},
			Remedies: []string{
				"Have the firewall allow outbound connections to the port, for the provisioning endpoint and for the hubs: the device needs both",
				"Or use a transport on port 443: HTTPS, or MQTT or AMQP over WebSocket",
				"Where a proxy forbids the port, have its rules allow CONNECT to it",
			},
			Scenario: "port-blocked",
			Decide:   anotherNetwork(),
			Until:    Connected,
			Weigh:    weighPort,
		},
		{
			ID:    "network-unreachable",
			Title: "Device offline or endpoint unreachable",
			Meaning: "The device has no working way to the service: no link, no address, no route, a mobile connection without data, " +
				"or a path that loses large packets, so that small ones pass and the handshake hangs.",
			Confirm: []string{
				"Check link, address and default route on the device, and whether it reaches any other host on the Internet",
				"If small exchanges work and handshakes hang, lower the MTU for a test (ip link set dev IFACE mtu 1400)",
			},
			Remedies: []string{
				"Restore the connection; for a mobile modem check the subscription and the access point name",
				"Set the MTU of a container network or VPN to what the path carries",
				"Let the client retry with growing pauses and random jitter; it will meet this again",
			},
			NoScenario: "It lies in the network between device and service, which a local service cannot play.",
			Decide:     anotherNetwork(),
			Until:      Answered,
			Weigh:      weighReach,
		},
		{
			ID:    "proxy-not-configured",
			Title: "Mandatory proxy not configured",
			Meaning: "The network lets traffic out only through a proxy, and this client or service was not told of it, was told of one that is not there, or has no credentials for it. " +
				"Often one component has the setting and another one lacks it.",
			Confirm: []string{
				"Compare a request with and without the proxy, from the account of the service (curl -x PROXY https://HOST)",
				"Look at the environment of the service itself (systemctl show SERVICE -p Environment): that of a login shell does not count",
			},
			Remedies: []string{
				"Set the proxy for every component that makes calls: for IoT Edge the identity service, the runtime and the container engine",
				"Use a transport that goes through an HTTP proxy: HTTPS, or MQTT or AMQP over WebSocket",
				"Give the proxy the credentials it asks for, or have the endpoint exempted",
			},
			NoScenario: "It lies in the network between device and service, which a local service cannot play.",
			Decide: &Decider{
				How:     "Probe through the proxy of the network, if it has one: if that passes, only the setting was missing",
				Command: probeCommand + "CREDENTIAL --proxy PROXY-URL --preflight",
			},
			Weigh: weighProxy,
		},
	}
}

func anotherNetwork() *Decider {
	return &Decider{
		How:     "Run the same from another network, such as a phone's: if it passes there, the device's network is at fault",
		Command: probeCommand + "CREDENTIAL --preflight",
	}
}

// resolutionFailure returns why the name did not resolve, nil when it did or was not
// asked for. A proxy resolves it in our place.
func (c *Case) resolutionFailure() *probe.NetFailure {
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
		return weighDNSBehind(c.Run.ProxyFailed())
	case f != nil && c.trialHelps() != "":
		return doubted(c.trialHelps() + "; a network with a mandatory proxy need not resolve the names of others")
	case f == nil && c.Run.Route.Proxy == nil && c.Run.Resolution != nil && !c.Run.Resolution.Literal:
		return ruledOut("the name " + c.host() + " was resolved")
	case f == nil:
		return Weight{}
	case f.Kind == probe.NetNoSuchHost && c.globalHost():
		return proven(c.host() + " is a documented endpoint and exists; the resolver denies it")
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
	case f == nil || f.Kind == probe.NetUnreachable:
		return Weight{}
	case c.azure() && c.onlyPrivate():
		return allowed()
	}
	return suggested("the name was resolved, so the network works in part")
}

func weighReach(c *Case) Weight {
	if w, told := c.weighReachBeside(); told {
		return w
	}
	if c.Run.ProxyFailed() != nil {
		return weighReachBehind(c.Run.ProxyFailed())
	}
	return weighReachOf(dialFailure(c.Run), c.across.allClosed()...)
}

// weighReachOf judges the network by a connection that failed, and by what else is known of
// connections; nil is none.
func weighReachOf(f *probe.NetFailure, because ...string) Weight {
	switch {
	case f == nil:
		return Weight{}
	case f.Kind == probe.NetRefused:
		return ruledOut("the connection was refused, so something at the other end answers")
	case f.Kind == probe.NetUnreachable:
		return suggested(because...)
	}
	return allowed(because...)
}

func weighProxy(c *Case) Weight {
	switch {
	case c.class() == http.StatusProxyAuthRequired:
		return suggested("407 comes from a proxy that wants credentials")
	case c.reached(Answered) != "":
		return ruledOut(c.reached(Answered))
	case c.Run.ProxyFailed() != nil:
		return weighProxySetting(c.Run.ProxyFailed())
	case c.Run.ProxyTrial != nil:
		return c.weighProxyTrial()
	case len(c.across.connected) > 0:
		return doubted(c.across.ports(c.across.connected) + " takes connections without a proxy")
	case c.resolutionFailure() != nil, dialFailure(c.Run) != nil:
		return allowed("a network that lets only its proxy out looks like this to a client without one")
	}
	return Weight{}
}
