package probe_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/nettest"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
	"dpsdiag/internal/tpm"
)

// hubDevice is the device id that the test service assigns; it is not the registration id.
const hubDevice = "Device#1"

// assigns answers a poll or a lookup with an assignment to a hub.
func assigns(hub string) http.HandlerFunc {
	state := fmt.Sprintf(`{"registrationId":"dev-01","status":"assigned","assignedHub":%q,"deviceId":%q}`, hub, hubDevice)
	return func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPost {
			answer(200, state)(w, req)
			return
		}
		answer(200, `{"operationId":"op1","status":"assigned","registrationState":`+state+`}`)(w, req)
	}
}

// startHub serves h as a hub on loopback and returns its name.
func startHub(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// assignedTo is a probe that checks the hub, with a service that assigns the device to it.
func assignedTo(t *testing.T, hub string) probe.Config {
	t.Helper()
	cfg := start(t, service{status: assigns(hub), lookup: assigns(hub)})
	cfg.CheckHub, cfg.MaxAttempts = true, 3
	return cfg
}

// hubSays answers with an error from a hub.
func hubSays(status int, name string) http.HandlerFunc {
	return answer(status, fmt.Sprintf(`{"Message":"ErrorCode:%s;as it was","ExceptionMessage":"Tracking ID:0a-G:0"}`, name))
}

// did writes the steps of a check as "action=result".
func did(run probe.Run) string {
	var list []string
	for _, s := range run.Hub.Steps {
		list = append(list, fmt.Sprintf("%s=%s", s.Action, s.Result))
	}
	return strings.Join(list, " ")
}

func TestHubAnswers(t *testing.T) {
	t.Parallel()
	taken := answer(204, "")
	denied, unknown := hubSays(401, "IotHubUnauthorizedAccess"), hubSays(404, "DeviceNotFound")
	away, throttling := hubSays(503, "ServiceUnavailable"), answer(429, "", "Retry-After", "0")
	tests := map[string]struct {
		hub      http.HandlerFunc
		mode     probe.Mode
		outcomes string
		end      probe.End
		steps    string
		detail   string
	}{
		"taken":               {taken, "", "", probe.EndComplete, "ask=taken", "accepts the device Device#1 (204 No Content)"},
		"taken, by lookup":    {taken, probe.ModeLookup, "", probe.EndComplete, "ask=taken", "accepts the device"},
		"stale":               {once(unknown, taken), "", "hub=warned", probe.EndComplete, "ask=denied register=taken ask=taken", "after it was registered again; before that: 404 DeviceNotFound"},
		"refused":             {denied, "", "hub=failed", probe.EndRefused, "ask=denied register=taken ask=denied", "401 IotHubUnauthorizedAccess, even after it was registered again"},
		"forbidden":           {answer(403, ""), "", "hub=failed", probe.EndRefused, "ask=denied register=taken ask=denied", "403 Forbidden"},
		"refused, by lookup":  {denied, probe.ModeLookup, "hub=failed", probe.EndRefused, "ask=denied", "which --lookup does not"},
		"away once":           {once(away, taken), "", "", probe.EndComplete, "ask=busy lookup=taken ask=taken", "after 2 attempts"},
		"throttled once":      {once(throttling, taken), "", "", probe.EndComplete, "ask=busy lookup=taken ask=taken", "after 2 attempts"},
		"away for ever":       {away, "", "hub=failed", probe.EndExhausted, "ask=busy lookup=taken ask=busy ask=busy", "503 ServiceUnavailable, after 3 attempts"},
		"away, then refused":  {once(away, denied), "", "hub=failed", probe.EndRefused, "ask=busy lookup=taken ask=denied register=taken ask=denied", "refuses"},
		"refused, then away":  {once(denied, once(away, taken)), "", "hub=warned", probe.EndComplete, "ask=denied register=taken ask=busy lookup=taken ask=taken", "registered again"},
		"a page":              {answer(200, "<html>sign in</html>"), "", "hub=failed", probe.EndRefused, "ask=odd", "did not answer like a hub: 200"},
		"a page that forbids": {answer(403, "<html>no</html>"), "", "hub=failed", probe.EndRefused, "ask=odd", "403 with a body that no hub sends (html)"},
		"nothing of a hub":    {answer(200, ""), "", "hub=failed", probe.EndRefused, "ask=odd", "200 OK"},
		"redirect":            {answer(302, "", "Location", "https://portal.example/"), "", "hub=failed", probe.EndRefused, "ask=odd", "redirected to https://portal.example/"},
		"bad request":         {hubSays(400, "InvalidProtocolVersion"), "", "hub=failed", probe.EndRefused, "ask=odd", "400 InvalidProtocolVersion"},
		"cut":                 {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", "hub=failed", probe.EndCut, "ask=silent try-mqtt5=failed", "the connection was cut"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := assignedTo(t, startHub(t, test.hub))
			cfg.Mode = test.mode
			run := do(t, cfg)
			if got := outcomes(run); got != test.outcomes || run.End != test.end {
				t.Errorf("outcomes %q, end %q; want %q, %q", got, run.End, test.outcomes, test.end)
			}
			hub := run.Find(probe.StageHub)
			if got := did(run); got != test.steps || len(hub.Steps) != len(run.Hub.Steps) {
				t.Errorf("steps %q, told %q; want %q", got, hub.Steps, test.steps)
			}
			if !strings.Contains(hub.Detail, test.detail) {
				t.Errorf("detail %q lacks %q", hub.Detail, test.detail)
			}
			noTokens(t, run)
		})
	}
}

