package emulator

import (
	"crypto/elliptic"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
)

// connect5 connects to the hub with the library's client of MQTT 5 and returns it with the
// reason code; 0xFF if there was no CONNACK of MQTT 5.
func connect5(t *testing.T, d Device, transport string, connect *paho.Connect) (*paho.Client, byte) {
	t.Helper()
	conn, err := newClient(t, d).dial(testContext(t), transport)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	client := paho.NewClient(paho.ClientConfig{Conn: packets.NewThreadSafeConn(conn)})
	answer, err := client.Connect(testContext(t), connect)
	if answer == nil {
		t.Logf("no CONNACK: %v", err)
		return nil, 0xff
	}
	return client, answer.ReasonCode
}

func connectAs(e *Emulator, deviceID string) *paho.Connect {
	return &paho.Connect{ClientID: deviceID, KeepAlive: 60, CleanStart: true, UsernameFlag: true, Username: e.hub() + "/" + deviceID + "/?api-version=2021-04-12"}
}

// issuedDevice registers a device with a signing request and returns it with its certificate,
// at the hub.
func issuedDevice(t *testing.T, e *Emulator, d Device) Device {
	t.Helper()
	key := newKey(t, elliptic.P384())
	got := newClient(t, d).sign(dps.IssuingAPIVersion, requestOf(t, key, d.RegistrationID))
	if profile := got.body.Operation.Registration.ConnectionProfile; profile != dps.ProfileMQTT5 {
		t.Errorf("the answer has the profile %q", profile)
	}
	return presenting(movedToHub(e, d), chainIn(t, got)[:2], key)
}

// A session of a device at a hub of MQTT 5, over both of its transports.
func TestHubMQTT5Session(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{HubProfile: dps.ProfileMQTT5})
	d := issuedDevice(t, e, e.Device())
	for _, transport := range []string{transportMQTT, transportMQTTWS} {
		client, code := connect5(t, d, transport, connectAs(e, keyDevice))
		if code != packets.ConnackSuccess {
			t.Fatalf("%s: reason code %#x", transport, code)
		}
		granted, err := client.Subscribe(testContext(t), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{
			{Topic: "$iothub/methods/POST/#", QoS: 2}, {Topic: "$iothub/twin/res/#"}, {Topic: "lines/3/#", QoS: 1},
		}})
		if granted == nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]byte{1, 0, packets.SubackTopicFilterinvalid}, granted.Reasons); diff != "" {
			t.Errorf("%s: granted (-want +got):\n%s", transport, diff)
		}
		if _, err := client.Publish(testContext(t), &paho.Publish{Topic: "lines/3/press/7", QoS: 1, Payload: []byte("{}")}); err != nil {
			t.Errorf("%s: publish: %v", transport, err)
		}
		if _, err := client.Unsubscribe(testContext(t), &paho.Unsubscribe{Topics: []string{"$iothub/twin/res/#"}}); err != nil {
			t.Errorf("%s: unsubscribe: %v", transport, err)
		}
		if err := client.Disconnect(&paho.Disconnect{}); err != nil {
			t.Errorf("%s: disconnect: %v", transport, err)
		}
	}
}

// What a hub of MQTT 5 refuses, and how.
func TestHubMQTT5Refusals(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{HubProfile: dps.ProfileMQTT5, Files: true})
	devices := readIdentities(t, e)
	d := issuedDevice(t, e, devices[0])
	plain := movedToHub(e, devices[0])
	for name, test := range map[string]struct {
		device  Device
		connect *paho.Connect
		want    byte
	}{
		"no certificate":     {plain, connectAs(e, keyDevice), packets.ConnackNotAuthorized},
		"a token":            {d, &paho.Connect{ClientID: keyDevice, UsernameFlag: true, Username: e.hub() + "/" + keyDevice, PasswordFlag: true, Password: []byte(hubTokenOf(t, e, devices[0]).Reveal())}, packets.ConnackBadAuthenticationMethod},
		"unknown device":     {d, connectAs(e, groupDevice), packets.ConnackNotAuthorized},
		"another client id":  {d, &paho.Connect{ClientID: "x", UsernameFlag: true, Username: e.hub() + "/" + keyDevice}, packets.ConnackInvalidClientID},
		"another user name":  {d, &paho.Connect{ClientID: keyDevice, UsernameFlag: true, Username: "x"}, packets.ConnackBadUsernameOrPassword},
		"another hub":        {d, &paho.Connect{ClientID: keyDevice, UsernameFlag: true, Username: strangeHub + "/" + keyDevice}, packets.ConnackNotAuthorized},
		"without a user":     {d, &paho.Connect{ClientID: keyDevice}, packets.ConnackSuccess},
		"the device's first": {movedToHub(e, devices[2]), connectAs(e, x509Device), packets.ConnackNotAuthorized},
	} {
		if _, code := connect5(t, test.device, transportMQTT, test.connect); code != test.want {
			t.Errorf("%s: reason code %#x, want %#x", name, code, test.want)
		}
	}
	newClient(t, devices[2]).enter().want(t, assigned)
	if _, code := connect5(t, movedToHub(e, devices[2]), transportMQTT, connectAs(e, x509Device)); code != packets.ConnackSuccess {
		t.Errorf("a registered certificate gets %#x", code)
	}
}

