package probe_test

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

const (
	notOpened     = "open=failed register=skipped assign=skipped hub=not-applicable"
	notRegistered = "register=failed assign=skipped hub=not-applicable"
	notAssigned   = "assign=failed hub=not-applicable"
)

// onEach runs a test over both transports that use MQTT.
func onEach(t *testing.T, test func(*testing.T, carrier)) {
	for _, c := range carriers() {
		t.Run(c.name, func(t *testing.T) { test(t, c) })
	}
}

func TestMQTTAnswers(t *testing.T) {
	t.Parallel()
	unauthorized := reply(401, "", `{"errorCode":401002,"trackingId":"t-1","message":"Unauthorized"}`)
	throttled := reply(429, "0", `{"errorCode":429001,"message":"x"}`)
	assigning := reply(202, "0", `{"operationId":"op1","status":"assigning","registrationState":{"registrationId":"dev-01","status":"assigning"}}`)
	accepted, assigned := reply(202, "0", registering), reply(200, "", registered)
	tests := map[string]struct {
		broker   broker
		outcomes string
		end      probe.End
		attempts int
		detail   string // of the failed stage
	}{
		"healthy":              {broker{}, healthy, probe.EndComplete, 1, ""},
		"assigned after polls": {broker{status: first(assigning, assigned)}, healthy, probe.EndComplete, 1, ""},
		"unauthorized":         {broker{register: unauthorized}, notRegistered, probe.EndRefused, 1, "401: 401002 Unauthorized"},
		"throttled once":       {broker{register: first(throttled, accepted)}, healthy, probe.EndComplete, 2, ""},
		"throttled for ever":   {broker{register: throttled}, notRegistered, probe.EndExhausted, 4, "4 attempts"},
		"poll throttled once":  {broker{status: first(throttled, assigned)}, healthy, probe.EndComplete, 1, ""},
		"500":                  {broker{register: reply(500, "", "")}, notRegistered, probe.EndExhausted, 4, "500 without a body"},
		"failed": {
			broker{status: reply(200, "", `{"operationId":"op1","status":"failed","registrationState":{"registrationId":"dev-01","status":"failed","errorCode":400207,"errorMessage":"Custom allocation failed with status code: 400"}}`)},
			notAssigned, probe.EndRefused, 1, "400207 Custom",
		},
		"disabled":            {broker{status: reply(200, "", `{"operationId":"op1","status":"disabled"}`)}, notAssigned, probe.EndRefused, 1, "disabled"},
		"garbage retry-after": {broker{register: reply(202, "soon", registering)}, healthy, probe.EndComplete, 1, ""},
		"text for a body":     {broker{register: reply(202, "", "hello")}, notRegistered, probe.EndRefused, 1, "does not send (text)"},
		"empty body":          {broker{register: reply(202, "", "")}, notRegistered, probe.EndRefused, 1, "202 without a body"},
		"huge body":           {broker{register: reply(202, "", strings.Repeat("x", 3*probe.MaxBody))}, notRegistered, probe.EndRefused, 1, "more than 1048576 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, c carrier) {
				run := do(t, with(c.start(t, test.broker), func(c *probe.Config) { c.RetryMaxWait = time.Millisecond }))
				if outcomes(run) != test.outcomes || run.End != test.end {
					t.Errorf("outcomes %q, end %q; want %q, %q", outcomes(run), run.End, test.outcomes, test.end)
				}
				if got := run.Attempts(); got != test.attempts {
					t.Errorf("%d attempts, want %d", got, test.attempts)
				}
				if f := run.FailedStage(); test.detail != "" && (f == nil || !strings.Contains(f.Detail, test.detail)) {
					t.Errorf("failed stage %+v lacks %q", f, test.detail)
				}
			})
		})
	}
}

