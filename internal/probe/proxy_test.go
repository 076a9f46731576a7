package probe_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/netfail"
	"dpsdiag/internal/nettest"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// userinfo is the part of a URL that contains the credentials.
func userinfo() string { return url.UserPassword(proxyUser, proxyPassword).String() + "@" }

// TestThroughProxies probes a service that only the proxy can resolve and reach.
func TestThroughProxies(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scheme   string
		userinfo string
		auth     bool
		serve    func(*proxyDouble, net.Conn)
		kind     proxy.Kind
		server   string
	}{
		"http":                      {"http", "", false, connectHTTP, proxy.HTTP, "double"},
		"http with credentials":     {"http", userinfo(), true, connectHTTP, proxy.HTTP, "double"},
		"https":                     {"https", "", false, connectHTTP, proxy.HTTPS, "double"},
		"https with credentials":    {"https", userinfo(), true, connectHTTP, proxy.HTTPS, "double"},
		"socks5":                    {"socks5", "", false, connectSOCKS, proxy.SOCKS5, ""},
		"socks5 with credentials":   {"socks5", userinfo(), true, connectSOCKS, proxy.SOCKS5, ""},
		"socks5h":                   {"socks5h", "", false, connectSOCKS, proxy.SOCKS5, ""},
		"credentials nobody wanted": {"http", userinfo(), false, connectHTTP, proxy.HTTP, "double"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, to := hiddenService(t, service{})
			double := &proxyDouble{to: to, auth: test.auth}
			if test.kind == proxy.HTTPS {
				double.https = proxyTLS(t, &cfg)
			}
			serveProxy(t, double, test.serve)
			cfg = through(t, cfg, double.url(test.scheme, test.userinfo))
			run := do(t, cfg)
			if got := outcomes(run); got != healthy {
				t.Fatalf("outcomes %q: %+v", got, run.FailedStage())
			}
			ref := proxy.Ref{URL: string(test.kind) + "://" + double.addr.String(), Kind: test.kind, Origin: "--proxy"}
			want := []proxy.Attempt{{Proxy: ref, Target: "example.com:443", WithCredentials: test.userinfo != "", Server: test.server}}
			if test.kind != proxy.SOCKS5 {
				want[0].Status = 200
			}
			run.Tunnels[0].Took = 0
			if diff := cmp.Diff(want, run.Tunnels); diff != "" {
				t.Errorf("tunnels (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(probe.Route{Proxy: &ref}, run.Route); diff != "" {
				t.Errorf("route (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"example.com:443"}, double.targets()); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			if d := run.Find(probe.StageConnect).Detail; !strings.HasPrefix(d, "example.com:443 through the proxy "+ref.URL) {
				t.Errorf("connect says %q", d)
			}
			noSecrets(t, run)
		})
	}
}

// proxyTLS returns a certificate for loopback that the probe trusts.
func proxyTLS(t *testing.T, cfg *probe.Config) *tls.Config {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	cfg.Roots.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates}
}

// TestEveryConnectionGoesThroughTheProxy: a service that closes after each answer needs new
// connections.
func TestEveryConnectionGoesThroughTheProxy(t *testing.T) {
	t.Parallel()
	cfg, to := hiddenService(t, service{
		root:     answer(404, "", "Connection", "close"),
		register: answer(202, `{"operationId":"op1","status":"assigning"}`, "Connection", "close", "Retry-After", "0"),
	})
	double := serveProxy(t, &proxyDouble{to: to}, connectHTTP)
	run := do(t, through(t, cfg, double.url("http", "")))
	if outcomes(run) != healthy || len(run.Tunnels) != 3 || len(run.Dials) != 3 {
		t.Errorf("outcomes %s over %d tunnels and %d connections, want 3", outcomes(run), len(run.Tunnels), len(run.Dials))
	}
}

// TestServerSpeaksFirst: bytes directly after the proxy's answer come from the server.
func TestServerSpeaksFirst(t *testing.T) {
	t.Parallel()
	address := listenEach(t, answers("HTTP/1.1 200 OK\r\n\r\n\x15\x03\x03\x00\x02\x02\x28")) // a handshake_failure alert
	run := do(t, through(t, nowhere(t), "http://"+address.String()))
	if run.TLS == nil || run.TLS.Failure == nil || run.TLS.Failure.Kind != netfail.TLSAlert || run.TLS.Failure.Alert != 40 {
		t.Errorf("outcomes %s, %+v", outcomes(run), run.TLS)
	}
}

