package advice

import (
	"fmt"
	"net/http"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// pathRules are the causes in which something answers, but not the service, or not as a
// device means it.
func pathRules() []Rule {
	return []Rule{
		{
			ID:    "wrong-global-endpoint",
			Title: "Wrong provisioning endpoint",
			Meaning: "The client connects to a host that is no device provisioning endpoint, or to that of another cloud: a hub's name, the portal's, a misspelt one, " +
				"or the public endpoint for an instance in China or US Government.",
			Confirm: []string{
				"Check the host that the client connects to: global.azure-devices-provisioning.net in the public cloud, the same with .us for US Government and .cn for China",
				"Compare it with the service endpoint and the global device endpoint on the overview page of the instance",
			},
			Remedies: []string{
				"Set the global device endpoint of the cloud in which the instance lives",
				"With a private endpoint or data residency set the instance's own name, NAME.azure-devices-provisioning.net",
			},
			NoScenario: "It is a matter of which host is asked; the sandbox is one host and answers as the service.",
			Decide: &Decider{
				How:     "Probe the documented endpoint of the cloud (public, china or usgov) that the instance lives in",
				Command: "dpsdiag probe --cloud CLOUD --id-scope ID-SCOPE --registration-id REGISTRATION-ID CREDENTIAL --preflight",
			},
			Until: Accepted,
			Weigh: weighEndpoint,
		},
		{
			ID:    "transport-protocol-wrong",
			Title: "Wrong port, protocol level, topic or operation property",
			Meaning: "A client that was written by hand speaks the protocol in a way that the service does not offer: plain port 1883, MQTT 5, a foreign topic, " +
				"a missing WebSocket subprotocol, a wrong AMQP address, path or method.",
			Confirm: []string{
				"Compare port, protocol level, client id, user name and topics, or path and method, with the protocol reference, byte by byte",
				"Check that the port fits the transport: 443 HTTPS and WebSocket, 8883 MQTT, 5671 AMQP, all with TLS",
			},
			Remedies: []string{
				"Use the documented form: MQTT 3.1.1 over TLS, or PUT /ID-SCOPE/registrations/REGISTRATION-ID/register",
				"Or use an official SDK, which has it right",
			},
			NoScenario: "dpsdiag speaks the documented protocol; the mistake is in another client.",
			Weigh:      weighProtocol,
		},
		{
			ID:    "proxy-interference",
			Title: "Proxy or middlebox alters the TLS session",
			Meaning: "A proxy, security gateway or captive portal stands in the way: it intercepts TLS with a certificate of its own, answers in place of the service, " +
				"cuts the connection, or drops the client certificate, which it cannot pass on.",
			Confirm: []string{
				"Look at the issuer of the server certificate that the device sees (openssl s_client -connect HOST:443): a company or product name in place of DigiCert or Microsoft is an interceptor",
				"Look for HTML where the service answers JSON, and try from a network without the gateway",
			},
			Remedies: []string{
				"Have *.azure-devices-provisioning.net and *.azure-devices.net exempted from TLS inspection: with certificates as identity nothing else works",
				"With keys, adding the inspection CA to the device's trust store also works, if policy allows it",
				"Where a proxy refuses to connect, have its rules allow CONNECT to these hosts",
			},
			Scenario: "proxy-interference",
			Decide:   lookupElsewhere(),
			Weigh:    weighInterception,
		},
	}
}

func weighEndpoint(c *Case) Weight {
	switch {
	case c.hub != nil:
		return inapplicable("the service itself named the hub")
	case dps.IsHubHost(c.host()) && c.event() != "":
		return suggested(c.host() + " is the name of an IoT hub, not of a provisioning endpoint")
	case c.Run.ProxyFailed() != nil:
		return c.weighEndpointBehind(c.Run.ProxyFailed())
	case c.resolutionFailure() != nil:
		return c.weighUnknownName()
	}
	return c.weighAnsweringEndpoint()
}

// weighAnsweringEndpoint judges the endpoint by what it answers.
func (c *Case) weighAnsweringEndpoint() Weight {
	switch r := c.refusal; {
	case garbled(c.Run) && !c.azure(), r.misfits():
		return allowed("what answers does not speak as the provisioning service does")
	case r == nil:
		return Weight{}
	case c.otherCloud() != "" && c.unknownThere():
		return suggested(c.otherCloud())
	case r.ofService():
		return ruledOut("the answer has the form of the provisioning service's own")
	case r.location != "" && !c.azure():
		return suggested("the provisioning service does not redirect")
	case r.foreign() || r.location != "" || len(c.Rows) == 0:
		return allowed("the answer is none of the provisioning service")
	}
	return Weight{}
}

// unknownThere reports whether the refusal is one that a device gets where its instance is
// not known.
func (c *Case) unknownThere() bool {
	switch c.class() {
	case http.StatusBadRequest, http.StatusNotFound:
		return true
	}
	return c.identityRefused() || c.unavailable()
}

// weighUnknownName judges the endpoint of a name that does not resolve.
func (c *Case) weighUnknownName() Weight {
	switch {
	case c.globalHost():
		return ruledOut(c.host() + " is a documented endpoint")
	case c.resolutionFailure().Kind != probe.NetNoSuchHost:
		return Weight{}
	case c.azure():
		return suggested("it is the name of a single instance, which exists only as long as that does")
	}
	return suggested("it is none of the documented endpoints")
}

func weighProtocol(c *Case) Weight {
	port := portOf(c.Run.Transport, c.Evidence.Target.Endpoint)
	standard := portOf(c.Run.Transport, dps.Endpoint{HTTPS: dps.PortHTTPS, MQTT: dps.PortMQTT, AMQP: dps.PortAMQP})
	switch {
	case c.class() == http.StatusMethodNotAllowed:
		return suggested("405 means that the path does not take the method")
	case c.refusal.ofService():
		return ruledOut("dpsdiag made a documented call and the service answered it in its own form")
	case port == standard || c.event() == "":
		return Weight{}
	case c.tlsFailure() == probe.TLSNotTLS || garbled(c.Run):
		return suggested(fmt.Sprintf("the port asked for is %d; the service uses %d for this transport", port, standard))
	}
	return remark(fmt.Sprintf("the port asked for is %d; the service uses %d for this transport", port, standard))
}

// portOf is the port of an endpoint that a transport connects to.
func portOf(t probe.TransportID, e dps.Endpoint) int {
	switch t {
	case probe.MQTT:
		return e.MQTT
	case probe.AMQP:
		return e.AMQP
	}
	return e.HTTPS
}

func weighInterception(c *Case) Weight {
	w := c.weighMiddlebox()
	if through := c.throughProxy(); through != "" && w.Strength > Silent {
		w.Because = append(w.Because, through)
	}
	return w
}

func (c *Case) weighMiddlebox() Weight {
	switch {
	case c.hubAnswer(probe.HubOdd) != nil:
		return c.weighNoHubAnswer()
	case c.webSocketsAlone() && (c.issuer() != probe.IssuerKnown || c.silent()):
		return c.weighWebSockets()
	case accepted(c.Run) && !c.silent():
		return ruledOut("the service accepted the identity over " + string(c.Run.Transport))
	case c.issuer() == probe.IssuerOther:
		return suggested(c.foreignIssuer())
	case c.issuer() == probe.IssuerKnown && c.tlsFailure() == "" && !c.silent():
		return ruledOut("the server's certificate for " + c.host() + " leads to a public root that Azure uses, so nothing ends the TLS session on the way")
	case c.refusal != nil:
		return c.weighForeignAnswer()
	case garbled(c.Run):
		return suggested("what answers does not speak the protocol of the transport")
	case c.Run.ProxyFailed() != nil:
		return c.weighInterceptionBehind(c.Run.ProxyFailed())
	}
	return c.weighLostPeer()
}

// weighLostPeer judges a peer that gave no answer in the transport's protocol.
func (c *Case) weighLostPeer() Weight {
	switch c.tlsFailure() {
	case probe.TLSBadCertificate, probe.TLSOther:
		return suggested()
	case probe.TLSCut, probe.TLSTimeout:
		return allowed()
	}
	if lost(c.Run) != nil {
		return allowed()
	}
	return Weight{}
}

// weighForeignAnswer judges who answered a call, where the server's certificate does not
// tell.
func (c *Case) weighForeignAnswer() Weight {
	r := c.refusal
	switch {
	case r.foreign() && (r.status/100 == 5 || r.status == http.StatusTooManyRequests):
		return allowed("gateways answer so for a service that they do not reach")
	case r.foreign():
		return suggested("the service answers in JSON of its own form")
	case r.location != "":
		return suggested("the service does not redirect; sign-in pages of networks do")
	case r.ofHandshake():
		return c.weighHandshake()
	case c.kind() == probe.KindX509 && c.identityRefused() && c.Run.TLS != nil && !c.Run.TLS.ClientCertRequested:
		return suggested("the server never asked for a client certificate, as a gateway that ends the TLS session would not")
	case !r.ofService() && len(c.Rows) == 0:
		return allowed("the answer is none of the provisioning service")
	}
	return Weight{}
}

// weighHandshake judges who refused a WebSocket.
func (c *Case) weighHandshake() Weight {
	r := c.refusal
	switch {
	case r.at(probe.LayerWebSocket, http.StatusSwitchingProtocols):
		return suggested("the service takes the subprotocol that was asked for")
	case r.ofService() || putsOff(r.status):
		return Weight{}
	}
	return suggested("proxies that know no WebSockets refuse them so")
}

// foreignIssuer says who signed the certificate that stands in for an Azure name.
func (c *Case) foreignIssuer() string {
	peer := c.Run.TLS.Peer
	if len(peer) == 0 {
		return "the certificate presented for " + c.host() + " leads to none of the public roots that Azure uses"
	}
	issuer := peer[len(peer)-1].Issuer.String()
	return "the certificate presented for " + c.host() + " was issued by " + quoted(issuer) + ", which is none of the public roots that Azure uses"
}
