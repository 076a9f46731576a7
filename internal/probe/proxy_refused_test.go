package probe_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// answers sends raw bytes to a client that has sent something, and waits for it to close.
func answers(raw string) func(net.Conn) {
	return func(conn net.Conn) {
		conn.Read(make([]byte, 4096))
		io.WriteString(conn, raw)
		untilClosed(conn)
	}
}

// hangsUp sends raw bytes and closes the connection.
func hangsUp(raw string) func(net.Conn) {
	return func(conn net.Conn) {
		conn.Read(make([]byte, 4096))
		io.WriteString(conn, raw)
	}
}

// echoes returns in a page what it receives.
func echoes(conn net.Conn) {
	request := make([]byte, 4096)
	n, _ := conn.Read(request)
	body := "<html><pre>" + string(request[:n]) + proxyUser + " " + proxyPassword + "</pre></html>"
	fmt.Fprintf(conn, "HTTP/1.1 403 No\r\nServer: %s\r\nLocation: http://%s.example/\r\nX-Squid-Error: %s\r\nContent-Length: %d\r\n\r\n%s",
		proxyPassword, proxyUser, base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword)), len(body), body)
}

// floods sends an endless header.
func floods(conn net.Conn) {
	conn.Read(make([]byte, 4096))
	io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
	for {
		if _, err := io.WriteString(conn, "X-More: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
			return
		}
	}
}

const html = "<html><body>Sign in to the plant network</body></html>"

func refusal(status, header, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", status, header, len(body), body)
}

