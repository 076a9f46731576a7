package probe_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// TestMQTTOnTheWire checks what a probe sends, from CONNECT to DISCONNECT.
func TestMQTTOnTheWire(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c carrier) {
		var connect *packets.ConnectPacket
		var subscribe *packets.SubscribePacket
		var calls []call
		left := make(chan struct{})
		see := func(_ *peer, c call) { calls = append(calls, c) }
		cfg := c.start(t, broker{
			connect:   then(func(_ *peer, packet connecting) { connect = packet }, connack(0)),
			subscribe: then(func(_ *peer, packet subscribing) { subscribe = packet }, suback(1)),
			register:  then(see, reply(202, "0", `{"operationId":"4.0b/1","status":"assigning"}`)),
			status:    then(see, reply(200, "", registered)),
			goodbye:   func() { close(left) },
		})
		cfg.Payload = []byte(`{"modelId":"dtmi:example:thing;1"}`)
		cfg.APIVersion = "2021-06-01"
		do(t, cfg)
		<-left

		token, err := dps.ParseToken(dps.NewSecret(string(connect.Password)))
		if err != nil || !token.Covers(dps.Resource(scope, id)) {
			t.Errorf("the password is not a token for the device: %v", err)
		}
		connect.Password = nil
		wantConnect := &packets.ConnectPacket{
			FixedHeader: connect.FixedHeader, ProtocolName: "MQTT", ProtocolVersion: 4, CleanSession: true, Keepalive: 60,
			ClientIdentifier: id, UsernameFlag: true, PasswordFlag: true,
			Username: "0ne0045B3C6/registrations/dev-01/api-version=2021-06-01",
		}
		if diff := cmp.Diff(wantConnect, connect); diff != "" {
			t.Errorf("CONNECT (-want +got):\n%s", diff)
		}
		wantSubscribe := &packets.SubscribePacket{
			FixedHeader: subscribe.FixedHeader, MessageID: subscribe.MessageID,
			Topics: []string{"$dps/registrations/res/#"}, Qoss: []byte{1},
		}
		if diff := cmp.Diff(wantSubscribe, subscribe); diff != "" {
			t.Errorf("SUBSCRIBE (-want +got):\n%s", diff)
		}
		checkCalls(t, calls)
	})
}

func checkCalls(t *testing.T, calls []call) {
	t.Helper()
	if len(calls) != 2 || calls[0].rid == "" || calls[0].rid == calls[1].rid {
		t.Fatalf("calls %+v, want two with request ids of their own", calls)
	}
	type published struct {
		Topic, Payload string
		QoS            byte
	}
	var got []published
	for _, c := range calls {
		got = append(got, published{c.packet.TopicName, string(c.packet.Payload), c.packet.Qos})
	}
	want := []published{
		{"$dps/registrations/PUT/iotdps-register/?$rid=" + calls[0].rid, `{"registrationId":"dev-01","payload":{"modelId":"dtmi:example:thing;1"}}`, 1},
		{"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=" + calls[1].rid + "&operationId=4.0b%2F1", " ", 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestMQTTWithCertificate: the certificate is sent in the TLS handshake, and no password is
// sent with it.
func TestMQTTWithCertificate(t *testing.T) {
	t.Parallel()
	config, _ := serverTLS(t)
	leaf, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	attestation, err := probe.NewX509([]*x509.Certificate{leaf}, config.Certificates[0].PrivateKey.(crypto.Signer))
	if err != nil {
		t.Fatal(err)
	}
	onEach(t, func(t *testing.T, c carrier) {
		var seen [][]byte
		cfg := c.start(t, broker{
			connect: then(func(_ *peer, packet connecting) {
				if packet.PasswordFlag || !packet.UsernameFlag {
					t.Errorf("password flag %v, user name flag %v", packet.PasswordFlag, packet.UsernameFlag)
				}
			}, connack(0)),
			tls: &tls.Config{ClientAuth: tls.RequestClientCert, VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
				seen = raw
				return nil
			}},
		})
		cfg.Attestation = attestation
		run := do(t, cfg)
		if got := outcomes(run); got != "inputs=warned hub=not-applicable" || !run.TLS.ClientCertSent {
			t.Errorf("outcomes %q, client certificate sent %v", got, run.TLS.ClientCertSent)
		}
		if diff := cmp.Diff([][]byte{leaf.Raw}, seen); diff != "" {
			t.Errorf("client certificate (-want +got):\n%s", diff)
		}
	})
}
