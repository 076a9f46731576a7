package probe_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	scope = "0ne0045B3C6"
	id    = "dev-01"
)

// service answers the device API with one handler per call; a nil handler answers like a
// healthy service.
type service struct {
	register, status, lookup, root http.HandlerFunc
}

func (s service) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	call := func(h http.HandlerFunc, status int, body string) {
		if h != nil {
			h(w, req)
			return
		}
		answer(status, body, "Retry-After", "0")(w, req)
	}
	switch {
	case req.Method == http.MethodPut && strings.HasSuffix(req.URL.Path, "/register"):
		call(s.register, 202, `{"operationId":"op1","status":"assigning"}`)
	case req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/operations/"):
		call(s.status, 200, `{"operationId":"op1","status":"assigned","registrationState":{"registrationId":"dev-01","status":"assigned","assignedHub":"hub.example","deviceId":"dev-01"}}`)
	case req.Method == http.MethodPost:
		call(s.lookup, 200, `{"registrationId":"dev-01","status":"assigned","assignedHub":"hub.example","deviceId":"dev-01"}`)
	default:
		call(s.root, 404, "")
	}
}

// answer returns a handler with a fixed answer; headers come in pairs.
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body)
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// once uses first for the first call and then for all others.
func once(first, then http.HandlerFunc) http.HandlerFunc {
	var calls atomic.Int32
	return func(w http.ResponseWriter, req *http.Request) {
		if calls.Add(1) == 1 {
			first(w, req)
			return
		}
		then(w, req)
	}
}

// start serves h over TLS on a loopback port and returns a probe of it.
func start(t *testing.T, h http.Handler) probe.Config {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	cfg := target(t, server.Listener.Addr())
	cfg.Roots = roots
	return cfg
}

// target returns a probe of a loopback address without trust anchors for it.
func target(t *testing.T, addr net.Addr) probe.Config {
	t.Helper()
	endpoint, err := dps.ParseEndpoint(addr.String())
	if err != nil {
		t.Fatal(err)
	}
	return probe.Config{
		Endpoint:       endpoint,
		Scope:          scope,
		RegistrationID: id,
		Attestation:    probe.NewSymmetricKey(dps.NewKey([]byte("0123456789abcdef0123456789abcdef"))),
		Transports:     []probe.Transport{probe.NewHTTPS()},
		Budget:         30 * time.Second,
		RetryMaxWait:   time.Millisecond,
	}
}

// outcomes writes a run's findings as "stage=outcome", without the passed ones.
func outcomes(run probe.Run) string {
	var parts []string
	for _, f := range run.Findings {
		if f.Outcome != probe.Passed {
			parts = append(parts, fmt.Sprintf("%s=%s", f.Stage, f.Outcome))
		}
	}
	return strings.Join(parts, " ")
}

func do(t *testing.T, cfg probe.Config) probe.Run {
	t.Helper()
	ev := probe.Do(context.Background(), cfg)
	if len(ev.Runs) != 1 {
		t.Fatalf("%d runs, want 1", len(ev.Runs))
	}
	var stages []probe.StageID
	for _, f := range ev.Runs[0].Findings {
		stages = append(stages, f.Stage)
	}
	if diff := cmp.Diff(probe.Stages(), stages); diff != "" {
		t.Errorf("stages reported (-want +got):\n%s", diff)
	}
	return ev.Runs[0]
}

const healthy = "hub=not-applicable"