func TestProxyRefusals(t *testing.T) {
	t.Parallel()
	const secured = "\x15\x03\x01\x00\x02\x02\x46" // an alert of TLS
	tests := map[string]struct {
		serve  func(net.Conn)
		scheme string
		kind   proxy.FailureKind
		status int
		end    probe.End
		text   string
	}{
		"wants credentials":         {answers(refusal("407 Auth", "Proxy-Authenticate: Basic realm=\"x\"\r\n", "")), "http", proxy.Auth, 407, probe.EndRefused, "none were given"},
		"wants what we lack":        {answers(refusal("407 Auth", "Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n", "")), "http", proxy.Auth, 407, probe.EndRefused, "NTLM, Negotiate"},
		"says 401":                  {answers(refusal("401 Unauthorized", "", html)), "http", proxy.Status, 401, probe.EndRefused, "does not connect"},
		"forbids":                   {answers(refusal("403 Forbidden", "", html)), "http", proxy.Forbidden, 403, probe.EndRefused, "rules"},
		"forbids by law":            {answers(refusal("451 No", "", "")), "http", proxy.Forbidden, 451, probe.EndRefused, "rules"},
		"does not get there":        {answers(refusal("503 Unavailable", "X-Squid-Error: ERR_DNS_FAIL 0\r\n", html)), "http", proxy.NoRoute, 503, probe.EndRefused, "ERR_DNS_FAIL"},
		"a page":                    {answers(refusal("200 OK", "Content-Type: text/html\r\n", html)), "http", proxy.Page, 200, probe.EndRefused, "page"},
		"a page in pieces":          {answers("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<html>\r\n0\r\n\r\n"), "http", proxy.Page, 200, probe.EndRefused, "page"},
		"a page without a type":     {hangsUp("HTTP/1.0 200 OK\r\n\r\n" + html), "http", proxy.Page, 200, probe.EndRefused, "page"},
		"something after a yes":     {hangsUp("HTTP/1.1 200 OK\r\n\r\nhello"), "http", proxy.NotAProxy, 200, probe.EndRefused, "something other"},
		"a redirect":                {answers(refusal("302 Found", "Location: https://portal.example/\r\n", "")), "http", proxy.Status, 302, probe.EndRefused, "https://portal.example/"},
		"another status":            {answers(refusal("404 Not Found", "", "")), "http", proxy.Status, 404, probe.EndRefused, "404"},
		"a web server":              {answers(refusal("405 Method Not Allowed", "", html)), "http", proxy.NotAProxy, 405, probe.EndRefused, "CONNECT"},
		"garbage":                   {hangsUp("220 mail.example ESMTP\r\n"), "http", proxy.NotAProxy, 0, probe.EndRefused, "HTTP"},
		"a header that is none":     {hangsUp("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"), "http", proxy.NotAProxy, 0, probe.EndRefused, "HTTP"},
		"an endless header":         {floods, "http", proxy.NotAProxy, 0, probe.EndRefused, "64 KiB"},
		"TLS where none was said":   {answers(secured), "http", proxy.NotAProxy, 0, probe.EndRefused, "https://"},
		"hangs up":                  {hangsUp(""), "http", proxy.Cut, 0, probe.EndCut, "cut"},
		"hangs up in the answer":    {hangsUp("HTTP/1.1 200 Conn"), "http", proxy.Cut, 0, probe.EndCut, "cut"},
		"hangs up in the header":    {hangsUp("HTTP/1.1 200 OK\r\nVia: x"), "http", proxy.Cut, 0, probe.EndCut, "cut"},
		"silent":                    {untilClosed, "http", proxy.Timeout, 0, probe.EndTimeout, "in time"},
		"stops in the answer":       {answers("HTTP/1.1 200"), "http", proxy.Timeout, 0, probe.EndTimeout, "in time"},
		"echoes":                    {echoes, "http", proxy.Forbidden, 403, probe.EndRefused, "rules"},
		"no TLS where it was said":  {hangsUp("HTTP/1.1 400 Bad Request\r\n\r\n"), "https", proxy.TLS, 0, probe.EndRefused, "https://"},
		"hangs up before TLS":       {hangsUp(""), "https", proxy.Cut, 0, probe.EndCut, "cut"},
		"silent before TLS":         {untilClosed, "https", proxy.Timeout, 0, probe.EndTimeout, "in time"},
		"socks: no method":          {hangsUp("\x05\xff"), "socks5", proxy.Auth, 0, probe.EndRefused, "none were given"},
		"socks: failure":            {socksReply(1), "socks5", proxy.NoRoute, 1, probe.EndRefused, "could not connect"},
		"socks: forbidden":          {socksReply(2), "socks5", proxy.Forbidden, 2, probe.EndRefused, "rules"},
		"socks: net unreachable":    {socksReply(3), "socks5", proxy.NoRoute, 3, probe.EndRefused, "reach"},
		"socks: host unreachable":   {socksReply(4), "socks5", proxy.NoRoute, 4, probe.EndRefused, "reach"},
		"socks: refused":            {socksReply(5), "socks5", proxy.NoRoute, 5, probe.EndRefused, "refused"},
		"socks: expired":            {socksReply(6), "socks5", proxy.NoRoute, 6, probe.EndRefused, "too long"},
		"socks: no names":           {socksReply(8), "socks5", proxy.Status, 8, probe.EndRefused, "name"},
		"socks: version 4":          {hangsUp("\x00\x5b"), "socks5", proxy.NotAProxy, 0, probe.EndRefused, "SOCKS 5"},
		"socks: HTTP":               {hangsUp("HTTP/1.1 400 Bad Request\r\n\r\n"), "socks5", proxy.NotAProxy, 0, probe.EndRefused, "SOCKS 5"},
		"socks: hangs up":           {hangsUp(""), "socks5", proxy.Cut, 0, probe.EndCut, "cut"},
		"socks: hangs up in a half": {hangsUp("\x05"), "socks5", proxy.Cut, 0, probe.EndCut, "cut"},
		"socks: hangs up later":     {hangsUp("\x05\x00"), "socks5", proxy.Cut, 0, probe.EndCut, "cut"},
		"socks: another version":    {hangsUp("\x05\x00\x04\x00\x00\x01"), "socks5", proxy.NotAProxy, 0, probe.EndRefused, "not that of a proxy"},
		"socks: silent":             {untilClosed, "socks5", proxy.Timeout, 0, probe.EndTimeout, "in time"},
	}
	for name, test := range tests {
		for _, credentials := range []string{"", userinfo()} {
			test, title := test, name
			if credentials != "" {
				title += " with credentials"
				test.text = strings.Replace(test.text, "none were given", "does not accept the given credentials", 1)
				if test.status == 401 {
					test.kind, test.text = proxy.Auth, "does not accept the given credentials" // as tinyproxy reports it
				}
			}
			t.Run(title, func(t *testing.T) {
				t.Parallel()
				cfg := nowhere(t)
				cfg.Endpoint.Host = "dps.example"
				if test.end == probe.EndTimeout {
					cfg.Budget = 200 * time.Millisecond
				}
				address := listenEach(t, test.serve)
				run := do(t, through(t, cfg, test.scheme+"://"+credentials+address.String()))
				a := run.ProxyFailed()
				if a == nil {
					t.Fatalf("no refusal; outcomes %s", outcomes(run))
				}
				if a.Failure.Kind != test.kind || a.Status != test.status || run.End != test.end || !strings.Contains(a.Failure.Text, test.text) {
					t.Errorf("kind %q, status %d, end %q, %q; want %q, %d, %q, %q",
						a.Failure.Kind, a.Status, run.End, a.Failure.Text, test.kind, test.status, test.end, test.text)
				}
				if got := outcomes(run); got != "connect=failed tls=skipped open=skipped register=skipped assign=skipped hub=not-applicable" {
					t.Errorf("outcomes %s", got)
				}
				if credentials != "" {
					noSecrets(t, run)
				}
			})
		}
	}
}