// TestMQTTRefusedSession: the opening contains the layer, its code and the code's name.
// CONNACK 3, which is worth another attempt, is in TestMQTTUnavailable.
func TestMQTTRefusedSession(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		broker  broker
		layer   probe.Layer
		status  int
		refusal string
	}{
		"CONNACK 1":              {broker{connect: connack(1)}, probe.LayerMQTTConnect, 1, "CONNACK 1: unacceptable protocol version"},
		"CONNACK 2":              {broker{connect: connack(2)}, probe.LayerMQTTConnect, 2, "CONNACK 2: identifier rejected"},
		"CONNACK 4":              {broker{connect: connack(4)}, probe.LayerMQTTConnect, 4, "CONNACK 4: bad user name or password"},
		"CONNACK 5":              {broker{connect: connack(5)}, probe.LayerMQTTConnect, 5, "CONNACK 5: not authorized"},
		"CONNACK 5 and hangs up": {broker{connect: thenCut(connack(5))}, probe.LayerMQTTConnect, 5, "CONNACK 5: not authorized"},
		"reserved CONNACK":       {broker{connect: connack(0x86)}, probe.LayerMQTTConnect, 0x86, "CONNACK 134: a reserved code"},
		"SUBACK 0x80":            {broker{subscribe: suback(0x80)}, probe.LayerMQTTSubscribe, 0x80, "SUBACK 128: the subscription to the answers is refused"},
		"SUBACK 0x80 and hangs up": {
			broker{subscribe: thenCut(suback(0x80))},
			probe.LayerMQTTSubscribe, 0x80, "SUBACK 128: the subscription to the answers is refused",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, c carrier) {
				run := do(t, c.start(t, test.broker))
				if o := run.Opening; o.Layer != test.layer || o.Status != test.status || o.Refusal != test.refusal || o.Failure != nil {
					t.Errorf("opening %+v", o)
				}
				if outcomes(run) != notOpened || run.End != probe.EndRefused || run.FailedStage().Detail != test.refusal {
					t.Errorf("outcomes %q, end %q, detail %q", outcomes(run), run.End, run.FailedStage().Detail)
				}
				wantFacts := []probe.Fact{{Name: "layer", Value: string(test.layer)}, {Name: "status", Value: strconv.Itoa(test.status)}}
				if diff := cmp.Diff(wantFacts, run.FailedStage().Facts); diff != "" {
					t.Errorf("facts (-want +got):\n%s", diff)
				}
				if len(run.Dials) != 1 {
					t.Errorf("%d connections, want 1: a refusal is not asked for twice", len(run.Dials))
				}
			})
		})
	}
}

// TestMQTTUnavailable: every attempt uses its own connection.
func TestMQTTUnavailable(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c carrier) {
		run := do(t, with(c.start(t, broker{connect: connack(3)}), func(c *probe.Config) { c.RetryMaxWait = time.Millisecond }))
		want := probe.Opening{Layer: probe.LayerMQTTConnect, Status: 3, Refusal: "CONNACK 3: server unavailable"}
		if o := run.Opening; o.Layer != want.Layer || o.Status != want.Status || o.Refusal != want.Refusal || o.Failure != nil {
			t.Errorf("opening %+v", o)
		}
		const detail = "CONNACK 3: server unavailable, after 4 attempts"
		if outcomes(run) != notOpened || run.End != probe.EndRefused || run.FailedStage().Detail != detail {
			t.Errorf("outcomes %q, end %q, detail %q", outcomes(run), run.End, run.FailedStage().Detail)
		}
		if len(run.Dials) != probe.DefaultMaxAttempts {
			t.Errorf("%d connections", len(run.Dials))
		}
	})
}

