package emulator

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// hubTransports are those of the stub hub, all on one port.
func hubTransports() []string { return []string{transportHTTPS, transportMQTT, transportMQTTWS} }

// hubGood is the summary if the hub accepts a device.
func hubGood(transport string) string {
	if transport == transportHTTPS {
		return "204"
	}
	return "CONNACK 0"
}

// atHub is the emulator's device with the hub as its endpoint.
func atHub(e *Emulator) Device { return movedToHub(e, e.Device()) }

// movedToHub makes the hub a device's endpoint, for any transport.
func movedToHub(e *Emulator, d Device) Device {
	_, text, _ := net.SplitHostPort(e.Ready().Endpoints.Hub)
	port, _ := strconv.Atoi(text)
	d.Endpoint = dps.Endpoint{Host: "localhost", HTTPS: port, MQTT: port, AMQP: port}
	return d
}

// hubToken signs a token like a device's for a hub, without a policy.
func hubToken(key dps.Key, resource string, expiry time.Time) dps.Secret {
	text, _, _ := strings.Cut(dps.Sign(key, resource, expiry).Reveal(), "&skn=")
	return dps.NewSecret(text)
}

// hubTokenOf returns a valid token of a device; zero if it has a certificate.
func hubTokenOf(t *testing.T, e *Emulator, d Device) dps.Secret {
	t.Helper()
	if d.Attestation == X509 {
		return dps.Secret{}
	}
	return hubToken(deviceKey(t, d), e.hub()+"/devices/"+d.RegistrationID, noon.Add(time.Hour))
}

// deviceKey returns the key of a device, or the one derived from its group key.
func deviceKey(t *testing.T, d Device) dps.Key {
	t.Helper()
	if d.Attestation == GroupKey {
		return parseKey(t, d.GroupKey).Derive(d.RegistrationID)
	}
	return parseKey(t, d.Key)
}

// openHub calls the hub once, with net/http, or connects to it, with paho, and summarises
// the answer.
func openHub(t *testing.T, d Device, transport, deviceID string, token dps.Secret) string {
	t.Helper()
	c := newClient(t, d)
	c.token = token
	if transport == transportHTTPS {
		return shortOfHub(c.do(http.MethodGet, "/devices/"+url.PathEscape(deviceID)+"/messages/devicebound?api-version=2021-04-12", ""))
	}
	device := c.hubMQTT(transport, deviceID, nil)
	connected := device.Connect().(*mqtt.ConnectToken)
	connected.Wait()
	if err := connected.Error(); err != nil {
		return connectRefusal(connected, err)
	}
	device.Disconnect(0)
	return "CONNACK 0"
}

// hubMQTT is a paho client configured like the Node SDK.
func (c *client) hubMQTT(transport, deviceID string, lost mqtt.ConnectionLostHandler) mqtt.Client {
	host := net.JoinHostPort(c.device.Endpoint.Host, strconv.Itoa(c.device.Endpoint.MQTT))
	return mqtt.NewClient(mqtt.NewClientOptions().
		AddBroker("tls://ignored:8883").
		SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(hang).SetWriteTimeout(hang).
		SetClientID(deviceID).
		SetUsername(host + "/" + deviceID + "/?api-version=2021-04-12&DeviceClientType=test%2F1.0").
		SetPassword(c.token.Reveal()).
		SetConnectionLostHandler(lost).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
			return c.dial(testContext(c.t), transport)
		}))
}

// shortOfHub summarises an HTTPS answer of the hub: its status and the name of the error,
// which must be the same in body and header.
func shortOfHub(w wire) string {
	name := w.header.Get("Iothub-Errorcode")
	if w.err != nil {
		return "no answer: " + causeOf(w.err)
	}
	if w.body.Hub != nil {
		if !strings.HasPrefix(w.body.Hub.Message, "ErrorCode:"+name+";") {
			return fmt.Sprintf("%d %s with the body %q", w.status, name, w.text)
		}
		return fmt.Sprintf("%d %s", w.status, name)
	}
	return strings.TrimSpace(strconv.Itoa(w.status) + " " + w.text)
}

// enterHubMQTT connects to the hub with its own packets.
func enterHubMQTT(t *testing.T, e *Emulator) *rawMQTT {
	t.Helper()
	r := dialHubMQTT(t, e)
	r.send(r.hubConnect(e))
	r.want("CONNACK 0")
	return r
}

func dialHubMQTT(t *testing.T, e *Emulator) *rawMQTT {
	t.Helper()
	r := dialMQTT(t, atHub(e))
	r.token = hubTokenOf(t, e, r.device)
	return r
}

func (r *rawMQTT) hubConnect(e *Emulator, edits ...func(*packets.ConnectPacket)) packets.ControlPacket {
	asHub := func(p *packets.ConnectPacket) {
		p.Username = e.hub() + "/" + r.device.RegistrationID + "/?api-version=2021-04-12"
	}
	return r.connect(append([]func(*packets.ConnectPacket){asHub}, edits...)...)
}