// socksReply accepts any credentials and answers with a code.
func socksReply(code byte) func(net.Conn) {
	return func(conn net.Conn) {
		methods, err := readSized(conn, 1)
		if err != nil {
			return
		}
		method := methods[len(methods)-1]
		conn.Write([]byte{5, method})
		if method == 2 {
			_, _ = readSized(conn, 1)
			_, _ = readSized(conn, 0)
			conn.Write([]byte{1, 0})
		}
		_, _ = readTarget(conn)
		conn.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
		untilClosed(conn)
	}
}

// TestProxyWantsOtherCredentials: the credentials are sent, and refused.
func TestProxyWantsOtherCredentials(t *testing.T) {
	t.Parallel()
	for scheme, serve := range map[string]func(*proxyDouble, net.Conn){"http": connectHTTP, "socks5": connectSOCKS} {
		double := serveProxy(t, &proxyDouble{auth: true}, serve)
		cfg := nowhere(t)
		run := do(t, through(t, cfg, double.url(scheme, "somebody:else@")))
		a := run.ProxyFailed()
		if a == nil || a.Failure.Kind != proxy.Auth || !a.WithCredentials || !strings.Contains(a.Failure.Text, "does not accept") {
			t.Errorf("%s: %+v", scheme, a)
		}
	}
}

// TestRefusalIsKept: the evidence contains the proxy's name for itself and its reasons.
func TestRefusalIsKept(t *testing.T) {
	t.Parallel()
	address := listenEach(t, answers("HTTP/1.1 407 Auth\r\nServer: squid/5.7\r\nX-Squid-Error: ERR_CACHE_ACCESS_DENIED 0\r\n"+
		"Proxy-Authenticate: Negotiate, basic realm=\"a, NTLM\"\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<html>denied</html>\n"))
	run := do(t, through(t, nowhere(t), "http://"+address.String()))
	want := &proxy.Attempt{
		Proxy:   proxy.Ref{URL: "http://" + address.String(), Kind: proxy.HTTP, Origin: "--proxy"},
		Target:  "192.0.2.1:443",
		Status:  407,
		Server:  "squid/5.7",
		Reason:  "ERR_CACHE_ACCESS_DENIED 0",
		Schemes: []string{"Basic", "Negotiate"},
		Body:    dps.Body{Kind: dps.BodyHTML, Excerpt: "<html>denied</html>"},
		Failure: &proxy.Failure{Kind: proxy.Auth, Text: "407, it requires credentials, and none were given"},
	}
	got := run.ProxyFailed()
	got.Took = 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	facts := map[string]string{}
	for _, f := range run.Find(probe.StageConnect).Facts {
		facts[f.Name] = f.Value
	}
	for name, want := range map[string]string{
		"proxy": want.Proxy.URL, "proxy-from": "--proxy", "proxy-target": want.Target, "proxy-status": "407",
		"proxy-failure": "auth", "proxy-server": want.Server, "proxy-reason": want.Reason, "proxy-schemes": "Basic, Negotiate",
		"body": want.Body.Excerpt,
	} {
		if facts[name] != want {
			t.Errorf("fact %s is %q, want %q", name, facts[name], want)
		}
	}
}