// noTokens checks that no printable evidence contains a token.
func noTokens(t *testing.T, run probe.Run) {
	t.Helper()
	told, err := json.Marshal(run.Hub)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(told) + fmt.Sprintf("%+v", run); strings.Contains(text, "sig=") || strings.Contains(text, "SharedAccessSignature ") {
		t.Errorf("a token is in %s", text)
	}
}

// TestHubRequest: the probe asks the hub as a device does, with a token for itself.
func TestHubRequest(t *testing.T) {
	t.Parallel()
	type call struct{ method, uri string }
	var got []call
	name := ""
	hub := startHub(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		got = append(got, call{req.Method, req.RequestURI})
		token, err := dps.ParseToken(dps.NewSecret(req.Header.Get("Authorization")))
		if err != nil || !token.Covers(dps.HubResource(name, hubDevice)) || token.Policy != "" || !token.SignedBy(dps.NewKey([]byte("0123456789abcdef0123456789abcdef"))) {
			t.Errorf("token %+v, %v", token, err)
		}
		answer(200, "for the device alone", "ETag", `"lock-1"`)(w, req)
	}))
	name = hub
	run := do(t, assignedTo(t, hub))
	want := []call{
		{"GET", "/devices/Device%231/messages/devicebound?api-version=2021-04-12"},
		{"POST", "/devices/Device%231/messages/devicebound/lock-1/abandon?api-version=2021-04-12"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(call{})); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if text := fmt.Sprintf("%+v", *run.Hub.Steps[0].Answer); strings.Contains(text, "for the device alone") || outcomes(run) != "" {
		t.Errorf("outcomes %q, the message is kept: %s", outcomes(run), text)
	}
}