func TestServiceAnswers(t *testing.T) {
	t.Parallel()
	unauthorized := answer(401, `{"errorCode":401002,"trackingId":"t-1","message":"Unauthorized"}`)
	throttled := answer(429, `{"errorCode":429001,"message":"x"}`, "Retry-After", "0")
	failed := answer(200, `{"operationId":"op1","status":"failed","registrationState":{"registrationId":"dev-01","status":"failed","errorCode":400207,"errorMessage":"Custom allocation failed with status code: 400"}}`)
	assigning := answer(202, `{"operationId":"op1","status":"assigning","registrationState":{"registrationId":"dev-01","status":"assigning"}}`, "Retry-After", "0")
	const refused = "register=failed assign=skipped hub=not-applicable"
	const unassigned, unnamed = "assign=failed hub=not-applicable", "assign=warned hub=not-applicable"
	tests := map[string]struct {
		service  service
		mode     probe.Mode
		outcomes string
		end      probe.End
		attempts int
		detail   string // of the failed stage
	}{
		"healthy":              {service{}, "", healthy, probe.EndComplete, 1, ""},
		"assigned after polls": {service{status: once(assigning, answer(200, `{"operationId":"op1","status":"assigned"}`))}, "", unnamed, probe.EndComplete, 1, ""},
		"preflight":            {service{}, probe.ModePreflight, "register=not-applicable assign=not-applicable hub=not-applicable", probe.EndComplete, 0, ""},
		"lookup":               {service{}, probe.ModeLookup, healthy, probe.EndComplete, 1, ""},
		"lookup unknown":       {service{lookup: answer(404, `{"errorCode":404201}`)}, probe.ModeLookup, refused, probe.EndRefused, 1, "404201"},
		"unauthorized":         {service{register: unauthorized}, "", refused, probe.EndRefused, 1, "401002 Unauthorized"},
		"failed":               {service{status: failed}, "", unassigned, probe.EndRefused, 1, "400207 Custom"},
		"disabled":             {service{status: answer(200, `{"operationId":"op1","status":"disabled"}`)}, "", unassigned, probe.EndRefused, 1, "disabled"},
		"throttled once":       {service{register: once(throttled, answer(202, `{"operationId":"op1","status":"assigning"}`, "Retry-After", "0"))}, "", healthy, probe.EndComplete, 2, ""},
		"throttled for ever":   {service{register: throttled}, "", refused, probe.EndExhausted, 4, "4 attempts"},
		"poll throttled once":  {service{status: once(throttled, answer(200, `{"operationId":"op1","status":"assigned"}`))}, "", unnamed, probe.EndComplete, 1, ""},
		"polls throttled":      {service{status: throttled}, "", unassigned, probe.EndExhausted, 1, "429001"},
		"poll forgotten":       {service{status: answer(404, "")}, "", unassigned, probe.EndRefused, 1, "404 without a body"},
		"500":                  {service{register: answer(500, "")}, "", refused, probe.EndExhausted, 4, "500 without a body"},
		"HTML":                 {service{register: answer(200, "<html>sign in</html>")}, "", refused, probe.EndRefused, 1, "does not send (html)"},
		"truncated JSON":       {service{register: answer(202, `{"operationId":"op`)}, "", refused, probe.EndRefused, 1, "truncated-json"},
		"not UTF-8":            {service{register: answer(202, "\xff\xfe\xfd")}, "", refused, probe.EndRefused, 1, "binary"},
		"empty 202":            {service{register: answer(202, "")}, "", refused, probe.EndRefused, 1, "202 without a body"},
		"redirect":             {service{register: answer(302, "", "Location", "https://portal.example/")}, "", refused, probe.EndRefused, 1, "redirected to https://portal.example/"},
		"root redirects":       {service{root: answer(302, "", "Location", "https://portal.example/")}, "", "open=warned hub=not-applicable", probe.EndComplete, 1, ""},
		"garbage Retry-After":  {service{register: answer(202, `{"operationId":"op1","status":"assigning"}`, "Retry-After", "soon")}, "", healthy, probe.EndComplete, 1, ""},
		"malformed header":     {service{register: answer(202, "", "Retry-After", "\x01soon")}, "", refused, probe.EndRefused, 1, "malformed MIME header"},
		"absurd Retry-After":   {service{register: answer(202, `{"operationId":"op1","status":"assigning"}`, "Retry-After", "1000000")}, "", healthy, probe.EndComplete, 1, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := start(t, test.service)
			cfg.Mode = test.mode
			run := do(t, cfg)
			if got := outcomes(run); got != test.outcomes {
				t.Errorf("outcomes %q, want %q", got, test.outcomes)
			}
			if run.End != test.end {
				t.Errorf("end %q, want %q", run.End, test.end)
			}
			if got := run.Attempts(); got != test.attempts {
				t.Errorf("%d attempts, want %d", got, test.attempts)
			}
			if test.detail != "" && !strings.Contains(run.FailedStage().Detail, test.detail) {
				t.Errorf("detail %q lacks %q", run.FailedStage().Detail, test.detail)
			}
		})
	}
}

func TestHugeAnswerIsBounded(t *testing.T) {
	t.Parallel()
	run := do(t, start(t, service{register: func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat("x", 1<<20))
		for range 200 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}}))
	if a := run.LastAnswer(probe.OpRegister); !a.TooLarge || a.Body.Kind != dps.BodyText {
		t.Errorf("answer too large %v, body %v", a.TooLarge, a.Body.Kind)
	}
	if run.FailedStage().Stage != probe.StageRegister {
		t.Errorf("outcomes %s", outcomes(run))
	}
}

