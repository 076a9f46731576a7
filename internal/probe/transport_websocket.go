package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// webSocketPath is where most SDKs open a WebSocket (azure-iot-sdk-node
// provisioning/transport/mqtt/src/mqtt_ws.ts, azure-iot-sdk-c provisioning_client).
const webSocketPath = "/$iothub/websocket"

// maxMessage is the maximum size of a WebSocket message in bytes: any packet or frame of
// the protocol inside it is smaller.
const maxMessage = 2 * MaxBody

// closeGrace is how long the peer has to answer our close frame.
const closeGrace = 250 * time.Millisecond

// throughWebSocket changes traits to those of the same protocol over a WebSocket.
func (t *TransportTraits) throughWebSocket() {
	t.Port = func(e dps.Endpoint) int { return e.HTTPS }
	t.BeginsInHTTP, t.WebSocket = true, true
}

// dialWebSocket opens a WebSocket for subprotocol on a connection from dial and returns it
// as a byte stream. If the connection is nil, the Opening says why. Otherwise the Opening
// contains the result of the handshake, and the subprotocol then opens its session.
func dialWebSocket(ctx context.Context, dial Dialer, e dps.Endpoint, subprotocol string, redact *redactor) (net.Conn, Opening) {
	opening := Opening{Layer: LayerWebSocket}
	raw, err := dial(ctx)
	if err != nil {
		opening.Failure = callFailure(err)
		return nil, opening
	}
	// The library ignores ctx after the answer to the handshake.
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	//nolint:bodyclose // there is nothing to close: the body is a copy in memory
	ws, resp, err := websocket.Dial(ctx, "wss://"+authority(e)+webSocketPath, &websocket.DialOptions{
		HTTPClient:   handshakeClient(raw),
		HTTPHeader:   http.Header{"User-Agent": {"dpsdiag"}},
		Subprotocols: []string{subprotocol},
	})
	shown := Exchange{Request: redact.message("GET "+webSocketPath+" HTTP/1.1",
		[]Fact{{"Host", authority(e)}, {"Sec-Websocket-Protocol", subprotocol}, {"Upgrade", "websocket"}, {"User-Agent", "dpsdiag"}}, nil)}
	if resp == nil {
		raw.Close()
		opening.Failure, opening.Exchanges = callFailure(cmp.Or(ctx.Err(), err)), []Exchange{shown}
		return nil, opening
	}
	shown.Answer = redact.message(resp.Proto+" "+resp.Status, httpHeaders(resp.Header), opening.readHandshake(resp, redact))
	opening.Exchanges = []Exchange{shown}
	if err != nil || ws.Subprotocol() == "" {
		raw.Close()
		opening.Refusal = describeHandshake(resp, subprotocol)
		return nil, opening
	}
	ws.SetReadLimit(maxMessage)
	return &webSocketConn{Conn: raw, ws: ws}, opening
}

// handshakeClient makes one request on conn and does not follow redirects.
func handshakeClient(conn net.Conn) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialTLSContext:         func(context.Context, string, string) (net.Conn, error) { return conn, nil },
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// readHandshake reads the answer to a handshake. The library has read the first 1024 bytes
// of a refusal's body, which it returns.
func (o *Opening) readHandshake(resp *http.Response, redact *redactor) (body []byte) {
	o.Status = resp.StatusCode
	o.Server = resp.Header.Get("Server")
	o.Location = resp.Header.Get("Location")
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		o.Date = date
	}
	o.RetryAfter = ParseRetryAfter(resp.Header.Get("Retry-After"), cmp.Or(o.Date, time.Now()))
	if resp.Body != nil {
		body, _ = io.ReadAll(resp.Body) // from a buffer
		o.Body = redact.parse(body)
	}
	return body
}

// describeHandshake says why an answer does not open a WebSocket for subprotocol.
func describeHandshake(resp *http.Response, subprotocol string) string {
	chosen := resp.Header.Get("Sec-WebSocket-Protocol")
	switch {
	case resp.StatusCode != http.StatusSwitchingProtocols:
		return fmt.Sprintf("the WebSocket handshake was answered with %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	case chosen == "":
		return fmt.Sprintf("the peer opened the WebSocket without the subprotocol %q", subprotocol)
	case !strings.EqualFold(chosen, subprotocol):
		return fmt.Sprintf("the peer opened the WebSocket with the subprotocol %q instead of %q", chosen, subprotocol)
	}
	return "the answer 101 does not match the WebSocket handshake"
}

// webSocketConn is the byte stream in the binary messages of a WebSocket. Its deadlines are
// those of the underlying connection: when one passes, the WebSocket ends.
type webSocketConn struct {
	net.Conn // under the WebSocket
	ws       *websocket.Conn
	message  io.Reader // the rest of the message being read; nil between messages
}

// Read implements net.Conn. Closing the connection, or its deadline, ends a read.
func (c *webSocketConn) Read(p []byte) (int, error) {
	for {
		if c.message == nil {
			kind, message, err := c.ws.Reader(context.Background())
			switch {
			case err != nil:
				return 0, readError(err)
			case kind != websocket.MessageBinary:
				return 0, &netfail.ProtocolError{Text: "the peer sent text over the WebSocket, where only binary messages are allowed"}
			}
			c.message = message
		}
		n, err := c.message.Read(p)
		if errors.Is(err, io.EOF) {
			c.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, readError(err)
		}
	}
}

// Write implements net.Conn: every call sends one message.
func (c *webSocketConn) Write(p []byte) (int, error) {
	if err := c.ws.Write(context.Background(), websocket.MessageBinary, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close implements net.Conn. The peer has a chance to answer the close frame; if it does
// not, or is already gone, that is not an error.
func (c *webSocketConn) Close() error {
	cut := time.AfterFunc(closeGrace, func() { c.Conn.Close() })
	defer cut.Stop()
	_ = c.ws.Close(websocket.StatusNormalClosure, "")
	return nil
}

// readError returns an error that contains the close frame's status and text.
func readError(err error) error {
	if closed, ok := errors.AsType[websocket.CloseError](err); ok {
		return &closedError{closed}
	}
	return err
}

// closedError is the end of a connection that the peer closed with a close frame.
type closedError struct{ frame websocket.CloseError }

func (e *closedError) Error() string {
	switch {
	case e.frame.Code == websocket.StatusNoStatusRcvd:
		return "the peer closed the WebSocket without a status"
	case e.frame.Reason == "":
		return fmt.Sprintf("the peer closed the WebSocket with status %d", e.frame.Code)
	}
	return fmt.Sprintf("the peer closed the WebSocket with status %d: %s", e.frame.Code, e.frame.Reason)
}

// Is matches io.EOF whatever the status: the stream has ended.
func (e *closedError) Is(target error) bool { return target == io.EOF }
