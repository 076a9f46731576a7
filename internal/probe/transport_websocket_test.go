package probe_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// startWebSocket serves h and returns a probe of it over MQTT on a WebSocket.
func startWebSocket(t *testing.T, h http.HandlerFunc) probe.Config {
	t.Helper()
	cfg := start(t, h)
	cfg.Transports = []probe.Transport{probe.NewMQTTOverWebSocket()}
	return cfg
}

// accept opens a WebSocket and lets talk use it.
func accept(talk func(*websocket.Conn), subprotocols ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		ws, err := websocket.Accept(w, req, &websocket.AcceptOptions{Subprotocols: subprotocols})
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		talk(ws)
	}
}

// bytesOf returns a WebSocket as a byte stream.
func bytesOf(ws *websocket.Conn) net.Conn {
	return websocket.NetConn(context.Background(), ws, websocket.MessageBinary)
}

// bare sends a raw answer and closes the connection after the client has.
func bare(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, answer)
		untilClosed(conn)
	}
}

// TestWebSocketHandshakeRefused: the opening keeps the contents of the answer to the
// handshake.
func TestWebSocketHandshakeRefused(t *testing.T) {
	t.Parallel()
	type opening struct {
		Status             int
		Refusal            string
		Server, Location   string
		RetryAfter         string
		Body               dps.BodyKind
		TellsItsTime, Lost bool
	}
	const answeredWith = "the WebSocket handshake was answered with "
	tests := map[string]struct {
		handler http.HandlerFunc
		want    opening
	}{
		"403": {
			answer(403, `{"errorCode":403001,"message":"no"}`, "Server", "front/1"),
			opening{Status: 403, Refusal: answeredWith + "403 Forbidden", Server: "front/1", Body: dps.BodyError, TellsItsTime: true},
		},
		"407": {
			answer(407, "", "Proxy-Authenticate", "Basic"),
			opening{Status: 407, Refusal: answeredWith + "407 Proxy Authentication Required", Body: dps.BodyEmpty, TellsItsTime: true},
		},
		"redirect": {
			answer(302, "", "Location", "https://portal.example/"),
			opening{Status: 302, Refusal: answeredWith + "302 Found", Location: "https://portal.example/", Body: dps.BodyEmpty, TellsItsTime: true},
		},
		"HTML": {
			answer(200, "<html>sign in</html>"),
			opening{Status: 200, Refusal: answeredWith + "200 OK", Body: dps.BodyHTML, TellsItsTime: true},
		},
		"overloaded": {
			answer(503, "", "Retry-After", "7"),
			opening{Status: 503, Refusal: answeredWith + "503 Service Unavailable", RetryAfter: "7", Body: dps.BodyEmpty, TellsItsTime: true},
		},
		"body that stalls": {
			bare("HTTP/1.1 403 Forbidden\r\nContent-Length: 900\r\n\r\n<html>"),
			opening{Status: 403, Refusal: answeredWith + "403 Forbidden", Body: dps.BodyHTML},
		},
		"no subprotocol": {
			accept(func(ws *websocket.Conn) { ws.Read(context.Background()) }),
			opening{Status: 101, Refusal: `the peer opened the WebSocket without the subprotocol "mqtt"`, TellsItsTime: true},
		},
		"another subprotocol": {
			func(w http.ResponseWriter, req *http.Request) {
				accept(func(*websocket.Conn) {}, "mqtt")(&spelling{w, "AMQPWSB10"}, req)
			},
			opening{Status: 101, Refusal: `the peer opened the WebSocket with the subprotocol "AMQPWSB10" instead of "mqtt"`, Body: dps.BodyEmpty, TellsItsTime: true},
		},
		"101 for something else": {
			func(w http.ResponseWriter, req *http.Request) {
				req.Header.Set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
				accept(func(*websocket.Conn) {}, "mqtt")(w, req)
			},
			opening{Status: 101, Refusal: "the answer 101 does not match the WebSocket handshake", Body: dps.BodyEmpty, TellsItsTime: true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := startWebSocket(t, test.handler)
			if name == "body that stalls" {
				cfg.Budget = 2 * time.Second
			}
			run := do(t, cfg)
			o := run.Opening
			got := opening{o.Status, o.Refusal, o.Server, o.Location, "", o.Body.Kind, !o.Date.IsZero(), o.Failure != nil}
			if o.RetryAfter != nil {
				got.RetryAfter = o.RetryAfter.Text
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("opening (-want +got):\n%s", diff)
			}
			if o.Layer != probe.LayerWebSocket || outcomes(run) != notOpened || run.End != probe.EndRefused {
				t.Errorf("layer %q, outcomes %q, end %q", o.Layer, outcomes(run), run.End)
			}
		})
	}
}

