package advice

import (
	"fmt"
	"net/http"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// pathRules are the causes in which something answers, but not the service, or not as a
// device means it.
func pathRules() []Rule {
	return []Rule{
		{
			ID:    cause.WrongGlobalEndpoint,
			Until: Accepted,
			Weigh: weighEndpoint,
		},
		{
			ID:    cause.TransportProtocolWrong,
			Weigh: weighProtocol,
		},
		{
			ID:    cause.ProxyInterference,
			Weigh: weighInterception,
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
