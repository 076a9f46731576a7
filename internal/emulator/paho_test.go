package emulator

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"dpsdiag/internal/dps"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// pahoClient is a device that uses the MQTT client library of Eclipse Paho.
type pahoClient struct {
	*client
	transport string
	mqtt      mqtt.Client
	answers   chan mqtt.Message
	lost      chan error
	calls     int
}

func (p *pahoClient) options() *mqtt.ClientOptions {
	d := p.device
	return mqtt.NewClientOptions().
		AddBroker("tls://ignored:8883").
		SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(hang).SetWriteTimeout(hang).
		SetClientID(d.RegistrationID).
		SetUsername(dps.Resource(d.Scope, d.RegistrationID) + "/api-version=" + dps.DefaultAPIVersion + "&ClientVersion=test%2F1.0").
		SetPassword(p.token.Reveal()).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
			return p.dial(testContext(p.t), p.transport)
		}).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { p.lost <- err })
}

func (p *pahoClient) open() string {
	p.answers, p.lost = make(chan mqtt.Message, 16), make(chan error, 1)
	p.mqtt = mqtt.NewClient(p.options())
	p.t.Cleanup(func() { p.mqtt.Disconnect(0) })
	connected := p.mqtt.Connect().(*mqtt.ConnectToken)
	connected.Wait()
	if err := connected.Error(); err != nil {
		return connectRefusal(connected, err)
	}
	if connected.SessionPresent() {
		p.t.Error("CONNACK says that there is a session")
	}
	subscribed := p.mqtt.Subscribe("$dps/registrations/res/#", 1, func(_ mqtt.Client, m mqtt.Message) { p.answers <- m }).(*mqtt.SubscribeToken)
	subscribed.Wait()
	if err := subscribed.Error(); err != nil {
		return "no SUBACK"
	}
	for filter, code := range subscribed.Result() {
		if code != 1 {
			p.t.Errorf("SUBACK of %s is %d", filter, code)
		}
	}
	return ""
}

func connectRefusal(token *mqtt.ConnectToken, err error) string {
	refused := new(handshakeError)
	switch code := token.ReturnCode(); {
	case errors.As(err, refused):
		return "handshake " + refused.String()
	case code >= 1 && code <= 5:
		return fmt.Sprintf("CONNACK %d", code)
	}
	return "no connection: " + causeOf(err)
}

func (p *pahoClient) register(body string) wire {
	return p.call("PUT/iotdps-register/?$rid=%s", "", body)
}

func (p *pahoClient) poll(operationID string) wire {
	return p.call("GET/iotdps-get-operationstatus/?$rid=%s", "&operationId="+operationID, " ")
}

// call publishes and waits for its answer, whatever else comes.
func (p *pahoClient) call(topic, rest, body string) wire {
	p.calls++
	rid := "call-" + strconv.Itoa(p.calls)
	p.mqtt.Publish("$dps/registrations/"+fmt.Sprintf(topic, rid)+rest, 1, false, body)
	for {
		select {
		case m := <-p.answers:
			if got, to := parseAnswer(m); to == rid {
				return got
			}
		case err := <-p.lost:
			return wire{err: err}
		case <-testContext(p.t).Done():
			p.t.Fatal("neither an answer nor an end")
		}
	}
}

// parseAnswer parses an answer as the SDKs do.
func parseAnswer(m mqtt.Message) (got wire, rid string) {
	rest := strings.TrimPrefix(m.Topic(), "$dps/registrations/res/")
	status, query, _ := strings.Cut(rest, "/?")
	got = wire{header: http.Header{}, text: string(m.Payload()), body: dps.ParseBody(m.Payload())}
	got.status, got.err = strconv.Atoi(status)
	query, after, ok := strings.Cut(query, "&retry-after=")
	if ok {
		got.header.Set("Retry-After", after)
	}
	return got, strings.TrimPrefix(query, "$rid=")
}
