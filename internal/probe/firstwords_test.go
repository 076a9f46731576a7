package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// TestPeerOfAnotherProtocol: text from a peer with another protocol is kept.
func TestPeerOfAnotherProtocol(t *testing.T) {
	t.Parallel()
	says := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			hello := make([]byte, 512)
			conn.Read(hello)
			conn.Write([]byte(text))
			untilClosed(conn)
		}
	}
	for text, want := range map[string]string{
		"blocked by company policy\r\n":                   "blocked by company policy",
		"HTTP/1.1 403 Forbidden\r\nVia: gate\r\n":         "HTTP/1.1 403 Forbidden\r\nVia: gate",
		"SSH-2.0-OpenSSH_9.6\r\n":                         "SSH-2.0-OpenSSH_9.6",
		"stop \x1b[31mhere":                               "stop",
		"\x00\x01\x02\x03\x04\x05\x06\x07":                "",
		"\xff\xfe\xfd\xfc\xfb\xfa":                        "",
		"gesperrt für " + strings.Repeat("ä", 200):        "gesperrt für " + strings.Repeat("ä", 57),
		"a page of a gateway " + strings.Repeat("x", 200): "a page of a gateway " + strings.Repeat("x", 108),
	} {
		run := do(t, target(t, listen(t, says(text))))
		if f := run.TLS.Failure; f == nil || f.Kind != netfail.TLSNotTLS || f.Said != want {
			t.Errorf("%q: %+v", text, f)
		}
	}
}

// TestHTTPOnThePortOfAnother: a web server that receives AMQP or MQTT says what it is.
func TestHTTPOnThePortOfAnother(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	web := listen(t, func(conn net.Conn) {
		secured := tls.Server(conn, &tls.Config{Certificates: server.TLS.Certificates})
		hello := make([]byte, 8)
		if _, err := secured.Read(hello); err == nil {
			secured.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + string(hello)))
			untilClosed(secured)
		}
	})
	for _, transport := range []probe.Transport{probe.NewAMQP(), probe.NewMQTT()} {
		cfg := target(t, web)
		cfg.Roots = x509.NewCertPool()
		cfg.Roots.AddCert(server.Certificate())
		cfg.Transports = []probe.Transport{transport}
		run := do(t, cfg)
		const said = "HTTP/1.1 400 Bad Request"
		if o := run.Opening; o == nil || o.Said == "" || !strings.HasPrefix(said, o.Said) || !strings.HasSuffix(run.FailedStage().Detail, `it says "`+o.Said+`"`) {
			t.Errorf("%s: opening %+v, %s", run.Transport, o, run.FailedStage().Detail)
		}
	}
}

// TestSignInPage: 511 does not mean that a service asks to come back later.
func TestSignInPage(t *testing.T) {
	t.Parallel()
	cfg := start(t, service{register: answer(511, "<html>sign in</html>")})
	run := do(t, cfg)
	if run.End != probe.EndRefused || run.Attempts() != 1 {
		t.Errorf("end %s after %d attempts", run.End, run.Attempts())
	}
}