// TestProxyGoneLater: the proxy refuses the second connection.
func TestProxyGoneLater(t *testing.T) {
	t.Parallel()
	cfg, to := hiddenService(t, service{root: answer(404, "", "Connection", "close")})
	double := &proxyDouble{to: to}
	serveProxy(t, double, func(d *proxyDouble, conn net.Conn) {
		if len(d.targets()) == 0 {
			connectHTTP(d, conn)
			return
		}
		conn.Read(make([]byte, 1024))
		io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
	})
	run := do(t, through(t, cfg, double.url("http", "")))
	failed := run.FailedStage()
	if failed == nil || failed.Stage != probe.StageRegister || !strings.Contains(failed.Detail, "403") {
		t.Errorf("failed stage %+v", failed)
	}
	if run.ProxyFailed() != nil || run.Through() == nil {
		t.Error("a run that got through is taken for one that did not")
	}
}

// TestProxyCertificate: an HTTPS proxy is verified like any server.
func TestProxyCertificate(t *testing.T) {
	t.Parallel()
	cfg, to := hiddenService(t, service{})
	server := proxyTLS(t, &cfg)
	old := server.Clone()
	old.MaxVersion = tls.VersionTLS11
	for want, test := range map[netfail.TLSKind]struct {
		server *tls.Config
		roots  *x509.CertPool
	}{
		netfail.TLSUnknownAuthority: {server, x509.NewCertPool()},
		netfail.TLSAlert:            {old, cfg.Roots},
	} {
		double := serveProxy(t, &proxyDouble{to: to, https: test.server}, connectHTTP)
		cfg.Roots = test.roots
		run := do(t, through(t, cfg, double.url("https", userinfo())))
		a := run.ProxyFailed()
		if a == nil || a.Failure.Kind != proxy.TLS || a.Failure.TLS.Kind != want {
			t.Errorf("%s: %+v", want, a)
		}
		if asked := double.targets(); len(asked) > 0 {
			t.Errorf("%s: the proxy was asked for %v", want, asked)
		}
	}
}

// TestProxyOutOfReach covers proxies whose name does not resolve or whose address does not
// answer.
func TestProxyOutOfReach(t *testing.T) {
	t.Parallel()
	closed := nettest.ClosedPort(t)
	cfg := nowhere(t)
	t.Run("unresolved", func(t *testing.T) {
		t.Parallel()
		cfg := cfg
		cfg.Resolver = resolver{err: &net.DNSError{Err: "no such host", IsNotFound: true}}
		run := do(t, through(t, cfg, "http://proxy.example:3128"))
		a := run.ProxyFailed()
		if a == nil || a.Failure.Kind != proxy.Unresolved || a.Failure.Net.Kind != netfail.NoSuchHost || run.FailedStage().Stage != probe.StageResolve {
			t.Errorf("%+v", a)
		}
		if run.Resolution.Host != "proxy.example" || run.FailedStage().Detail != "the proxy: proxy.example cannot be resolved: no such host" {
			t.Errorf("%+v, %s", run.Resolution, run.FailedStage().Detail)
		}
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		run := do(t, through(t, cfg, "socks5://"+closed.String()))
		a := run.ProxyFailed()
		if a == nil || a.Failure.Kind != proxy.Unreachable || a.Failure.Net.Kind != netfail.Refused || run.End != probe.EndRefused {
			t.Errorf("%+v, end %s", a, run.End)
		}
		if want := "the proxy: " + closed.String() + ": connection refused"; run.FailedStage().Detail != want {
			t.Errorf("detail %q, want %q", run.FailedStage().Detail, want)
		}
	})
}

// TestSilenceIsBounded: a proxy that sends nothing, or a page that never ends, does not
// delay a probe longer than its limit.
func TestSilenceIsBounded(t *testing.T) {
	for name, test := range map[string]struct {
		serve func(net.Conn)
		kind  proxy.FailureKind
		took  time.Duration
	}{
		"no answer":            {untilClosed, proxy.Timeout, 20 * time.Second},
		"a page without end":   {answers("HTTP/1.1 403 No\r\n\r\n<html>"), proxy.Forbidden, 2 * time.Second},
		"a page with a length": {answers("HTTP/1.1 403 No\r\nContent-Length: 999\r\n\r\n<html>"), proxy.Forbidden, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := nowhere(t)
				cfg.Dial = func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() {
						defer theirs.Close()
						test.serve(theirs)
					}()
					return ours, nil
				}
				cfg.Proxy = proxy.Through(&proxy.Proxy{Kind: proxy.HTTP, Host: "192.0.2.2", Port: 3128})
				a := do(t, cfg).Tunnels[0]
				if a.Failure == nil || a.Failure.Kind != test.kind || a.Took != test.took {
					t.Errorf("%+v after %s, want %s after %s", a.Failure, a.Took, test.kind, test.took)
				}
			})
		})
	}
}

