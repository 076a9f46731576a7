package advice

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// pathRules are the causes in which something answers, but not the service, or not in the way a device
// expects.
func pathRules() []Rule {
	return []Rule{
		{
			ID:    cause.WrongGlobalEndpoint,
			Until: Accepted,
			Judge: judgeEndpoint,
			Weigh: weighEndpoint,
		},
		{
			ID:    cause.TransportProtocolWrong,
			Weigh: weighProtocol,
		},
		{
			ID:    cause.ProxyInterference,
			Judge: judgePage,
			Weigh: weighInterception,
		},
	}
}

func weighEndpoint(c *Case) Weight {
	switch {
	case c.hub != nil:
		return inapplicable("the service itself gave the name of the hub")
	case c.attempt.HubEndpoint.Known:
		return Weight{}
	case c.Run.ProxyFailed() != nil:
		return c.weighEndpointOverProxy(c.Run.ProxyFailed())
	case c.resolutionFailure() != nil:
		return c.weighUnknownName()
	}
	return c.weighAnsweringEndpoint()
}

// weighAnsweringEndpoint judges the endpoint by its answer.
func (c *Case) weighAnsweringEndpoint() Weight {
	switch r := c.refusal; {
	case garbled(c.Run) && !c.azure(), r.misfits():
		return allowed("the server does not answer as the provisioning service does")
	case r == nil, c.attempt.OtherCloud.Known:
		return Weight{}
	case r.ofService():
		return ruledOut("the answer has the provisioning service's own format")
	case r.location != "" && !c.azure():
		return suggested("the provisioning service does not redirect")
	case c.globalHost() && c.issuer() == probe.IssuerKnown:
		return Weight{} // a documented endpoint under its genuine certificate
	case r.foreign() || r.location != "" || len(c.Entries) == 0:
		return allowed("the answer is not from the provisioning service")
	}
	return Weight{}
}

// unknownThere reports whether the refusal is one that a device gets if its instance is not known.
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
	case c.resolutionFailure().Kind != netfail.NoSuchHost:
		return Weight{}
	case c.azure():
		return suggested("it is the name of a single instance, which exists only as long as the instance does")
	}
	return suggested("it is not one of the documented endpoints")
}

func weighProtocol(c *Case) Weight {
	port, standard := c.port(), c.Run.Transport.StandardPort()
	switch {
	case c.class() == http.StatusMethodNotAllowed:
		return suggested("405 means that the path does not accept the method")
	case c.refusal.ofService():
		return ruledOut("dpsdiag made a documented call and the service answered it in its own format")
	case c.event() == "" || c.hub != nil:
		return Weight{}
	case !c.oddPort() && c.answersHTTP():
		return suggested("the server on this port speaks HTTP")
	case !c.oddPort():
		return Weight{}
	}
	return c.weighPortNumber(fmt.Sprintf("the port is %d; the service uses %d for this transport", port, standard))
}

// oddPort reports whether the port is not the service's port for the transport.
func (c *Case) oddPort() bool { return c.port() != c.Run.Transport.StandardPort() }

// weighPortNumber judges a port that is not the service's port for the transport.
func (c *Case) weighPortNumber(fact string) Weight {
	shared := c.sharesPort()
	because := []string{fact}
	if shared {
		because = append(because, fmt.Sprintf("%d is the port given for HTTPS; %s has its own port", c.port(), c.Run.Transport))
	}
	w := remark(because...)
	switch {
	case c.answersHTTP() && shared:
		w = suggested(append(because, "the server on this port speaks HTTP")...)
	case c.tlsFailure() == netfail.TLSNotTLS || garbled(c.Run) || c.refusal.misfits() && shared:
		w = suggested(because...)
	case shared && lost(c.Run) != nil && c.Run.Opening != nil && c.Run.Opening.Failure != nil:
		w = allowed(append(because, "a web server waits for a request that it can read, and then closes the connection")...)
	}
	w.Remedies = []string{c.portRemedy()}
	return w
}

// sharesPort reports whether a transport with a port of its own used the port that was given for
// HTTPS.
func (c *Case) sharesPort() bool {
	return c.Run.Transport.HasOwnPort() && c.oddPort() && c.port() == c.Evidence.Target.Endpoint.HTTPS
}

// portRemedy names the flag that sets the port of the transport.
func (c *Case) portRemedy() string {
	transport := c.Run.Transport
	if !transport.HasOwnPort() {
		return fmt.Sprintf("Give the port of HTTPS with --port-https (%d in Azure), or leave it out of --endpoint", transport.StandardPort())
	}
	return fmt.Sprintf("Give the port of %s with --port-%s (%d in Azure); one in --endpoint applies to every transport",
		strings.ToUpper(string(transport)), transport, transport.StandardPort())
}

// said is what a peer of another protocol sent, "" if it sent nothing readable.
func (c *Case) said() string {
	switch {
	case c.tlsFailure() == netfail.TLSNotTLS:
		return c.Run.TLS.Failure.Said
	case c.Run.Opening != nil:
		return c.Run.Opening.Said
	}
	return ""
}

// answersHTTP reports whether a peer answered in HTTP to another protocol.
func (c *Case) answersHTTP() bool { return strings.HasPrefix(c.said(), "HTTP/") }