// TestHubNotAsked covers probes that cannot ask the hub, and say why.
func TestHubNotAsked(t *testing.T) {
	t.Parallel()
	hub := "hub.example"
	token, err := probe.NewSASToken(dps.Sign(dps.NewKey([]byte("key")), dps.Resource(scope, id), time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*probe.Config)
		want   string
	}{
		"not wanted": {func(c *probe.Config) { c.CheckHub = false }, "the assigned hub was not asked"},
		"declined":   {func(c *probe.Config) { c.CheckHub, c.NoHub = false, "somebody said no" }, "somebody said no"},
		"preflight":  {func(c *probe.Config) { c.Mode = probe.ModePreflight }, "not requested: preflight stops before it"},
		"SAS token":  {func(c *probe.Config) { c.Attestation = token }, "a ready SAS token is only for the provisioning service; the hub requires the key"},
		"TPM, by lookup": {
			func(c *probe.Config) { c.Attestation, c.Mode = &fakeTPM{}, probe.ModeLookup },
			"a TPM gets its key for the hub with a registration, and a lookup is not one",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := assignedTo(t, hub)
			test.change(&cfg)
			run := do(t, cfg)
			f := run.Find(probe.StageHub)
			if f.Outcome != probe.NotApplicable || f.Detail != test.want || run.Hub != nil || run.End != probe.EndComplete {
				t.Errorf("%s: %q, hub %+v, end %s", f.Outcome, f.Detail, run.Hub, run.End)
			}
		})
	}
	t.Run("no hub named", func(t *testing.T) {
		t.Parallel()
		cfg := start(t, service{status: answer(200, `{"operationId":"op1","status":"assigned"}`)})
		cfg.CheckHub = true
		run := do(t, cfg)
		if f := run.Find(probe.StageHub); f.Outcome != probe.NotApplicable || f.Detail != "the service did not name the hub" {
			t.Errorf("%+v", f)
		}
	})
}

// TestHubOutOfReach: a failure of the connection is reported for the hub, with its kind.
func TestHubOutOfReach(t *testing.T) {
	t.Parallel()
	closed := nettest.ClosedPort(t)
	silent := listenEach(t, untilClosed)
	tests := map[string]struct {
		hub        string
		change     func(*probe.Config)
		part, kind string
		end        probe.End
	}{
		"name": {"hub.example", func(c *probe.Config) {
			c.Resolver = resolver{err: &net.DNSError{Err: "no such host", IsNotFound: true}}
		}, "resolve", "no-such-host", probe.EndRefused},
		"port": {closed.String(), func(*probe.Config) {}, "connect", "refused", probe.EndRefused},
		"TLS":  {silent.String(), func(c *probe.Config) { c.Budget = 2 * time.Second }, "tls", "tls-timeout", probe.EndTimeout},
		"certificate": {
			"", func(c *probe.Config) { c.Resolver = resolver{addresses: []string{"127.0.0.1"}} },
			"tls", "tls-name-mismatch", probe.EndRefused,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := test.hub
			if hub == "" { // the certificate of the test hub is for other names
				hub = "localhost:" + strings.Split(startHub(t, answer(204, "")), ":")[1]
			}
			cfg := assignedTo(t, hub)
			test.change(&cfg)
			run := do(t, cfg)
			f := run.Find(probe.StageHub)
			if did(run) != "ask=unreached" || outcomes(run) != "hub=failed" || run.End != test.end {
				t.Fatalf("steps %s, outcomes %s, end %s", did(run), outcomes(run), run.End)
			}
			for _, want := range []probe.Fact{{Name: "part", Value: test.part}, {Name: "failure", Value: test.kind}} {
				if !slices.Contains(f.Facts, want) {
					t.Errorf("facts %+v lack %+v", f.Facts, want)
				}
			}
			if !strings.HasPrefix(f.Detail, hub+" could not be reached ("+test.part+")") {
				t.Errorf("detail %q", f.Detail)
			}
		})
	}
	t.Run("no host name at all", func(t *testing.T) {
		t.Parallel()
		if run := do(t, assignedTo(t, "https://hub.example/")); did(run) != "ask=failed" || run.End != probe.EndRefused {
			t.Errorf("steps %s, end %s", did(run), run.End)
		}
	})
}