// TestInterruptAtTheProxy cancels while the proxy does not answer.
func TestInterruptAtTheProxy(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https", "socks5"} {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		address := listenEach(t, func(conn net.Conn) { cancel(); untilClosed(conn) })
		ev := probe.Do(ctx, through(t, nowhere(t), scheme+"://"+address.String()))
		if run := ev.Runs[0]; run.End != probe.EndInterrupted || run.FailedStage().Stage != probe.StageConnect {
			t.Errorf("%s: end %q, outcomes %q", scheme, run.End, outcomes(run))
		}
	}
}

// TestUnusedProxyIsTried: if the direct connection fails, a configured but unused proxy is
// asked whether it connects, and nothing more.
func TestUnusedProxyIsTried(t *testing.T) {
	t.Parallel()
	cfg, to := hiddenService(t, service{})
	double := serveProxy(t, &proxyDouble{to: to}, connectHTTP)
	working := double.url("http", userinfo())
	refusing := "http://" + listenEach(t, answers(refusal("403 Forbidden", "", ""))).String()
	closed := nettest.ClosedPort(t)
	direct := func(settings ...string) probe.Config {
		var unused []*proxy.Proxy
		for _, s := range settings {
			p, err := proxy.Parse(s, "HTTP_PROXY")
			if err != nil {
				t.Fatal(err)
			}
			unused = append(unused, p)
		}
		c := cfg
		c.Proxy = proxy.Without("HTTP_PROXY is not for TLS", unused...)
		return c
	}
	undialable := func(c probe.Config) probe.Config {
		c.Endpoint = target(t, closed).Endpoint
		return c
	}
	t.Run("a name that does not resolve", func(t *testing.T) {
		t.Parallel()
		run := do(t, direct(working))
		if run.FailedStage().Stage != probe.StageResolve || run.ProxyTrial == nil || run.ProxyTrial.Failure != nil {
			t.Fatalf("trial %+v", run.ProxyTrial)
		}
		if want := "; the proxy http://" + double.addr.String() + ", named by HTTP_PROXY, does connect"; !strings.HasSuffix(run.FailedStage().Detail, want) {
			t.Errorf("detail %q lacks %q", run.FailedStage().Detail, want)
		}
		noSecrets(t, run)
	})
	t.Run("a port that is closed, and a second proxy", func(t *testing.T) {
		t.Parallel()
		run := do(t, undialable(direct(refusing, working)))
		if run.FailedStage().Stage != probe.StageConnect || run.ProxyTrial == nil || run.ProxyTrial.Failure != nil {
			t.Errorf("trial %+v", run.ProxyTrial)
		}
	})
	t.Run("none that works", func(t *testing.T) {
		t.Parallel()
		for setting, kind := range map[string]proxy.FailureKind{
			refusing:                             proxy.Forbidden,
			"http://" + closed.String():          proxy.Unreachable,
			"socks5://proxy.example":             proxy.Unresolved,
			"https://" + double.addr.String():    proxy.TLS,
			"http://" + userinfo() + to.String(): proxy.Cut, // the service itself is not a proxy
		} {
			run := do(t, direct(setting))
			if run.ProxyTrial == nil || run.ProxyTrial.Failure == nil || run.ProxyTrial.Failure.Kind != kind {
				t.Errorf("%s: %+v", run.ProxyTrial.Proxy.URL, run.ProxyTrial.Failure)
			}
			noSecrets(t, run)
		}
	})
	t.Run("the direct way works", func(t *testing.T) {
		t.Parallel()
		c := direct(working)
		c.Endpoint = target(t, to).Endpoint
		run := do(t, c)
		if outcomes(run) != healthy || run.ProxyTrial != nil || run.Route.Direct == "" {
			t.Errorf("outcomes %s, trial %+v, route %+v", outcomes(run), run.ProxyTrial, run.Route)
		}
		if d := run.Find(probe.StageConnect).Detail; !strings.HasSuffix(d, ", directly: HTTP_PROXY is not for TLS") {
			t.Errorf("connect says %q", d)
		}
	})
}

// noSecrets fails if evidence contains the credentials of the proxy in any form.
func noSecrets(t *testing.T, run probe.Run) {
	t.Helper()
	printed := fmt.Sprintf("%+v %#v", run, run)
	for i := range run.Tunnels {
		text, err := json.Marshal(run.Tunnels[i])
		if err != nil {
			t.Fatal(err)
		}
		printed += string(text)
	}
	for _, secret := range []string{
		proxyUser, proxyPassword, url.QueryEscape(proxyPassword), url.PathEscape(proxyPassword),
		base64.StdEncoding.EncodeToString([]byte(proxyUser + ":" + proxyPassword)),
	} {
		if i := strings.Index(printed, secret); i >= 0 {
			t.Errorf("the evidence holds a credential in %q", printed[max(0, i-60):i+len(secret)])
		}
	}
}
