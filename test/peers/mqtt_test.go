//go:build peers

package peers

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

const (
	scope = "0ne0045B3C6"
	id    = "dev-01"
)

// startService answers the device API as another client of the broker: it sees and
// publishes only topics, which are written out here and do not come from package dps. hub is
// the assigned one as JSON, and perhaps members after it.
func startService(t *testing.T, port int, roots *x509.CertPool, register, hub string) {
	t.Helper()
	client := mqtt.NewClient(mqtt.NewClientOptions().
		AddBroker(fmt.Sprintf("ssl://127.0.0.1:%d", port)).
		SetTLSConfig(&tls.Config{RootCAs: roots}).
		SetClientID("service"))
	done(t, client.Connect())
	t.Cleanup(func() { client.Disconnect(250) })
	answer := func(c mqtt.Client, asked mqtt.Message) {
		_, query, _ := strings.Cut(asked.Topic(), "/?$rid=")
		rid, operation, _ := strings.Cut(query, "&operationId=")
		topic, body := "$dps/registrations/res/200/?$rid="+rid, `{"operationId":"`+operation+`","status":"assigned","registrationState":{"registrationId":"dev-01","status":"assigned","assignedHub":`+hub+`,"deviceId":"dev-01"}}`
		if operation == "" {
			topic, body = register+"/?$rid="+rid+"&retry-after=0", `{"operationId":"5.71cf7e385566aa10.4469ed4c","status":"assigning"}`
		}
		if strings.HasSuffix(register, "/401") {
			body = `{"errorCode":401002,"trackingId":"ada7d102","message":"Unauthorized"}`
		}
		c.Publish(topic, 1, false, body)
	}
	done(t, client.SubscribeMultiple(map[string]byte{
		"$dps/registrations/PUT/iotdps-register/+":            1,
		"$dps/registrations/GET/iotdps-get-operationstatus/+": 1,
	}, answer))
}

// done waits for the broker's confirmation.
func done(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(30*time.Second) || token.Error() != nil {
		t.Fatalf("the service's side: %v", token.Error())
	}
}

// probeOf returns a probe of one port over one transport.
func probeOf(port int, roots *x509.CertPool, transport probe.Transport, attestation probe.Attestation) probe.Config {
	return probe.Config{
		Endpoint:       dps.Endpoint{Host: "127.0.0.1", HTTPS: port, MQTT: port},
		Scope:          scope,
		RegistrationID: id,
		Attestation:    attestation,
		Transports:     []probe.Transport{transport},
		Roots:          roots,
		Budget:         30 * time.Second,
	}
}

// TestMosquitto registers through an independent broker: the broker checks what the probe
// sends, and the answers come from another client.
func TestMosquitto(t *testing.T) {
	const accept, refuse = "$dps/registrations/res/202", "$dps/registrations/res/401"
	dir := t.TempDir()
	ca := newAuthority(t, dir)
	broker := startMosquitto(t, dir)
	key := probe.NewSymmetricKey(dps.NewKey([]byte("0123456789abcdef0123456789abcdef")))
	leaf, signer := ca.device(t, id)
	certificate, err := probe.NewX509([]*x509.Certificate{leaf}, signer)
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		End       probe.End
		Failed    probe.StageID
		Hub, Said string
	}
	assigned := outcome{End: probe.EndComplete, Hub: "hub.example"}
	tests := map[string]struct {
		port        int
		transport   probe.Transport
		attestation probe.Attestation
		register    string
		want        outcome
	}{
		"mqtt":                {broker.tls, probe.NewMQTT(), key, accept, assigned},
		"mqtt-ws":             {broker.webSocket, probe.NewMQTTOverWebSocket(), key, accept, assigned},
		"mqtt, certificate":   {broker.mutual, probe.NewMQTT(), certificate, accept, assigned},
		"mqtt, refused":       {broker.tls, probe.NewMQTT(), key, refuse, outcome{probe.EndRefused, probe.StageRegister, "", "401: 401002 Unauthorized"}},
		"mqtt-ws, refused":    {broker.webSocket, probe.NewMQTTOverWebSocket(), key, refuse, outcome{probe.EndRefused, probe.StageRegister, "", "401: 401002 Unauthorized"}},
		"mqtt, unknown":       {broker.locked, probe.NewMQTT(), key, accept, outcome{probe.EndRefused, probe.StageOpen, "", "CONNACK 5: not authorized"}},
		"mqtt-ws on mqtt":     {broker.tls, probe.NewMQTTOverWebSocket(), key, accept, outcome{End: probe.EndCut, Failed: probe.StageOpen, Said: "the connection was cut before an answer"}},
		"mqtt on a WebSocket": {broker.webSocket, probe.NewMQTT(), key, accept, outcome{End: probe.EndRefused, Failed: probe.StageOpen, Said: "no usable answer: the peer does not speak MQTT: its first bytes are not a CONNACK; it says \"HTTP/1.0 403 Forbidden\""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			startService(t, broker.tls, ca.roots(), test.register, `"hub.example"`)
			run := probe.Do(t.Context(), probeOf(test.port, ca.roots(), test.transport, test.attestation)).Runs[0]
			got := outcome{End: run.End}
			if f := run.FailedStage(); f != nil {
				got.Failed, got.Said = f.Stage, f.Detail
			}
			if reg := run.Registration(); reg != nil {
				got.Hub = reg.AssignedHub
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s\nopening %+v, answers %+v", diff, run.Opening, run.Answers)
			}
			for _, a := range run.Answers {
				if a.Unacknowledged || a.Strays != 0 {
					t.Errorf("%s: unacknowledged %v, %d strays", a.Op, a.Unacknowledged, a.Strays)
				}
			}
		})
	}
}