// TestHubMoves: a second registration may lead to another hub.
func TestHubMoves(t *testing.T) {
	t.Parallel()
	former, present := startHub(t, hubSays(404, "DeviceNotFound")), startHub(t, answer(204, ""))
	cfg := start(t, service{status: once(assigns(former), assigns(present))})
	cfg.CheckHub = true
	run := do(t, cfg)
	if run.Hub.Hub != present || run.Hub.Steps[0].Hub != former || did(run) != "ask=denied register=taken ask=taken" || run.Registration().AssignedHub != present {
		t.Errorf("%+v", run.Hub)
	}
	if run.Attempts() != 2 || !run.Hub.Healed() || run.Hub.Refusal().Hub != former {
		t.Errorf("%d attempts, healed %t", run.Attempts(), run.Hub.Healed())
	}
}

// TestHubRefusesAndThenTheService: the second registration fails.
func TestHubRefusesAndThenTheService(t *testing.T) {
	t.Parallel()
	hub := startHub(t, hubSays(401, "IotHubUnauthorizedAccess"))
	accepted := answer(202, `{"operationId":"op1","status":"assigning"}`, "Retry-After", "0")
	for want, register := range map[probe.End]http.HandlerFunc{
		probe.EndRefused:   answer(409, `{"errorCode":409203,"message":"x"}`),
		probe.EndExhausted: answer(429, "", "Retry-After", "0"),
	} {
		cfg := start(t, service{register: once(accepted, register), status: assigns(hub)})
		cfg.CheckHub = true
		run := do(t, cfg)
		if did(run) != "ask=denied register=failed" || run.End != want || !strings.Contains(run.FailedStage().Detail, "could not be registered again: register: ") {
			t.Errorf("%s: steps %s, end %s, %s", want, did(run), run.End, run.FailedStage().Detail)
		}
	}
}

// TestHubLookupFails: the hub is still asked again.
func TestHubLookupFails(t *testing.T) {
	t.Parallel()
	hub := startHub(t, once(hubSays(500, "ServerError"), answer(204, "")))
	cfg := start(t, service{status: assigns(hub), lookup: answer(404, "")})
	cfg.CheckHub = true
	if run := do(t, cfg); did(run) != "ask=busy lookup=failed ask=taken" || run.End != probe.EndComplete {
		t.Errorf("steps %s, end %s", did(run), run.End)
	}
}

// TestHubThroughProxy: the route to the hub is chosen for the hub.
func TestHubThroughProxy(t *testing.T) {
	t.Parallel()
	handler := service{status: assigns("example.com:8443")}
	both := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/devices/") {
			answer(204, "")(w, req)
			return
		}
		handler.ServeHTTP(w, req)
	})
	cfg, to := hiddenService(t, both)
	cfg.CheckHub = true
	double := serveProxy(t, &proxyDouble{to: to, auth: true}, connectHTTP)
	cfg = through(t, cfg, double.url("http", userinfo()))
	if run := do(t, cfg); outcomes(run) != "" || run.Hub.Path.Through().Target != "example.com:8443" {
		t.Errorf("outcomes %s, %+v", outcomes(run), run.FailedStage())
	}
	if diff := cmp.Diff([]string{"example.com:443", "example.com:8443"}, double.targets()); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	chosen := cfg.Proxy
	cfg.Proxy = func(host string, port int) proxy.Choice {
		if port == 8443 {
			return proxy.Choice{Direct: "NO_PROXY names it"}
		}
		return chosen(host, port)
	}
	run := do(t, cfg)
	if f := run.FailedStage(); f == nil || f.Stage != probe.StageHub || !slices.Contains(f.Facts, probe.Fact{Name: "no-proxy", Value: "NO_PROXY names it"}) {
		t.Errorf("failed stage %+v", f)
	}
}

// TestHubInterrupted: the evidence gathered before the interruption remains.
func TestHubInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cfg := assignedTo(t, startHub(t, once(hubSays(404, "DeviceNotFound"), func(_ http.ResponseWriter, req *http.Request) {
		cancel()
		<-req.Context().Done()
	})))
	run := probe.Do(ctx, cfg).Runs[0]
	f := run.Find(probe.StageHub)
	if run.End != probe.EndInterrupted || f.Detail != "interrupted" || did(run) != "ask=denied register=taken ask=silent" || len(f.Steps) != 3 {
		t.Errorf("end %s, %s, steps %s, %q", run.End, f.Detail, did(run), f.Steps)
	}
}

