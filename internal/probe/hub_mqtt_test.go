package probe_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// hubBroker is a broker that is both service and hub: the function hub answers clients that
// connect as the hub's device. assign names the broker as the hub, when its address is
// known.
func hubBroker(hub func(*peer, connecting)) (b broker, assign func(probe.Config)) {
	address := ""
	b.connect = func(p *peer, c connecting) {
		if c.ClientIdentifier == hubDevice {
			hub(p, c)
			return
		}
		connack(0)(p, c)
	}
	b.status = func(p *peer, c call) {
		reply(200, "", strings.NewReplacer("hub.example", address, `"deviceId":"dev-01"`, `"deviceId":"`+hubDevice+`"`).Replace(registered))(p, c)
	}
	return b, func(cfg probe.Config) {
		address = net.JoinHostPort(cfg.Endpoint.Host, strconv.Itoa(cfg.Transports[0].ID().Port(cfg.Endpoint)))
	}
}

func TestHubOverMQTT(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hub   func(*peer, connecting)
		steps string
		end   probe.End
		text  string
	}{
		"taken":                 {connack(0), "ask=taken", probe.EndComplete, "CONNACK 0: accepted"},
		"wrong version":         {connack(1), "ask=odd try-mqtt5=failed", probe.EndRefused, "CONNACK 1: unacceptable protocol version"},
		"wrong id":              {connack(2), "ask=denied register=taken ask=denied", probe.EndRefused, "CONNACK 2: identifier rejected"},
		"wrong name":            {connack(4), "ask=denied register=taken ask=denied", probe.EndRefused, "CONNACK 4: bad user name or password"},
		"not believed":          {connack(5), "ask=denied register=taken ask=denied", probe.EndRefused, "CONNACK 5: not authorized"},
		"no such code":          {connack(77), "ask=odd try-mqtt5=failed", probe.EndRefused, "CONNACK 77: a reserved code"},
		"cut":                   {cut[connecting], "ask=silent try-mqtt5=failed", probe.EndCut, "the connection was cut before an answer"},
		"silent":                {silence[connecting], "ask=silent", probe.EndTimeout, "no answer came"},
		"not MQTT":              {raw[connecting]("HTTP/1.1 400 Bad Request\r\n\r\n"), "ask=odd try-mqtt5=failed", probe.EndRefused, "not a CONNACK"},
		"a message comes along": {then(connack(0), raw[connecting]("\x30\x03\x00\x01a")), "ask=taken", probe.EndComplete, "CONNACK 0: accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, c carrier) {
				b, assign := hubBroker(test.hub)
				cfg := c.start(t, b)
				assign(cfg)
				cfg.CheckHub = true
				if test.end == probe.EndTimeout {
					cfg.Budget = 3 * time.Second
				}
				run := do(t, cfg)
				if did(run) != test.steps || run.End != test.end || !strings.Contains(run.Hub.Last(probe.HubAsk).Text, test.text) {
					t.Errorf("steps %s, end %s, %q", did(run), run.End, run.Find(probe.StageHub).Steps)
				}
				noTokens(t, run)
			})
		})
	}
}

// TestHubConnect: the CONNECT is that of a device, followed by a DISCONNECT.
func TestHubConnect(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c carrier) {
		type connect struct {
			ID, User   string
			Clean      bool
			Protocol   string
			Version    byte
			WillIsSent bool
		}
		var got connect
		var password []byte
		b, assign := hubBroker(func(p *peer, packet connecting) {
			got = connect{packet.ClientIdentifier, packet.Username, packet.CleanSession, packet.ProtocolName, packet.ProtocolVersion, packet.WillFlag}
			password = packet.Password
			connack(0)(p, packet)
		})
		goodbyes := make(chan struct{}, 2)
		b.goodbye = func() { goodbyes <- struct{}{} }
		cfg := c.start(t, b)
		assign(cfg)
		cfg.CheckHub = true
		run := do(t, cfg)
		want := connect{hubDevice, run.Hub.Hub + "/" + hubDevice + "/?api-version=2021-04-12", false, "MQTT", 4, false}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("CONNECT (-want +got):\n%s", diff)
		}
		token, err := dps.ParseToken(dps.NewSecret(string(password)))
		if err != nil || !token.Covers(dps.HubResource(run.Hub.Hub, hubDevice)) {
			t.Errorf("token for %q, %v", token.DecodedResource(), err)
		}
		for range 2 { // one at the service, one at the hub
			select {
			case <-goodbyes:
			case <-time.After(10 * time.Second):
				t.Fatal("a DISCONNECT is missing")
			}
		}
	})
}

func TestDropsLiveDevice(t *testing.T) {
	t.Parallel()
	for id, want := range map[probe.TransportID]bool{
		probe.HTTPS: false, probe.MQTT: true, probe.MQTTWS: true, probe.AMQP: false, probe.AMQPWS: false,
	} {
		if got := probe.DropsLiveDevice(id); got != want {
			t.Errorf("%s: %t, want %t", id, got, want)
		}
	}
}
