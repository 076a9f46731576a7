package probe_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// The credentials of the proxies. No evidence may contain them.
const (
	proxyUser     = "plant-user"
	proxyPassword = "pass:word/with%signs"
)

// proxyDouble is a proxy on loopback that connects to one service, whatever target it is
// asked for, and records the targets.
type proxyDouble struct {
	addr net.Addr
	// Set before the first connection.
	to    net.Addr // the service
	auth  bool     // requires proxyUser and proxyPassword
	https *tls.Config

	mu    sync.Mutex
	asked []string
}

// serveProxy starts a test proxy that uses serve.
func serveProxy(t *testing.T, d *proxyDouble, serve func(*proxyDouble, net.Conn)) *proxyDouble {
	t.Helper()
	d.addr = listenEach(t, func(conn net.Conn) {
		if d.https != nil {
			conn = tls.Server(conn, d.https)
			defer conn.Close()
		}
		serve(d, conn)
	})
	return d
}

// listenEach handles connections in parallel until the test ends, which closes the open
// ones.
func listenEach(t *testing.T, handle func(net.Conn)) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); cancel(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				defer conn.Close()
				handle(conn)
			})
		}
	})
	return l.Addr()
}

func (d *proxyDouble) note(target string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, target)
}

func (d *proxyDouble) targets() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// url returns the setting for the test proxy.
func (d *proxyDouble) url(scheme, userinfo string) string {
	return scheme + "://" + userinfo + d.addr.String()
}

// connectHTTP serves CONNECT.
func connectHTTP(d *proxyDouble, conn net.Conn) {
	in := bufio.NewReader(conn)
	req, err := http.ReadRequest(in)
	if err != nil || req.Method != http.MethodConnect || req.URL.Host != req.Host {
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
		return
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword))
	if d.auth && req.Header.Get("Proxy-Authorization") != basic {
		io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nServer: double\r\n"+
			"Proxy-Authenticate: Negotiate, Basic realm=\"plant, north\"\r\nContent-Length: 0\r\n\r\n")
		return
	}
	d.note(req.Host)
	d.relay(conn, in, "HTTP/1.1 200 Connection established\r\nProxy-Agent: double\r\n\r\n")
}

// relay accepts the request and forwards data in both directions until one side closes.
func (d *proxyDouble) relay(conn net.Conn, in io.Reader, yes string) {
	service, err := net.Dial("tcp", d.to.String())
	if err != nil {
		return
	}
	defer service.Close()
	io.WriteString(conn, yes)
	back := make(chan struct{})
	go func() {
		defer close(back)
		io.Copy(conn, service)
		conn.Close()
	}()
	io.Copy(service, in)
	service.Close()
	<-back
}

// connectSOCKS serves SOCKS5 by RFC 1928 and 1929.
func connectSOCKS(d *proxyDouble, conn net.Conn) {
	target, err := d.negotiate(conn)
	if err != nil {
		return
	}
	d.note(target)
	d.relay(conn, conn, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
}

func (d *proxyDouble) negotiate(conn net.Conn) (target string, err error) {
	methods, err := readSized(conn, 1)
	if err != nil {
		return "", err
	}
	want := byte(0)
	if d.auth {
		want = 2
	}
	if !bytes.Contains(methods, []byte{want}) {
		conn.Write([]byte{5, 0xff})
		return "", errors.New("no method in common")
	}
	conn.Write([]byte{5, want})
	if d.auth {
		if err := d.logIn(conn); err != nil {
			return "", err
		}
	}
	return readTarget(conn)
}

// readTarget reads a request to connect to a name or an IPv4 address.
func readTarget(conn net.Conn) (string, error) {
	const version, connect, ipv4, name = 5, 1, 1, 3
	head := make([]byte, 4)
	if _, err := io.ReadFull(conn, head); err != nil {
		return "", err
	}
	host := make([]byte, net.IPv4len)
	var err error
	switch {
	case head[0] != version || head[1] != connect:
		return "", errors.New("no request to connect")
	case head[3] == ipv4:
		_, err = io.ReadFull(conn, host)
		host = []byte(net.IP(host).String())
	case head[3] == name:
		host, err = readSized(conn, 0)
	}
	port := make([]byte, 2)
	if err == nil {
		_, err = io.ReadFull(conn, port)
	}
	return net.JoinHostPort(string(host), strconv.Itoa(int(port[0])<<8|int(port[1]))), err
}

func (d *proxyDouble) logIn(conn net.Conn) error {
	user, err := readSized(conn, 1)
	if err != nil {
		return err
	}
	password, err := readSized(conn, 0)
	if err != nil {
		return err
	}
	if string(user) != proxyUser || string(password) != proxyPassword {
		conn.Write([]byte{1, 1})
		return errors.New("wrong password")
	}
	_, err = conn.Write([]byte{1, 0})
	return err
}

// readSized reads bytes that do not matter here, then a length and as many bytes.
func readSized(conn net.Conn, before int) ([]byte, error) {
	head := make([]byte, before+1)
	if _, err := io.ReadFull(conn, head); err != nil {
		return nil, err
	}
	data := make([]byte, head[before])
	_, err := io.ReadFull(conn, data)
	return data, err
}

// hiddenService serves h over TLS as example.com, whose name only a proxy can resolve. It
// returns a probe without a direct route, and the real address.
func hiddenService(t *testing.T, h http.Handler) (probe.Config, net.Addr) {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	cfg := target(t, server.Listener.Addr())
	cfg.Endpoint = dps.Endpoint{Host: "example.com", HTTPS: 443}
	cfg.Roots = x509.NewCertPool()
	cfg.Roots.AddCert(server.Certificate())
	cfg.Resolver = resolver{err: &net.DNSError{Err: "no such host", IsNotFound: true}}
	return cfg, server.Listener.Addr()
}

// through makes a probe use the proxy of a setting.
func through(t *testing.T, cfg probe.Config, setting string) probe.Config {
	t.Helper()
	p, err := proxy.Parse(setting, "--proxy")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Proxy = proxy.Through(p)
	return cfg
}

// nowhere is a probe of an unreachable address (RFC 5737).
func nowhere(t *testing.T) probe.Config {
	t.Helper()
	return target(t, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443})
}