// TestSilentHub: the budget ends the wait.
func TestSilentHub(t *testing.T) {
	t.Parallel()
	cfg := assignedTo(t, startHub(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })))
	cfg.Budget = 2 * time.Second
	if run := do(t, cfg); run.End != probe.EndTimeout || did(run) != "ask=silent" || outcomes(run) != "hub=failed" {
		t.Errorf("end %s, steps %s, outcomes %s", run.End, did(run), outcomes(run))
	}
}

// TestBudgetEndsAtBusyHub: an attempt that the budget ends says nothing about the hub; its
// previous answer counts.
func TestBudgetEndsAtBusyHub(t *testing.T) {
	t.Parallel()
	silent := func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }
	cfg := assignedTo(t, startHub(t, once(hubSays(503, "ServiceUnavailable"), silent)))
	cfg.Budget = 2 * time.Second
	run := do(t, cfg)
	if run.End != probe.EndExhausted || did(run) != "ask=busy lookup=taken" || outcomes(run) != "hub=failed" {
		t.Errorf("end %s, steps %s, outcomes %s", run.End, did(run), outcomes(run))
	}
	if detail := run.Find(probe.StageHub).Detail; !strings.Contains(detail, "asks to come back later") {
		t.Errorf("detail %q", detail)
	}
}

// TestHubOfTPM: the TPM signs with the key of the last assignment.
func TestHubOfTPM(t *testing.T) {
	t.Parallel()
	hub := startHub(t, once(answer(401, ""), answer(204, "")))
	state := strings.Replace(`{"operationId":"op1","status":"assigned","registrationState":{"registrationId":"dev-01","status":"assigned","assignedHub":"HUB","deviceId":"dev-01","tpm":{"authenticationKey":"a2V5"}}}`, "HUB", hub, 1)
	for name, test := range map[string]struct {
		sign  error
		steps string
	}{
		"signs": {nil, "ask=denied register=taken ask=taken"},
		"fails": {&tpm.Error{Kind: tpm.Blob, Step: "sign"}, "ask=failed"},
	} {
		fake := &fakeTPM{sign: func([]byte) ([]byte, error) { return []byte("signature"), test.sign }}
		cfg := start(t, service{
			register: unlessProved(challenge(), answer(202, `{"operationId":"op1","status":"assigning"}`, "Retry-After", "0")),
			status:   answer(200, state),
		})
		cfg.Attestation, cfg.CheckHub = fake, true
		run := do(t, cfg)
		if did(run) != test.steps || (test.sign == nil) != (run.TPM == nil) {
			t.Errorf("%s: steps %s, TPM %v", name, did(run), run.TPM)
		}
		if test.sign == nil && !slices.Equal(fake.received, []string{"blob", "hub key", "blob", "hub key"}) {
			t.Errorf("%s: received %q", name, fake.received)
		}
	}
}

// TestHubBudgetEndsEarly: a connection that fails by the deadline a moment before the probe's budget
// is known to be over does not hide what the hub said before. The network does so under load.
func TestHubBudgetEndsEarly(t *testing.T) {
	t.Parallel()
	hub := startHub(t, answer(429, "", "Retry-After", "0"))
	cfg := assignedTo(t, hub)
	var dialed atomic.Int32
	cfg.Budget = 2 * time.Second
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != hub || dialed.Add(1) == 1 {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		deadline, _ := ctx.Deadline()
		early, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline.Add(-time.Millisecond))
		defer cancel()
		<-early.Done()
		return nil, os.ErrDeadlineExceeded
	}
	run := do(t, cfg)
	if steps, detail := did(run), run.Find(probe.StageHub).Detail; steps != "ask=busy lookup=taken" || run.End != probe.EndExhausted || !strings.Contains(detail, "429") {
		t.Errorf("steps %q, end %s: %s", steps, run.End, detail)
	}
}