// TestMQTTLost covers brokers that close the connection, send nothing or use another
// protocol, at each step. Raw bytes are not a WebSocket, so those cases use TLS only.
func TestMQTTLost(t *testing.T) {
	t.Parallel()
	const (
		reset    = netfail.Reset
		timeout  = netfail.Timeout
		protocol = netfail.Protocol
	)
	tests := map[string]struct {
		broker   broker
		kind     netfail.Kind
		outcomes string
		layer    probe.Layer // of the opening
	}{
		"cut at CONNECT":            {broker{connect: cut[connecting]}, reset, notOpened, probe.LayerMQTTConnect},
		"cut after CONNACK":         {broker{connect: thenCut(connack(0))}, reset, notOpened, probe.LayerMQTTSubscribe},
		"cut at SUBSCRIBE":          {broker{subscribe: cut[subscribing]}, reset, notOpened, probe.LayerMQTTSubscribe},
		"cut after SUBACK":          {broker{subscribe: thenCut(suback(1))}, reset, notRegistered, probe.LayerMQTTSubscribe},
		"cut at register":           {broker{register: cut[call]}, reset, notRegistered, probe.LayerMQTTSubscribe},
		"cut after PUBACK":          {broker{register: thenCut(puback)}, reset, notRegistered, probe.LayerMQTTSubscribe},
		"cut after register":        {broker{register: thenCut(reply(202, "0", registering))}, reset, notAssigned, probe.LayerMQTTSubscribe},
		"cut at a poll":             {broker{status: cut[call]}, reset, notAssigned, probe.LayerMQTTSubscribe},
		"silent at CONNECT":         {broker{connect: silence[connecting]}, timeout, notOpened, probe.LayerMQTTConnect},
		"silent at SUBSCRIBE":       {broker{subscribe: silence[subscribing]}, timeout, notOpened, probe.LayerMQTTSubscribe},
		"silent at register":        {broker{register: silence[call]}, timeout, notRegistered, probe.LayerMQTTSubscribe},
		"silent after PUBACK":       {broker{register: puback}, timeout, notRegistered, probe.LayerMQTTSubscribe},
		"silent at a poll":          {broker{status: silence[call]}, timeout, notAssigned, probe.LayerMQTTSubscribe},
		"only strangers' answers":   {broker{register: then(puback, responseTo("7", 200, registered))}, timeout, notRegistered, probe.LayerMQTTSubscribe},
		"HTTP at CONNECT":           {broker{connect: raw[connecting]("HTTP/1.1 400 Bad Request\r\n\r\n")}, protocol, notOpened, probe.LayerMQTTConnect},
		"a CONNACK of 256 MB":       {broker{connect: raw[connecting]("\x20\xff\xff\xff\x7f")}, protocol, notOpened, probe.LayerMQTTConnect},
		"a length without end":      {broker{connect: raw[connecting]("\x20\xff\xff\xff\xff\xff")}, protocol, notOpened, probe.LayerMQTTConnect},
		"SUBACK with three codes":   {broker{subscribe: suback(1, 1, 1)}, protocol, notOpened, probe.LayerMQTTSubscribe},
		"garbage at SUBSCRIBE":      {broker{subscribe: raw[subscribing]("\x00\x01\x02\x03")}, protocol, notOpened, probe.LayerMQTTSubscribe},
		"garbage at register":       {broker{register: raw[call]("\xf0\xf1\xf2\xf3")}, protocol, notRegistered, probe.LayerMQTTSubscribe},
		"PUBLISH without its topic": {broker{register: raw[call]("\x32\x04\x00\x09ab")}, protocol, notRegistered, probe.LayerMQTTSubscribe},
		"PUBLISH with QoS 2":        {broker{register: raw[call]("\x34\x05\x00\x01a\x00\x01")}, protocol, notRegistered, probe.LayerMQTTSubscribe},
		"garbage at a poll":         {broker{status: raw[call]("\x00\x00")}, protocol, notAssigned, probe.LayerMQTTSubscribe},
	}
	ends := map[netfail.Kind]probe.End{reset: probe.EndCut, timeout: probe.EndTimeout, protocol: probe.EndRefused}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, c carrier) {
				t.Parallel()
				cfg := c.start(t, test.broker)
				if test.kind == timeout {
					cfg.Budget = 2 * time.Second
				}
				run := do(t, cfg)
				if outcomes(run) != test.outcomes || run.End != ends[test.kind] || run.Opening.Layer != test.layer {
					t.Errorf("outcomes %q, end %q, layer %q; want %q, %q, %q", outcomes(run), run.End, run.Opening.Layer, test.outcomes, ends[test.kind], test.layer)
				}
				failure := run.Opening.Failure
				if a := run.LastAnswer(); a != nil {
					failure = a.Failure
				}
				if failure == nil || failure.Kind != test.kind || run.Opening.Refusal != "" {
					t.Errorf("failure %+v, refusal %q", failure, run.Opening.Refusal)
				}
			})
		})
	}
}

// TestMQTTOtherAnswers: answers to other calls, second answers and an answer without its
// PUBACK do not confuse the probe, and are reported.
func TestMQTTOtherAnswers(t *testing.T) {
	t.Parallel()
	refusal := `{"errorCode":401002,"message":"Unauthorized"}`
	twice := then(reply(202, "0", registering), response(401, "", refusal))
	type heard struct {
		Strays         int
		Unacknowledged bool
	}
	tests := map[string]struct {
		broker broker
		want   []heard
	}{
		"healthy":               {broker{}, []heard{{}, {}}},
		"another rid first":     {broker{register: then(responseTo("7", 401, refusal), reply(202, "0", registering))}, []heard{{Strays: 1}, {}}},
		"a topic of its own":    {broker{register: then(func(p *peer, _ call) { p.publish("news", "") }, reply(202, "0", registering))}, []heard{{Strays: 1}, {}}},
		"answered twice":        {broker{register: twice}, []heard{{}, {Strays: 1}}},
		"no PUBACK":             {broker{register: response(202, "0", registering)}, []heard{{Unacknowledged: true}, {}}},
		"PUBACK after answer":   {broker{status: then(response(200, "", registered), puback)}, []heard{{}, {}}},
		"no PUBACK, hangs up":   {broker{status: thenCut(response(200, "", registered))}, []heard{{}, {Unacknowledged: true}}},
		"answers and hangs up":  {broker{status: thenCut(reply(200, "", registered))}, []heard{{}, {}}},
		"answers and goes mad":  {broker{status: then(reply(200, "", registered), raw[call]("\xff\xff"))}, []heard{{}, {}}},
		"message before SUBACK": {broker{subscribe: then(func(p *peer, _ subscribing) { p.publish("news", "") }, suback(1))}, []heard{{Strays: 1}, {}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, c carrier) {
				t.Parallel()
				run := do(t, c.start(t, test.broker))
				var got []heard
				for _, a := range run.Answers {
					got = append(got, heard{a.Strays, a.Unacknowledged})
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				if outcomes(run) != healthy {
					t.Errorf("outcomes %q, %+v", outcomes(run), run.FailedStage())
				}
			})
		})
	}
}

