package emulator

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"

	"github.com/coder/websocket"
)

// hang is a time limit for operations that should take almost no time.
const hang = 30 * time.Second

// stranger is a client that shares no code with the emulator: net/http, paho or go-amqp.
type stranger interface {
	// open connects as the device; "" means success, anything else is the refusal in short
	// form.
	open() string
	// register and poll make one call; a wire with err had no answer.
	register(body string) wire
	poll(operationID string) wire
}

// allTransports lists the transports, HTTPS first.
func allTransports() []string {
	return []string{transportHTTPS, transportMQTT, transportMQTTWS, transportAMQP, transportAMQPWS}
}

// newStranger returns a client for a transport. It closes with the test.
func newStranger(t *testing.T, d Device, transport string) stranger {
	t.Helper()
	c := newClient(t, d)
	switch transport {
	case transportMQTT, transportMQTTWS:
		return &pahoClient{client: c, transport: transport}
	case transportAMQP, transportAMQPWS:
		return &goAMQPClient{client: c, transport: transport}
	}
	return &httpStranger{c}
}

// httpStranger makes a stranger from the plain client.
type httpStranger struct{ *client }

func (*httpStranger) open() string { return "" }

func (h *httpStranger) register(body string) wire {
	return h.do(http.MethodPut, h.path(dps.RegisterPath), body)
}

// enterOver registers and polls until the end, and summarises the result.
func enterOver(t *testing.T, d Device, transport string) string {
	t.Helper()
	s := newStranger(t, d, transport)
	if refused := s.open(); refused != "" {
		return refused
	}
	body, err := json.Marshal(dps.Request{RegistrationID: d.RegistrationID, Payload: d.Payload})
	if err != nil {
		t.Fatal(err)
	}
	got := s.register(string(body))
	for range patience {
		if got.err != nil || got.body.Operation == nil || got.status != http.StatusAccepted {
			break
		}
		got = s.poll(got.body.Operation.OperationID)
	}
	return got.short()
}

// short summarises an answer without the parts that depend on the seed.
func (w wire) short() string {
	if w.err != nil {
		return "no answer: " + causeOf(w.err)
	}
	return regexp.MustCompile(`[0-9a-f]{32}`).ReplaceAllString(w.String(), "HEX")
}

// causeOf summarises why there is no connection any more. Whether a peer notices the end
// when it reads or when it writes is random.
func causeOf(err error) string {
	text := strings.NewReplacer("broken pipe", "EOF", "connection reset", "EOF", "closed network connection", "EOF").Replace(err.Error())
	for _, cause := range []string{"unknown authority", "protocol version", "connection refused", "EOF", "non-CONNACK", `unexpected protocol "HTTP"`} {
		if strings.Contains(text, cause) {
			return cause
		}
	}
	return text
}

// dial connects to a transport, up to the point where its protocol begins.
func (c *client) dial(ctx context.Context, transport string) (net.Conn, error) {
	config := c.http.Transport.(*http.Transport).TLSClientConfig
	switch transport {
	case transportMQTTWS:
		return c.dialWebSocket(ctx, "mqtt")
	case transportAMQPWS:
		return c.dialWebSocket(ctx, "AMQPWSB10")
	}
	config = config.Clone()
	config.ServerName = c.device.Endpoint.Host
	return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", c.device.at(transport))
}

// handshakeError is the answer to a WebSocket handshake that does not open a WebSocket.
type handshakeError struct{ wire }

func (e handshakeError) Error() string { return e.String() }

func (c *client) dialWebSocket(ctx context.Context, subprotocol string) (net.Conn, error) {
	socket, err := c.handshake(ctx, "/$iothub/websocket", subprotocol)
	if err != nil {
		return nil, err
	}
	if got := socket.Subprotocol(); got != subprotocol {
		return nil, fmt.Errorf("subprotocol %q, want %q", got, subprotocol)
	}
	return websocket.NetConn(context.WithoutCancel(ctx), socket, websocket.MessageBinary), nil
}

// handshake requests a WebSocket, which closes with the test. Any other answer is a
// handshakeError.
func (c *client) handshake(ctx context.Context, path string, subprotocols ...string) (*websocket.Conn, error) {
	options := &websocket.DialOptions{HTTPClient: c.http, Subprotocols: subprotocols}
	socket, answer, err := websocket.Dial(ctx, "wss://"+c.device.at(transportHTTPS)+path, options) //nolint:bodyclose // it is closed already
	switch {
	case err != nil && answer != nil:
		text := make([]byte, 1024)
		n, _ := answer.Body.Read(text) // the start of the body, which Dial keeps
		return nil, handshakeError{wire{status: answer.StatusCode, header: answer.Header, text: string(text[:n]), body: dps.ParseBody(text[:n])}}
	case err != nil:
		return nil, err
	}
	c.t.Cleanup(func() { _ = socket.CloseNow() })
	return socket, nil
}

// testContext ends a test that hangs.
func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	t.Cleanup(cancel)
	return ctx
}