// greets reports whether a text is a protocol's greeting rather than a message for people.
func greets(said string) bool {
	begins := func(greeting string) bool { return strings.HasPrefix(said, greeting) }
	return slices.ContainsFunc([]string{"HTTP/", "SSH-", "220 ", "220-", "+OK", "* OK", "RFB ", "AMQP"}, begins)
}

func weighInterception(c *Case) Weight {
	w := c.weighMiddlebox()
	if through := c.throughProxy(); through != "" && w.Strength > Silent {
		w.Because = append(w.Because, through)
	}
	return w
}

// weighMiddlebox judges by what shows who answered, or else by the answer.
func (c *Case) weighMiddlebox() Weight {
	switch {
	case c.hubAnswer(probe.HubOdd) != nil:
		return c.weighNoHubAnswer()
	case c.webSocketsAlone() && (c.issuer() != probe.IssuerKnown || c.silent()):
		return c.weighWebSockets()
	case c.refusal.signIn():
		return c.weighSignIn()
	case accepted(c.Run) && !c.silent() && !c.answeredByOther():
		return ruledOut("the service accepted the identity over " + string(c.Run.Transport))
	case c.issuer() == probe.IssuerOther:
		return suggested(c.foreignIssuer())
	case c.issuer() == probe.IssuerKnown && c.tlsFailure() == "" && !c.silent():
		return ruledOut("the server's certificate for " + c.host() + " chains to a public root that Azure uses, so nothing in the path ends the TLS session")
	}
	return c.weighStrangeAnswer()
}

// weighStrangeAnswer judges the answer if nothing shows who gave it.
func (c *Case) weighStrangeAnswer() Weight {
	switch {
	case c.refusal != nil:
		return c.weighForeignAnswer()
	case c.answersHTTP() && c.sharesPort():
		return Weight{Strength: Allows, Against: []string{"a web server answers like this on the port of another transport"}}
	case garbled(c.Run):
		return suggested("the server does not speak the protocol of the transport")
	case c.Run.ProxyFailed() != nil:
		return c.weighInterceptionBehind(c.Run.ProxyFailed())
	}
	return c.weighLostPeer()
}

// weighSignIn judges 511, the status with which a network asks the user to sign in first.
func (c *Case) weighSignIn() Weight {
	w := suggested("511 asks the user to sign in to the network; only gateways in the path send it, no service does (RFC 6585, section 6)")
	if c.issuer() == probe.IssuerKnown {
		w = allowed("511 asks the user to sign in to the network; only gateways send it, no service does (RFC 6585, section 6)",
			"the server's certificate is genuine, so the gateway is on the service's side of the TLS connection")
	}
	w.Remedies = []string{"Sign in to the device's network, or have the device exempted from the sign-in page, and try again"}
	return w
}

// answeredByOther reports whether the last answer is one that the service does not give.
func (c *Case) answeredByOther() bool {
	return c.refusal != nil && (c.refusal.foreign() || c.refusal.location != "")
}

// weighLostPeer judges a peer that gave no answer in the transport's protocol.
func (c *Case) weighLostPeer() Weight {
	switch c.tlsFailure() {
	case netfail.TLSNotTLS:
		if said := c.said(); said != "" && !greets(said) {
			return suggested("the service only speaks TLS; an answer in plain text shows what kind of server sent it")
		}
		return Weight{}
	case netfail.TLSBadCertificate, netfail.TLSOther:
		return suggested()
	case netfail.TLSCut, netfail.TLSTimeout:
		return allowed()
	}
	if lost(c.Run) != nil {
		return allowed()
	}
	return Weight{}
}

// weighForeignAnswer judges who answered a call, if the server's certificate does not show it.
func (c *Case) weighForeignAnswer() Weight {
	r := c.refusal
	switch {
	case c.attempt.Page.Known:
		return judgePage(c.attempt)
	case r.location != "":
		return suggested("the service does not redirect; sign-in pages of networks do that")
	case r.ofHandshake():
		return c.weighHandshake()
	case c.kind().Traits().InHandshake && c.identityRefused() && c.Run.TLS != nil && !c.Run.TLS.ClientCertRequested:
		return suggested("the server never asked for a client certificate, as a gateway that ends the TLS session would not")
	case !r.ofService() && len(c.Entries) == 0:
		return allowed("the answer is not from the provisioning service")
	}
	return Weight{}
}

// weighHandshake judges who refused a WebSocket.
func (c *Case) weighHandshake() Weight {
	r := c.refusal
	switch {
	case r.at(probe.LayerWebSocket, http.StatusSwitchingProtocols):
		return suggested("the service accepts the subprotocol that was requested")
	case r.ofService() || probe.PutsOff(r.status):
		return Weight{}
	}
	return suggested("proxies without WebSocket support refuse them like this")
}

// foreignIssuer says who signed a certificate for an Azure name that did not come from Azure.
func (c *Case) foreignIssuer() string {
	peer := c.Run.TLS.Peer
	if len(peer) == 0 {
		return "the certificate presented for " + c.host() + " does not chain to any of the public roots that Azure uses"
	}
	issuer := peer[len(peer)-1].Issuer.String()
	return "the certificate presented for " + c.host() + " was issued by " + quoted(issuer) + ", which is not one of the public roots that Azure uses"
}
