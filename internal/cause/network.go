package cause

// networkDefinitions are the causes that prevent a device from reaching the service.
var networkDefinitions = [...]Definition{
	{
		ID:      DNSFailure,
		Title:   "Name resolution fails",
		Meaning: "The device cannot turn the endpoint's name into an address: no resolver answers, it refuses, or a private DNS zone hides the public name.",
		Confirm: []string{
			"Resolve the name on the device itself, and inside the container if the client runs in one (nslookup HOST, getent hosts HOST)",
			"Ask another resolver (nslookup HOST 8.8.8.8): if that knows the name, the device's own resolver is at fault",
		},
		Remedies: []string{
			"Correct the resolver: /etc/resolv.conf, the DHCP option, or the dns setting of the container engine",
			"With a private DNS zone for azure-devices-provisioning.net add the record, or let the zone fall back to public resolution",
			"Let the client retry with increasing delays: at boot the resolver is often not ready yet",
		},
		Show:       "nslookup HOST",
		NoScenario: "It happens before any packet reaches a service, so a local service cannot reproduce it.",
		Decide:     &anotherNetwork,
	},
	{
		ID:    PortBlocked,
		Title: "Required outbound port blocked",
		Meaning: "The name resolves, but something between the device and the service drops or refuses connections to the port of the transport: " +
			"443 for HTTPS and WebSocket, 8883 for MQTT, 5671 for AMQP.",
		Confirm: []string{
			"Try a TCP connection to each of the three ports from the device (nc -vz HOST PORT)",
			"Try the same from another network: if it works there, the device's network blocks it",
		},
		Remedies: []string{
			"Have the firewall allow outbound connections to the port, for the provisioning endpoint and for the hubs: the device needs both",
			"A rule by address has to follow the service tag AzureIoTHub (that of the paired region too), whose addresses change",
			"Or use a transport on port 443: HTTPS, or MQTT or AMQP over WebSocket",
			"If a proxy forbids the port, have its rules allow CONNECT to it",
		},
		Scenario: "port-blocked",
		Decide:   &anotherNetwork,
	},
	{
		ID:    NetworkUnreachable,
		Title: "Device offline or endpoint unreachable",
		Meaning: "The device cannot reach the service: no link, no address, no route, a mobile connection without data, " +
			"or a path that loses large packets, so small ones arrive and the handshake hangs.",
		Confirm: []string{
			"Check link, address and default route on the device, and whether it reaches any other host on the Internet",
			"If small exchanges work and handshakes hang, lower the MTU for a test (ip link set dev IFACE mtu 1400)",
		},
		Remedies: []string{
			"Restore the connection; for a mobile modem check the subscription and the access point name",
			"On a network with IPv6 only, use NAT64 with DNS64: DPS and IoT Hub have IPv4 addresses only",
			"Set the MTU of a container network or VPN to that of the path",
			"Let the client retry with increasing delays and random jitter; this will happen again",
		},
		NoScenario: "It is in the network between device and service, which a local service cannot reproduce.",
		Decide:     &anotherNetwork,
	},
	{
		ID:    ProxyNotConfigured,
		Title: "Mandatory proxy not configured",
		Meaning: "The network lets traffic out only through a proxy, and this client or service is not configured to use it, is configured with one that does not exist, or has no credentials for it. " +
			"Often one component has the setting and another one does not.",
		Confirm: []string{
			"Compare a request with and without the proxy, from the account of the service (curl -x PROXY https://HOST)",
			"Look at the environment of the service itself (systemctl show SERVICE -p Environment): that of a login shell is not used",
		},
		Remedies: []string{
			"Set the proxy for every component that makes calls: for IoT Edge the identity service, the runtime and the container engine",
			"Use a transport that goes through an HTTP proxy: HTTPS, or MQTT or AMQP over WebSocket",
			"Give the proxy the credentials it asks for, or have the endpoint exempted",
		},
		NoScenario: "It is in the network between device and service, which a local service cannot reproduce.",
		Decide: &Step{
			How:     "Probe through the proxy of the network, if it has one: if that passes, only the setting was missing",
			Command: probeCommand + "CREDENTIAL --proxy PROXY-URL --preflight",
		},
	},
}

var anotherNetwork = Step{
	How:     "Run the same from another network, such as a phone's: if it passes there, the device's network is at fault",
	Command: probeCommand + "CREDENTIAL --preflight",
}
