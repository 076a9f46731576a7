package emulator

import (
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"dpsdiag/internal/amqp"
)

// stillServes checks that a device can register over every transport.
func stillServes(t *testing.T, e *Emulator) {
	t.Helper()
	for _, transport := range allTransports() {
		if got := enterOver(t, e.Device(), transport); got != assigned {
			t.Errorf("over %s the device sees %q", transport, got)
		}
	}
	for _, transport := range hubTransports() {
		d := atHub(e)
		if got := openHub(t, d, transport, d.RegistrationID, hubTokenOf(t, e, d)); got != hubGood(transport) {
			t.Errorf("at the hub over %s the device sees %q", transport, got)
		}
	}
}

// garbage is data for a port: nothing, random bytes, the beginnings of the protocols there,
// and lengths longer than any data.
func garbage() []string {
	random := make([]byte, 64<<10)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(random)
	return []string{
		"",
		"\x00",
		string(random),
		"\x16\x03\x01\xff\xff",         // a TLS record cut off
		"\x10\xff\xff\xff\x7f\x00",     // an MQTT packet of 256 MB
		"\x10\x20\x00\x04MQTT\x04",     // half a CONNECT
		"AMQP\x00\x01",                 // half a header
		"AMQP\x03\x01\x00\x00\x00\x00", // half a SASL frame
		"AMQP\x00\x01\x00\x00\xff\xff\xff\xff\x02\x00\x00\x00" + string(random), // a frame of 4 GB
		"AMQP\x03\x01\x00\x00\xff\xff\xff\xff\x02\x01\x00\x00" + string(random), // the same in SASL
		"AMQP\x00\x01\x00\x00\x00\x00\x02\x00\x02\x00\x00\x00\x00\x53\x10",      // half an OPEN
		"GET / HTTP/9.9\r\n\r\n",
	}
}

// Garbage on every port, in TLS and instead of it, in WebSockets and instead of them.
func TestGarbageOnEveryPort(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	c := newClient(t, e.Device())
	secure := c.http.Transport.(*http.Transport).TLSClientConfig
	ends := e.Ready().Endpoints
	var peers sync.WaitGroup
	send := func(conn net.Conn, err error, text string) {
		if err != nil {
			t.Error(err)
			return
		}
		peers.Go(func() {
			defer conn.Close()
			io.WriteString(conn, text) // the emulator may have closed the connection
		})
	}
	for _, text := range garbage() {
		for _, address := range []string{ends.HTTPS, ends.MQTT, ends.AMQP, ends.Hub} {
			plain, err := net.Dial("tcp", address)
			send(plain, err, text)
			under, err := tls.Dial("tcp", address, secure)
			send(under, err, text)
		}
		for _, transport := range []string{transportMQTTWS, transportAMQPWS} {
			conn, err := c.dial(testContext(t), transport)
			send(conn, err, text)
		}
	}
	for _, text := range garbage() {
		inside, err := newClient(t, atHub(e)).dial(testContext(t), transportMQTTWS)
		send(inside, err, text)
	}
	peers.Wait()
	stillServes(t, e)
}

// A thousand silent peers do not block a device.
func TestIdleConnections(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	ends := e.Ready().Endpoints
	for i := range 1000 {
		conn, err := net.Dial("tcp", []string{ends.HTTPS, ends.MQTT, ends.AMQP, ends.Hub}[i%4])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	stillServes(t, e)
}

// Close ends every connection in any state, and returns soon.
func TestCloseEndsEveryTransport(t *testing.T) {
	t.Parallel()
	e, err := Start(t.Context(), Config{Now: atNoon, Random: seed()})
	if err != nil {
		t.Fatal(err)
	}
	d := e.Device()
	var conns []net.Conn
	ends := e.Ready().Endpoints
	for _, address := range []string{ends.HTTPS, ends.MQTT, ends.AMQP, ends.Hub} {
		silent, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, silent)
	}
	c := newClient(t, d)
	for _, transport := range allTransports()[1:] {
		opened, err := c.dial(testContext(t), transport)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, opened)
	}
	enterOver(t, d, transportHTTPS)
	telemetry := enterHubMQTT(t, e)
	talking, err := newClient(t, atHub(e)).dial(testContext(t), transportMQTTWS)
	if err != nil {
		t.Fatal(err)
	}
	conns = append(conns, telemetry.conn, talking)
	mqtt, loggingIn, session := enterMQTT(t, d), dialAMQP(t, d), enterAMQP(t, d)
	if err := amqp.WriteProtocol(loggingIn.conn, amqp.ProtocolSASL); err != nil {
		t.Fatal(err)
	}
	if _, err := amqp.ReadProtocol(loggingIn.conn); err != nil {
		t.Fatal(err)
	}
	expect[*amqp.SASLMechanisms](loggingIn)
	conns = append(conns, mqtt.conn, loggingIn.conn, session.conn)
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	for i, conn := range conns {
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(causeOf(err), "EOF") {
			t.Errorf("connection %d: %v", i, err)
		}
		conn.Close()
	}
	for _, transport := range allTransports()[1:] {
		if conn, err := c.dial(testContext(t), transport); err == nil {
			conn.Close()
			t.Errorf("%s is still served", transport)
		}
	}
}