// TestAnswerThatIsNoBody: 101 is followed by a connection, which may never end.
func TestAnswerThatIsNoBody(t *testing.T) {
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	run := do(t, start(t, service{register: func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		go func() { <-end; conn.Close() }()
	}}))
	if a := run.LastAnswer(probe.OpRegister); a.Status != http.StatusSwitchingProtocols || run.End != probe.EndRefused {
		t.Errorf("status %d, end %s", a.Status, run.End)
	}
}

// TestLostAnswers covers servers that receive the call and then close the connection or
// send nothing.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	silent := func(_ http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body) // only then does the server notice that the client has gone
		<-req.Context().Done()
	}
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	stallsInBody := func(w http.ResponseWriter, req *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"operationId":`)
		w.(http.Flusher).Flush()
		silent(w, req)
	}
	tests := map[string]struct {
		service  service
		end      probe.End
		outcomes string
	}{
		"silent at the root":      {service{root: silent}, probe.EndTimeout, "open=failed register=skipped assign=skipped hub=not-applicable"},
		"hangs up at the root":    {service{root: hangUp}, probe.EndCut, "open=failed register=skipped assign=skipped hub=not-applicable"},
		"silent at register":      {service{register: silent}, probe.EndTimeout, "register=failed assign=skipped hub=not-applicable"},
		"hangs up at register":    {service{register: hangUp}, probe.EndCut, "register=failed assign=skipped hub=not-applicable"},
		"stalls inside an answer": {service{register: stallsInBody}, probe.EndTimeout, "register=failed assign=skipped hub=not-applicable"},
		"hangs up at a poll":      {service{status: hangUp}, probe.EndCut, "assign=failed hub=not-applicable"},
		"silent at a poll":        {service{status: silent}, probe.EndTimeout, "assign=failed hub=not-applicable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := start(t, test.service)
			if test.end == probe.EndTimeout {
				cfg.Budget = 2 * time.Second
			}
			run := do(t, cfg)
			if run.End != test.end || outcomes(run) != test.outcomes {
				t.Errorf("end %q, outcomes %q; want %q, %q", run.End, outcomes(run), test.end, test.outcomes)
			}
		})
	}
}

// TestCutConnectionIsMadeOnceMore: what the second connection shows stands, unless it is less
// than the first did.
func TestCutConnectionIsMadeOnceMore(t *testing.T) {
	t.Parallel()
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			conn.Close()
		}
	}
	assigned := answer(http.StatusOK, `{"operationId":"4.a.b","status":"assigned","registrationState":{"registrationId":"sensor-17","assignedHub":"h.azure-devices.net","deviceId":"sensor-17","status":"assigned"}}`)
	unauthorized := answer(http.StatusUnauthorized, `{"errorCode":401002,"message":"Unauthorized"}`)
	oneConnection := func(c *probe.Config) {
		var dials atomic.Int32
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) > 1 {
				return nil, syscall.ECONNREFUSED
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}
	for name, test := range map[string]struct {
		register http.HandlerFunc
		change   func(*probe.Config)
		end      probe.End
		again    bool
	}{
		"the second passes":         {once(hangUp, assigned), nil, probe.EndComplete, true},
		"the second is refused":     {once(hangUp, unauthorized), nil, probe.EndRefused, true},
		"the second is cut too":     {hangUp, nil, probe.EndCut, true},
		"there is no second":        {once(hangUp, assigned), oneConnection, probe.EndCut, false},
		"one attempt was asked for": {once(hangUp, assigned), func(c *probe.Config) { c.MaxAttempts = 1 }, probe.EndCut, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := start(t, service{register: test.register})
			if test.change != nil {
				test.change(&cfg)
			}
			run := do(t, cfg)
			again := slices.Contains(run.Find(probe.StageConnect).Facts, probe.Fact{Name: "cut-before", Value: "register"})
			if run.End != test.end || again != test.again {
				t.Errorf("end %q, again %t; want %q, %t", run.End, again, test.end, test.again)
			}
		})
	}
}

// TestInterrupt cancels during a call: the evidence gathered before remains.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cfg := start(t, service{status: func(_ http.ResponseWriter, req *http.Request) {
		cancel()
		<-req.Context().Done()
	}})
	ev := probe.Do(ctx, cfg)
	run := ev.Runs[0]
	if run.End != probe.EndInterrupted || outcomes(run) != "assign=failed hub=not-applicable" {
		t.Errorf("end %q, outcomes %q", run.End, outcomes(run))
	}
	if run.TLS == nil || run.TLS.Root == nil || run.Answers[0].Body.Operation == nil {
		t.Error("what was learned before the interruption is lost")
	}
}

func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	type call struct{ Method, URI, Body, Type string }
	var got []call
	see := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			body, _ := io.ReadAll(req.Body)
			got = append(got, call{req.Method, req.RequestURI, string(body), req.Header.Get("Content-Type")})
			token, err := dps.ParseToken(dps.NewSecret(req.Header.Get("Authorization")))
			if err != nil || !token.Covers(dps.Resource(scope, id)) {
				t.Errorf("%s carries no token for the device: %v", req.Method, err)
			}
			h(w, req)
		}
	}
	cfg := start(t, service{
		register: see(answer(202, `{"operationId":"op/1","status":"assigning"}`, "Retry-After", "0")),
		status:   see(answer(200, `{"operationId":"op/1","status":"assigned"}`)),
	})
	cfg.Payload = []byte(`{"modelId":"dtmi:example:thing;1"}`)
	cfg.APIVersion = "2021-06-01"
	do(t, cfg)
	want := []call{
		{"PUT", "/0ne0045B3C6/registrations/dev-01/register?api-version=2021-06-01", `{"registrationId":"dev-01","payload":{"modelId":"dtmi:example:thing;1"}}`, "application/json; charset=utf-8"},
		{"GET", "/0ne0045B3C6/registrations/dev-01/operations/op%2F1?api-version=2021-06-01", "", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{0, 3 * time.Hour, -20 * time.Minute} {
		cfg := start(t, service{})
		cfg.Now = func() time.Time { return time.Now().Add(ahead) }
		run := do(t, cfg)
		if run.Clock == nil {
			t.Fatalf("%v ahead: the clock was not compared", ahead)
		}
		if off := (run.Clock.Skew - ahead).Abs(); off > run.Clock.Uncertainty || run.Clock.Source != probe.ClockDateHeader {
			t.Errorf("%v ahead: measured %v ± %v", ahead, run.Clock.Skew, run.Clock.Uncertainty)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	cfg := start(t, service{register: answer(429, "", "Retry-After", "0")})
	cfg.MaxAttempts = 2
	var got []string
	cfg.OnEvent = func(e probe.Event) {
		switch {
		case e.Wait != nil:
			got = append(got, fmt.Sprintf("wait:%s:%d", e.Wait.Reason, e.Wait.Attempt))
		case e.Finding == nil:
			got = append(got, "begin:"+string(e.Stage))
		case e.Finding.Outcome == probe.Failed:
			got = append(got, "failed:"+string(e.Stage))
		}
	}
	do(t, cfg)
	want := []string{"begin:inputs", "begin:resolve", "begin:connect", "begin:tls", "begin:open", "begin:register", "wait:429:2", "failed:register"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Runs that would get in each other's way take turns. The wait for a turn is reported, and it is
// no part of the time of a stage.
func TestWaitForATurnIsNotTimeOfTheStage(t *testing.T) {
	t.Parallel()
	const hold = 200 * time.Millisecond
	queued := make(chan struct{}, 1)
	var calls atomic.Int32
	cfg := start(t, service{register: func(w http.ResponseWriter, req *http.Request) {
		if calls.Add(1) == 1 {
			<-queued
			<-time.After(hold)
		}
		answer(202, `{"operationId":"op1","status":"assigning"}`, "Retry-After", "0")(w, req)
	}})
	cfg.Transports = []probe.Transport{probe.NewHTTPS(), probe.NewHTTPS()}
	var got []string
	cfg.OnEvent = func(e probe.Event) {
		if e.Stage != probe.StageRegister || e.Finding != nil {
			return
		}
		if e.Queued {
			queued <- struct{}{}
		}
		got = append(got, fmt.Sprintf("queued=%t", e.Queued))
	}
	ev := probe.Do(t.Context(), cfg)
	var turns time.Duration
	for _, run := range ev.Runs {
		if run.End != probe.EndComplete {
			t.Errorf("a run ended with %s", run.End)
		}
		for _, f := range run.Findings {
			if f.Stage == probe.StageRegister || f.Stage == probe.StageAssign {
				turns += f.Took
			}
		}
	}
	if turns > ev.Took {
		t.Errorf("register and assign, which one run does after the other, took %s of a probe of %s", turns, ev.Took)
	}
	want := []string{"queued=false", "queued=false", "queued=true", "queued=false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events of the stage (-want +got):\n%s", diff)
	}
}
