package emulator

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/amqp"
)

// Whatever is spoken, it may come one byte after the other.
func TestHubTellsProtocolsApart(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	newClient(t, e.Device()).enter().want(t, assigned)
	r := dialHubMQTT(t, e)
	var connect bytes.Buffer
	if err := r.hubConnect(e).Write(&connect); err != nil {
		t.Fatal(err)
	}
	get := "GET /devices/" + keyDevice + "/messages/devicebound?api-version=2021-04-12 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
		"Authorization: " + r.token.Reveal() + "\r\n\r\n"
	for name, test := range map[string]struct{ say, want string }{
		"MQTT":                  {connect.String(), "\x20\x02\x00\x00"},
		"HTTP":                  {get, "HTTP/1.1 204 No Content\r\n"},
		"an unknown method":     {strings.Replace(get, "GET", "AMQ", 1), "HTTP/1.1 405 Method Not Allowed\r\n"},
		"no HTTP after all":     {"AMQx\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		"another MQTT packet":   {"\x30\x02\x00\x00\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		"TLS in TLS":            {"\x16\x03\x01\x00\x05hello\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		"AMQP":                  {string(amqpHeader()), ""},
		"a CONNECT of no sense": {"\x10\x02\x00\x00", ""},
		"one byte of AMQP":      {"A", ""},
		"nothing":               {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := newClient(t, atHub(e)).dial(testContext(t), transportMQTT)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(hang)); err != nil {
				t.Fatal(err)
			}
			for i := range test.say {
				if _, err := io.WriteString(conn, test.say[i:i+1]); err != nil {
					break // the hub has heard enough
				}
			}
			closeWrite(t, conn)
			got, err := io.ReadAll(conn)
			if err != nil && !strings.Contains(causeOf(err), "EOF") {
				t.Fatal(err)
			}
			if test.want == "" && len(got) > 0 || !bytes.HasPrefix(got, []byte(test.want)) {
				t.Errorf("the hub says %q, want %q", got, test.want)
			}
		})
	}
}

func amqpHeader() []byte {
	var header bytes.Buffer
	_ = amqp.WriteProtocol(&header, amqp.ProtocolAMQP) // a buffer takes everything
	return header.Bytes()
}

func closeWrite(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil && !strings.Contains(causeOf(err), "EOF") {
		t.Fatal(err)
	}
}

// One connection, several calls, as HTTP clients do it.
func TestHubKeepsHTTPConnections(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	newClient(t, e.Device()).enter().want(t, assigned)
	c := newClient(t, atHub(e))
	conn, err := c.dial(testContext(t), transportHTTPS)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 3 {
		fmt.Fprintf(conn, "GET /devices/%s/messages/devicebound?api-version=2021-04-12 HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\n\r\n",
			keyDevice, hubTokenOf(t, e, e.Device()).Reveal())
		status := make([]byte, len("HTTP/1.1 204"))
		if _, err := io.ReadFull(conn, status); err != nil || string(status) != "HTTP/1.1 204" {
			t.Fatalf("%q, %v", status, err)
		}
		for rest := ""; !strings.HasSuffix(rest, "\r\n\r\n"); {
			one := make([]byte, 1)
			if _, err := io.ReadFull(conn, one); err != nil {
				t.Fatal(err)
			}
			rest += string(one)
		}
	}
}