// spelling answers a handshake with its own spelling of the subprotocol.
type spelling struct {
	http.ResponseWriter
	subprotocol string
}

func (s *spelling) WriteHeader(status int) {
	s.Header().Set("Sec-WebSocket-Protocol", s.subprotocol)
	s.ResponseWriter.WriteHeader(status)
}

func (s *spelling) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return s.ResponseWriter.(http.Hijacker).Hijack()
}

// TestWebSocketHandshakeLost covers peers that do not answer the handshake.
func TestWebSocketHandshakeLost(t *testing.T) {
	t.Parallel()
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			conn.Close()
		}
	}
	tests := map[string]struct {
		handler http.HandlerFunc
		kind    netfail.Kind
		end     probe.End
	}{
		"hangs up": {hangUp, netfail.Reset, probe.EndCut},
		"silent":   {bare(""), netfail.Timeout, probe.EndTimeout},
		"not HTTP": {bare("SSH-2.0-OpenSSH_9.2\r\n"), netfail.Other, probe.EndRefused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := startWebSocket(t, test.handler)
			if test.kind == netfail.Timeout {
				cfg.Budget = 2 * time.Second
			}
			run := do(t, cfg)
			f := run.Opening.Failure
			if f == nil || f.Kind != test.kind || run.End != test.end || run.Opening.Layer != probe.LayerWebSocket || run.Opening.Refusal != "" {
				t.Errorf("failure %+v, end %q, opening %+v", f, run.End, run.Opening)
			}
			if outcomes(run) != notOpened {
				t.Errorf("outcomes %q", outcomes(run))
			}
		})
	}
}

// TestWebSocketEnds: the end of an open WebSocket is reported in WebSocket terms.
func TestWebSocketEnds(t *testing.T) {
	t.Parallel()
	closing := func(status websocket.StatusCode, reason string) func(*websocket.Conn) {
		return func(ws *websocket.Conn) { ws.Close(status, reason) }
	}
	tests := map[string]struct {
		talk func(*websocket.Conn)
		kind netfail.Kind
		text string
	}{
		"closed with a reason":    {closing(websocket.StatusPolicyViolation, "go away"), netfail.Reset, "the peer closed the WebSocket with status 1008: go away"},
		"closed without a reason": {closing(websocket.StatusNormalClosure, ""), netfail.Reset, "the peer closed the WebSocket with status 1000"},
		"closed without a status": {closing(websocket.StatusNoStatusRcvd, ""), netfail.Reset, "the peer closed the WebSocket without a status"},
		"cut":                     {func(ws *websocket.Conn) { _ = ws.CloseNow() }, netfail.Reset, "EOF"},
		"text": {
			func(ws *websocket.Conn) { ws.Write(context.Background(), websocket.MessageText, []byte("hello")) },
			netfail.Protocol, "the peer sent text over the WebSocket, where only binary messages are allowed",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := do(t, startWebSocket(t, accept(test.talk, "mqtt")))
			want := &netfail.Failure{Kind: test.kind, Text: test.text}
			if diff := cmp.Diff(want, run.Opening.Failure); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
			if run.Opening.Layer != probe.LayerMQTTConnect || run.Opening.Status != 0 || outcomes(run) != notOpened {
				t.Errorf("opening %+v, outcomes %q", run.Opening, outcomes(run))
			}
		})
	}
}