// TestMosquittoAsHub: the broker as the assigned hub, also one that takes MQTT 5 only.
func TestMosquittoAsHub(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir)
	broker := startMosquitto(t, dir)
	key := probe.NewSymmetricKey(dps.NewKey([]byte("0123456789abcdef0123456789abcdef")))
	leaf, signer := ca.device(t, id)
	certificate, err := probe.NewX509([]*x509.Certificate{leaf}, signer)
	if err != nil {
		t.Fatal(err)
	}
	five, fiveMutual := broker.onlyMQTT5(t, dir, false), broker.onlyMQTT5(t, dir, true)
	named := func(port int) string { return fmt.Sprintf(`"127.0.0.1:%d","connectionProfile":"mqttV5"`, port) }
	unnamed := func(port int) string { return fmt.Sprintf(`"127.0.0.1:%d"`, port) }
	for name, test := range map[string]struct {
		port        int
		attestation probe.Attestation
		hub         string
		verdict     advice.Verdict
		causes, did string
	}{
		"named":              {broker.mutual, certificate, named(five), advice.Registered, "", "ask=taken"},
		"named, certificate": {broker.mutual, certificate, named(fiveMutual), advice.Registered, "", "ask=taken"},
		"unnamed":            {broker.tls, key, unnamed(five), advice.Fault, "hub-protocol-unsupported", "ask=odd try-mqtt5=taken"},
		"unnamed, mutual":    {broker.mutual, certificate, unnamed(fiveMutual), advice.Fault, "hub-protocol-unsupported", "ask=odd try-mqtt5=taken"},
		"classic":            {broker.tls, key, unnamed(broker.tls), advice.Registered, "", "ask=taken"},
	} {
		t.Run(name, func(t *testing.T) {
			startService(t, broker.tls, ca.roots(), "$dps/registrations/res/202", test.hub)
			cfg := probeOf(test.port, ca.roots(), probe.NewMQTT(), test.attestation)
			cfg.CheckHub, cfg.MayDisconnect = true, true
			ev := probe.Do(t.Context(), cfg)
			var did, causes []string
			for _, step := range ev.Runs[0].Hub.Steps {
				did = append(did, string(step.Action)+"="+string(step.Result))
			}
			d := advice.Diagnose(&ev)
			for _, c := range d.Causes {
				causes = append(causes, c.ID.String())
			}
			if got := strings.Join(did, " "); got != test.did || d.Verdict != test.verdict || strings.Join(causes, " ") != test.causes {
				t.Errorf("%s, verdict %s, causes %s; %q", got, d.Verdict, causes, ev.Runs[0].Find(probe.StageHub).Steps)
			}
		})
	}
}
