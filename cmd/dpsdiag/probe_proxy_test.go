package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/nettest"
	"dpsdiag/internal/report"
)

// Credentials of the proxy. No output may hold them.
const (
	proxyUser     = "plant-user"
	proxyPassword = "a-word-of-the-plant"
)

// startProxy starts a proxy on loopback that wants the credentials and connects to service
// whatever it is asked for. It returns the setting that leads there.
func startProxy(t *testing.T, service string, credentials string) string {
	t.Helper()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case req.Method != http.MethodConnect:
			http.Error(w, "this is a proxy", http.StatusBadRequest)
		case req.Header.Get("Proxy-Authorization") != want:
			w.Header().Set("Proxy-Authenticate", `Basic realm="plant"`)
			http.Error(w, "go away, "+req.Header.Get("Proxy-Authorization"), http.StatusProxyAuthRequired)
		default:
			relay(w, service)
		}
	}))
	t.Cleanup(server.Close)
	return "http://" + credentials + server.Listener.Addr().String()
}

// relay passes everything on between a client and the service.
func relay(w http.ResponseWriter, service string) {
	far, err := net.Dial("tcp", service)
	if err != nil {
		http.Error(w, "no service", http.StatusBadGateway)
		return
	}
	near, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		far.Close()
		return
	}
	io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(near, far)
		near.Close()
	}()
	io.Copy(far, near)
	far.Close()
	<-done
}

// behindProxy starts an emulator that calls itself dps.plant.example, which no resolver
// knows, and returns the flags of a probe of it.
func behindProxy(t *testing.T) (ready emulator.Ready, flags []string) {
	t.Helper()
	var none time.Duration
	e, err := emulator.Start(t.Context(), emulator.Config{Files: true, RetryAfter: &none, SANs: []string{"dps.plant.example"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	ready = e.Ready()
	device := ready.Identities[0]
	return ready, []string{
		"probe", "--endpoint", "dps.plant.example", "--ca-file", ready.CAFile, "--id-scope", ready.IDScope,
		"--registration-id", device.RegistrationID, "--key-file", device.KeyFile,
	}
}

// setEnv makes variables the whole environment.
func (w *world) setEnv(variables map[string]string) {
	w.lookupEnv = func(name string) (string, bool) { value, ok := variables[name]; return value, ok }
}

const credentials = proxyUser + ":" + proxyPassword + "@"

func TestProbeThroughProxy(t *testing.T) {
	t.Parallel()
	ready, flags := behindProxy(t)
	setting := startProxy(t, ready.Endpoints.HTTPS, credentials)
	shown := strings.Replace(setting, credentials, "", 1)
	for name, test := range map[string]struct {
		flags  []string
		env    map[string]string
		origin string
		warns  bool
	}{
		"flag":                      {[]string{"--proxy", setting}, nil, "--proxy", true},
		"environment":               {nil, map[string]string{"HTTPS_PROXY": setting}, "HTTPS_PROXY", false},
		"environment for all":       {nil, map[string]string{"all_proxy": setting}, "all_proxy", false},
		"flag before environment":   {[]string{"--proxy", setting}, map[string]string{"HTTPS_PROXY": "http://127.0.0.1:1"}, "--proxy", true},
		"flag and what is exempted": {[]string{"--proxy", setting}, map[string]string{"NO_PROXY": "*"}, "--proxy", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.setEnv(test.env)
			if status := w.run(t, append(slices.Clone(flags), test.flags...)...); status != report.ExitOK {
				t.Fatalf("exit status %d\n%s%s", status, w.out.String(), w.err.String())
			}
			if want := shown + " (" + test.origin + ")"; !strings.Contains(w.out.String(), want) {
				t.Errorf("the target lacks %q:\n%s", want, w.out.String())
			}
			if warned := strings.Contains(w.err.String(), "process list"); warned != test.warns {
				t.Errorf("warned: %t, want %t: %s", warned, test.warns, w.err.String())
			}
			checkNoCredentials(t, w)
		})
	}
}

// TestProxyRefuses: the cause is named, in every format and without the credentials.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	_, flags := behindProxy(t)
	setting := startProxy(t, "", proxyUser+":"+proxyPassword+"x@")
	for _, output := range outputs(t) {
		w := newWorld()
		w.setEnv(map[string]string{"https_proxy": setting})
		if status := w.run(t, append(slices.Clone(flags), output...)...); status != report.ExitFault {
			t.Errorf("%v: exit status %d: %s", output, status, w.err.String())
		}
		if !strings.Contains(w.out.String(), "proxy-not-configured") || !strings.Contains(w.out.String(), "407") {
			t.Errorf("%v: neither the cause nor the answer: %s", output, w.out.String())
		}
		checkNoCredentials(t, w)
	}
}

// TestProxyThatWasNotUsed: the direct way fails and the environment names a way out.
func TestProxyThatWasNotUsed(t *testing.T) {
	t.Parallel()
	ready, flags := behindProxy(t)
	closed := nettest.ClosedPort(t)
	w := newWorld()
	w.setEnv(map[string]string{"HTTP_PROXY": startProxy(t, ready.Endpoints.HTTPS, credentials)})
	status := w.run(t, append(flags, "--endpoint", closed.String(), "--proxy", "none", "-o", "json")...)
	var doc report.Probe
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if status != report.ExitFault || len(doc.Causes) != 1 || doc.Causes[0].ID != "proxy-not-configured" || doc.Causes[0].Strength != "proves" {
		t.Errorf("exit status %d, causes %+v", status, doc.Causes)
	}
	checkNoCredentials(t, w)
}

func checkNoCredentials(t *testing.T, w *world) {
	t.Helper()
	for _, secret := range []string{proxyUser, proxyPassword, proxyUser + ":" + proxyPassword, proxyUser + ":" + proxyPassword + "x"} {
		for form := range leaks([]byte(secret), w.out.String()+w.err.String()) {
			t.Errorf("a credential of the proxy is in the output (%s)", form)
		}
	}
}