// TestWebSocketSpellings: a subprotocol in upper case is accepted, and so are packets split
// between messages at any byte.
func TestWebSocketSpellings(t *testing.T) {
	t.Parallel()
	healthyBroker := func(ws *websocket.Conn) { broker{}.serve(bytesOf(ws)) }
	tests := map[string]http.HandlerFunc{
		"upper case": func(w http.ResponseWriter, req *http.Request) {
			accept(healthyBroker, "mqtt")(&spelling{w, "MQTT"}, req)
		},
		"a message per byte": accept(func(ws *websocket.Conn) { broker{}.serve(drip{bytesOf(ws)}) }, "mqtt"),
		"pings in between":   accept(func(ws *websocket.Conn) { broker{}.serve(pinger{bytesOf(ws), ws}) }, "mqtt"),
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if run := do(t, startWebSocket(t, handler)); outcomes(run) != healthy {
				t.Errorf("outcomes %q, opening %+v", outcomes(run), run.Opening)
			}
		})
	}
}

// drip writes byte by byte, with an empty message after each.
type drip struct{ net.Conn }

func (d drip) Write(p []byte) (int, error) {
	for i := range p {
		d.Conn.Write(p[i : i+1])
		d.Conn.Write(nil)
	}
	return len(p), nil
}

// pinger makes the client answer a ping with each packet.
type pinger struct {
	net.Conn
	ws *websocket.Conn
}

func (p pinger) Write(b []byte) (int, error) {
	go func() { _ = p.ws.Ping(context.Background()) }() // the answer is read with the next packet
	return p.Conn.Write(b)
}

func TestWebSocketHandshakeOnTheWire(t *testing.T) {
	t.Parallel()
	type handshake struct{ Method, URI, Host, Subprotocol, Agent, Authorization string }
	var got handshake
	cfg := startWebSocket(t, func(w http.ResponseWriter, req *http.Request) {
		h := req.Header
		got = handshake{req.Method, req.RequestURI, req.Host, h.Get("Sec-WebSocket-Protocol"), h.Get("User-Agent"), h.Get("Authorization")}
		accept(func(ws *websocket.Conn) { broker{}.serve(bytesOf(ws)) }, "mqtt")(w, req)
	})
	do(t, cfg)
	want := handshake{"GET", "/$iothub/websocket", fmt.Sprintf("127.0.0.1:%d", cfg.Endpoint.HTTPS), "mqtt", "dpsdiag", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("handshake (-want +got):\n%s", diff)
	}
}

// TestMQTTClock: over a WebSocket the handshake contains the time; MQTT alone never does.
func TestMQTTClock(t *testing.T) {
	t.Parallel()
	const ahead = 3 * time.Hour
	onEach(t, func(t *testing.T, c carrier) {
		cfg := c.start(t, broker{})
		cfg.Now = func() time.Time { return time.Now().Add(ahead) }
		clock := do(t, cfg).Clock
		switch {
		case c.name == "mqtt":
			if clock != nil {
				t.Errorf("MQTT told the time: %+v", clock)
			}
		case clock == nil:
			t.Error("the clock was not compared")
		case (clock.Skew - ahead).Abs() > clock.Uncertainty:
			t.Errorf("measured %v ± %v", clock.Skew, clock.Uncertainty)
		}
	})
}

// TestWebSocketPeerIgnoresGoodbye: a peer that stops reading does not delay the probe; the
// library would wait for 5 s.
func TestWebSocketPeerIgnoresGoodbye(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	cfg := startMQTTOverWebSocket(t, broker{goodbye: func() { <-done }})
	start := time.Now()
	run := do(t, cfg)
	close(done)
	if took := time.Since(start); outcomes(run) != healthy || took > 4*time.Second {
		t.Errorf("outcomes %q after %v", outcomes(run), took)
	}
}