// TestMQTTLateAnswer: an answer to an abandoned call is not the next call's answer, and the
// session can still be used.
func TestMQTTLateAnswer(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, c carrier) {
		var late call
		session, opening := open(t, c, broker{
			register: func(_ *peer, c call) { late = c },
			status: func(p *peer, c call) {
				response(401, "", `{"errorCode":401002}`)(p, late)
				reply(200, "", registered)(p, c)
			},
		})
		if session == nil {
			t.Fatalf("opening %+v", opening)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if a := session.Register(ctx, nil); a.Failure == nil || a.Failure.Kind != netfail.Timeout {
			t.Errorf("register: %+v", a)
		}
		if a := session.Status(t.Context(), "op1"); a.Failure != nil || a.Status != 200 || a.Strays != 1 {
			t.Errorf("status: %+v", a)
		}
	})
}

// open opens a session without the stages of a probe.
func open(t *testing.T, c carrier, b broker) (probe.Session, probe.Opening) {
	t.Helper()
	cfg := c.start(t, b)
	address := net.JoinHostPort(cfg.Endpoint.Host, strconv.Itoa(c.transport.ID().Port(cfg.Endpoint)))
	dial := func(ctx context.Context) (net.Conn, error) {
		return (&tls.Dialer{Config: &tls.Config{RootCAs: cfg.Roots}}).DialContext(ctx, "tcp", address)
	}
	on := probe.Target{Endpoint: cfg.Endpoint, Scope: scope, RegistrationID: id, APIVersion: dps.DefaultAPIVersion}
	session, opening := c.transport.Open(t.Context(), dial, on, probe.Identity{})
	if session != nil {
		t.Cleanup(func() { session.Close() })
	}
	return session, opening
}

// TestMQTTInterrupt cancels during each wait. The wait ends, and the evidence gathered
// before remains.
func TestMQTTInterrupt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		broker   func(cancel func()) broker
		outcomes string
	}{
		"CONNECT": {func(cancel func()) broker {
			return broker{connect: func(*peer, connecting) { cancel() }}
		}, notOpened},
		"SUBSCRIBE": {func(cancel func()) broker {
			return broker{subscribe: func(*peer, subscribing) { cancel() }}
		}, notOpened},
		"register": {func(cancel func()) broker {
			return broker{register: func(*peer, call) { cancel() }}
		}, notRegistered},
		"poll": {func(cancel func()) broker {
			return broker{status: func(*peer, call) { cancel() }}
		}, notAssigned},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, c carrier) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				run := probe.Do(ctx, c.start(t, test.broker(cancel))).Runs[0]
				if run.End != probe.EndInterrupted || outcomes(run) != test.outcomes {
					t.Errorf("end %q, outcomes %q", run.End, outcomes(run))
				}
				if run.TLS == nil || run.TLS.Root == nil {
					t.Error("what was learned before the interruption is lost")
				}
			})
		})
	}
}

func TestSupports(t *testing.T) {
	t.Parallel()
	all := []probe.AttestationKind{probe.KindSymmetricKey, probe.KindGroupKey, probe.KindX509, probe.KindTPM, probe.KindSASToken}
	for _, transport := range []probe.Transport{probe.NewHTTPS(), probe.NewMQTT(), probe.NewMQTTOverWebSocket()} {
		for _, mode := range []probe.Mode{probe.ModeRegister, probe.ModePreflight, probe.ModeLookup} {
			for _, kind := range all {
				want := transport.ID() == probe.HTTPS || mode != probe.ModeLookup && kind != probe.KindTPM
				if err := transport.Supports(mode, kind); (err == nil) != want {
					t.Errorf("%s, %s, %s: %v", transport.ID(), mode, kind, err)
				}
			}
		}
	}
}