// A client of another protocol cannot use such a hub, whatever it presents.
func TestHubMQTT5AndOlderClients(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Scenario: "hub-protocol-unsupported"})
	got := newClient(t, e.Device()).enter()
	got.want(t, assigned)
	if profile := got.body.Operation.Registration.ConnectionProfile; profile != "" {
		t.Errorf("an older api-version has the profile %q", profile)
	}
	for transport, want := range map[string]string{transportMQTT: "CONNACK 1", transportMQTTWS: "CONNACK 1", transportHTTPS: "404"} {
		if got := openHub(t, atHub(e), transport, keyDevice, hubTokenOf(t, e, e.Device())); got != want {
			t.Errorf("over %s: %q, want %q", transport, got, want)
		}
	}
}

// A classic hub refuses a client of MQTT 5 with the code for an unsupported version.
func TestClassicHubAndMQTT5(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	newClient(t, e.Device()).enter().want(t, assigned)
	conn, err := newClient(t, atHub(e)).dial(testContext(t), transportMQTT)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := (&packets.Connect{ProtocolName: "MQTT", ProtocolVersion: 5, ClientID: keyDevice, Properties: &packets.Properties{}}).WriteTo(conn); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4)
	if _, err := conn.Read(answer); err != nil || string(answer) != "\x20\x02\x00\x01" {
		t.Errorf("% x (%v)", answer, err)
	}
}

// A second connection of a device ends the first, and a fault speaks in reason codes.
func TestHubMQTT5KeepsOneConnection(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{HubProfile: dps.ProfileMQTT5})
	d := issuedDevice(t, e, e.Device())
	lost := make(chan struct{}, 1)
	conn, err := newClient(t, d).dial(testContext(t), transportMQTT)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	first := paho.NewClient(paho.ClientConfig{Conn: packets.NewThreadSafeConn(conn), OnClientError: func(error) { lost <- struct{}{} }})
	if _, err := first.Connect(testContext(t), connectAs(e, keyDevice)); err != nil {
		t.Fatal(err)
	}
	if _, code := connect5(t, d, transportMQTT, connectAs(e, keyDevice)); code != packets.ConnackSuccess {
		t.Fatalf("reason code %#x", code)
	}
	select {
	case <-lost:
	case <-time.After(hang):
		t.Error("the first connection goes on")
	}
	for status, want := range map[int]byte{429: packets.ConnackConnectionRateExceeded, 503: packets.ConnackServerUnavailable, 403: packets.ConnackNotAuthorized} {
		faulty := begin(t, Config{HubProfile: dps.ProfileMQTT5, File: &File{faults: []*fault{{on: []operation{opHub}, answer: family(status)}}}})
		if _, code := connect5(t, movedToHub(faulty, faulty.Device()), transportMQTT, connectAs(faulty, keyDevice)); code != want {
			t.Errorf("%d: reason code %#x, want %#x", status, code, want)
		}
	}
}

// What is not MQTT 5 ends the connection without harm.
func TestHubMQTT5Garbage(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{HubProfile: dps.ProfileMQTT5})
	for _, sent := range []string{
		"\x10\x00", "\x10\xff\xff\xff\x7f", "\x10\x07\x00\x04MQTT\x05", "\x10\x0d\x00\x04MQTT\x05\x00\x00\x00\xff\xff\xff",
		"\x10\x0c\x00\x06MQIsdp\x03\x00\x00\x00",
	} {
		conn, err := newClient(t, atHub(e)).dial(testContext(t), transportMQTT)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprint(conn, sent); err != nil {
			t.Fatal(err)
		}
		_ = conn.(interface{ CloseWrite() error }).CloseWrite()
		awaitClose(t, conn)
	}
}

// awaitClose waits until the peer has closed a connection.
func awaitClose(t *testing.T, conn net.Conn) {
	t.Helper()
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(hang))
	for buffer := make([]byte, 64); ; {
		if _, err := conn.Read(buffer); err != nil {
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // of net itself
				t.Error("the connection stays open")
			}
			return
		}
	}
}
