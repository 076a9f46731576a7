package probe_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// failedStage returns the stage at which a run failed, "" if none did.
func failedStage(run probe.Run) probe.StageID {
	if f := run.FailedStage(); f != nil {
		return f.Stage
	}
	return ""
}

func TestAMQPAnswers(t *testing.T) {
	t.Parallel()
	const unauthorized = `{"errorCode":401002,"trackingId":"t-1","message":"Unauthorized"}`
	throttled := amqpReject("amqp:resource-limit-exceeded", `{"errorCode":429001,"message":"x"}`, amqp.Symbol("retry-after"), int32(0))
	internal := amqpReject("amqp:internal-error", "")
	accepted := amqpReply(registeringAMQP, "retry-after", int32(0))
	assigned := amqpReply(registeredAMQP)
	assigning := amqpReply(`{"operationId":"op1","status":"assigning","registrationState":{"status":"assigning"}}`, "retry-after", "0")
	failed := amqpReply(`{"operationId":"op1","status":"failed","registrationState":{"status":"failed","errorCode":400207,"errorMessage":"Custom allocation failed with status code: 400"}}`)
	tests := map[string]struct {
		register, status func(*amqpConn, amqpRequest)
		stage            probe.StageID // the stage that fails
		end              probe.End
		attempts         int
		detail           string // of that stage
	}{
		"healthy":                {nil, nil, "", probe.EndComplete, 1, ""},
		"assigned after polls":   {nil, amqpFirst(assigning, assigned), "", probe.EndComplete, 1, ""},
		"rejected with JSON":     {amqpReject("amqp:unauthorized-access", unauthorized), nil, probe.StageRegister, probe.EndRefused, 1, "401: 401002 Unauthorized"},
		"rejected with text":     {amqpReject("amqp:not-found", "no such device"), nil, probe.StageRegister, probe.EndRefused, 1, "amqp:not-found: no such device"},
		"rejected for no reason": {func(c *amqpConn, r amqpRequest) { c.settle(r, &amqp.Rejected{}) }, nil, probe.StageRegister, probe.EndRefused, 1, "the peer rejected the request without a reason"},
		"released":               {func(c *amqpConn, r amqpRequest) { c.settle(r, &amqp.Released{}) }, nil, probe.StageRegister, probe.EndRefused, 1, "the peer released the request unprocessed"},
		"modified":               {func(c *amqpConn, r amqpRequest) { c.settle(r, &amqp.Modified{}) }, nil, probe.StageRegister, probe.EndRefused, 1, "the peer returned the request modified"},
		"an unknown condition":   {amqpReject("example:odd", ""), nil, probe.StageRegister, probe.EndRefused, 1, "example:odd"},
		"an error for an answer": {amqpReply(unauthorized), nil, probe.StageRegister, probe.EndRefused, 1, "401: 401002 Unauthorized"},
		"throttled once":         {amqpFirst(throttled, accepted), nil, "", probe.EndComplete, 2, ""},
		"throttled for ever":     {throttled, nil, probe.StageRegister, probe.EndExhausted, 4, "429: 429001 x, after 4 attempts"},
		"throttled by condition": {amqpReject("com.microsoft:device-container-throttled", ""), nil, probe.StageRegister, probe.EndExhausted, 4, "com.microsoft:device-container-throttled, after 4"},
		"internal error once":    {amqpFirst(internal, accepted), nil, "", probe.EndComplete, 2, ""},
		"poll throttled once":    {nil, amqpFirst(throttled, assigned), "", probe.EndComplete, 1, ""},
		"polls throttled":        {nil, throttled, probe.StageAssign, probe.EndExhausted, 1, "429001"},
		"poll refused":           {nil, amqpReject("amqp:not-found", `{"errorCode":404202}`), probe.StageAssign, probe.EndRefused, 1, "404: 404202"},
		"failed":                 {nil, failed, probe.StageAssign, probe.EndRefused, 1, "400207 Custom"},
		"disabled":               {nil, amqpReply(`{"operationId":"op1","status":"disabled"}`), probe.StageAssign, probe.EndRefused, 1, "disabled"},
		"garbage retry-after":    {amqpReply(registeringAMQP, "retry-after", "soon"), nil, "", probe.EndComplete, 1, ""},
		"text for a body":        {amqpReply("hello"), nil, probe.StageRegister, probe.EndRefused, 1, "does not send (text)"},
		"empty body":             {amqpReply(""), nil, probe.StageRegister, probe.EndRefused, 1, "200 without a body"},
		"huge body":              {amqpReply(strings.Repeat("x", 2*probe.MaxBody)), nil, probe.StageRegister, probe.EndRefused, 1, "more than 1048576 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				cfg := start(t, amqpPeer{register: test.register, status: test.status})
				run := do(t, cfg)
				if failedStage(run) != test.stage || run.End != test.end || run.Attempts() != test.attempts {
					t.Errorf("failed at %q, end %q, %d attempts; want %q, %q, %d", failedStage(run), run.End, run.Attempts(), test.stage, test.end, test.attempts)
				}
				if f := run.FailedStage(); f != nil && !strings.Contains(f.Detail, test.detail) {
					t.Errorf("detail %q lacks %q", f.Detail, test.detail)
				}
				if len(run.Dials) != 1 {
					t.Errorf("%d connections, want 1", len(run.Dials))
				}
			})
		})
	}
}

// TestAMQPAnswerForms: the probe understands every form of an answer that a peer may use.
func TestAMQPAnswerForms(t *testing.T) {
	t.Parallel()
	body := []byte(registeringAMQP)
	value := func(v any) func(*amqpConn, amqpRequest) {
		return amqpThen(amqpAccept, amqpAnswer(&amqp.Message{HasValue: true, Value: v}))
	}
	inFrames := func(limit uint32) func(*amqpConn, amqpRequest) {
		return func(c *amqpConn, r amqpRequest) {
			c.limit = limit
			amqpReply(strings.Repeat(" ", 2000)+registeringAMQP)(c, r)
		}
	}
	tests := map[string]func(*amqpConn, amqpRequest){
		"data":                    amqpReply(registeringAMQP),
		"data in two sections":    amqpThen(amqpAccept, amqpAnswer(&amqp.Message{Data: [][]byte{body[:7], body[7:]}})),
		"a string for a value":    value(registeringAMQP),
		"binary for a value":      value(body),
		"many frames":             inFrames(512),
		"not accepted first":      amqpAnswer(&amqp.Message{Data: [][]byte{body}}),
		"accepted afterwards":     amqpThen(amqpAnswer(&amqp.Message{Data: [][]byte{body}}), amqpAccept),
		"heartbeats in between":   amqpThen(func(c *amqpConn, _ amqpRequest) { c.write(amqp.Frame{}) }, amqpReply(registeringAMQP)),
		"extended frame header":   amqpThen(amqpExtendedAccept, amqpReply(registeringAMQP)),
		"dispositions of its own": amqpThen(amqpSends(&amqp.Disposition{Role: amqp.RoleSender, First: 0, Last: new(^uint32(0)), Settled: true, State: &amqp.Rejected{}}), amqpReply(registeringAMQP)),
	}
	for name, register := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				cfg := start(t, amqpPeer{register: register})
				if run := do(t, cfg); outcomes(run) != healthy {
					t.Errorf("outcomes %q, failed %+v", outcomes(run), run.FailedStage())
				}
			})
		})
	}
}

// amqpExtendedAccept accepts a request in a frame with an extended header, which a reader
// must skip.
func amqpExtendedAccept(c *amqpConn, r amqpRequest) {
	frame, err := amqp.AppendFrame(nil, amqp.Frame{Body: &amqp.Disposition{
		Role: amqp.RoleReceiver, First: r.delivery, Settled: true, State: &amqp.Accepted{},
	}})
	if err != nil {
		panic(err)
	}
	extended := append(append([]byte{}, frame[:8]...), "\xff\xff\xff\xff"...)
	extended = append(extended, frame[8:]...)
	extended[3], extended[4] = byte(len(extended)), 3
	c.Write(extended)
}

func TestAMQPRetryAfter(t *testing.T) {
	t.Parallel()
	const body = `{"errorCode":429001}`
	seconds := func(text string, n int) *probe.RetryAfter {
		return &probe.RetryAfter{Text: text, Wait: time.Duration(n) * time.Second, Valid: true}
	}
	tests := map[string]struct {
		register func(*amqpConn, amqpRequest)
		want     *probe.RetryAfter
	}{
		"none":                          {amqpReject("x:y", body), nil},
		"int property":                  {amqpReply(registeringAMQP, "retry-after", int32(3)), seconds("3", 3)},
		"string property":               {amqpReply(registeringAMQP, "retry-after", "4"), seconds("4", 4)},
		"property in another case":      {amqpReply(registeringAMQP, "Retry-After", uint64(5)), seconds("5", 5)},
		"property that is not a number": {amqpReply(registeringAMQP, "retry-after", true), &probe.RetryAfter{Text: "true"}},
		"null property":                 {amqpReply(registeringAMQP, "retry-after", nil), nil},
		"symbol key in info":            {amqpReject("x:y", body, amqp.Symbol("retry-after"), int64(6)), seconds("6", 6)},
		"string key in info":            {amqpReject("x:y", body, "Retry-After", amqp.Symbol("7")), seconds("7", 7)},
		"among others in info":          {amqpReject("x:y", body, "a", "b", uint8(1), "c", "RETRY-AFTER", uint8(8)), seconds("8", 8)},
		"text that is not a number":     {amqpReject("x:y", body, "retry-after", "soon"), &probe.RetryAfter{Text: "soon"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := startAMQP(t, amqpPeer{register: test.register})
			cfg.MaxAttempts = 1
			run := do(t, cfg)
			if diff := cmp.Diff(test.want, run.Answers[0].RetryAfter); diff != "" {
				t.Errorf("retry-after (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAMQPOtherAnswers: answers to other calls, late answers and duplicates do not confuse
// the probe, and are counted.
func TestAMQPOtherAnswers(t *testing.T) {
	t.Parallel()
	const refusal = `{"errorCode":401002,"message":"Unauthorized"}`
	own := func(body string) func(*amqpConn, amqpRequest) {
		return func(c *amqpConn, r amqpRequest) { amqpAnswerTo(r.correlation(), body)(c, r) }
	}
	var first any
	remember := func(_ *amqpConn, r amqpRequest) { first = r.correlation() }
	late := func(c *amqpConn, r amqpRequest) { amqpAnswerTo(first, refusal)(c, r) }
	accepted, assigned := amqpReply(registeringAMQP, "retry-after", int32(0)), amqpReply(registeredAMQP)
	tests := map[string]struct {
		register, status func(*amqpConn, amqpRequest)
		strays           []int // of each answer
	}{
		"another id first":  {amqpThen(amqpAnswerTo("other", refusal), accepted), nil, []int{1, 0}},
		"another type":      {amqpThen(amqpAnswerTo(uint64(7), refusal), accepted), nil, []int{1, 0}},
		"no id":             {amqpThen(amqpAnswerTo(nil, refusal), accepted), nil, []int{1, 0}},
		"answered twice":    {amqpThen(accepted, own(refusal)), nil, []int{0, 1}},
		"late":              {amqpThen(remember, accepted), amqpThen(late, assigned), []int{0, 1}},
		"a dozen strangers": {amqpThen(amqpStrangers(12), accepted), nil, []int{12, 0}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				cfg := start(t, amqpPeer{register: test.register, status: test.status})
				run := do(t, cfg)
				var strays []int
				for _, a := range run.Answers {
					strays = append(strays, a.Strays)
				}
				if diff := cmp.Diff(test.strays, strays); diff != "" || outcomes(run) != healthy {
					t.Errorf("outcomes %q, strays (-want +got):\n%s", outcomes(run), diff)
				}
			})
		})
	}
}

// amqpStrangers sends n answers that belong to no call, each after the previous one has
// been settled: a client gives credit for only a few at a time.
func amqpStrangers(n int) func(*amqpConn, amqpRequest) {
	return func(c *amqpConn, r amqpRequest) {
		for range n {
			amqpAnswerTo("other", "{}")(c, r)
			for settled := false; !settled; {
				frame, err := amqp.Limits{}.ReadFrame(c)
				if err != nil {
					return
				}
				_, settled = frame.Body.(*amqp.Disposition)
			}
		}
	}
}

func TestAMQPOnTheWire(t *testing.T) {
	t.Parallel()
	saw := make(chan any, 100)
	cfg := startAMQP(t, amqpPeer{saw: saw})
	cfg.Payload = []byte(`{"modelId":"dtmi:example:thing;1"}`)
	cfg.APIVersion = "2021-06-01"
	do(t, cfg)
	properties := amqp.Map{{Key: amqp.Symbol("com.microsoft:api-version"), Value: "2021-06-01"}, {Key: amqp.Symbol("com.microsoft:client-version"), Value: "dpsdiag"}}
	const address = "0ne0045B3C6/registrations/dev-01"
	want := []any{
		amqp.ProtocolSASL.Header(),
		amqp.SASLInit{Mechanism: "PLAIN"},
		&amqp.Open{Hostname: "127.0.0.1"},
		&amqp.Attach{Role: amqp.RoleReceiver, Source: amqp.NewSource(address), Properties: properties},
		&amqp.Attach{Role: amqp.RoleSender, Target: amqp.NewTarget(address), Properties: properties},
		&amqp.Message{
			Data:                  [][]byte{[]byte(`{"registrationId":"dev-01","payload":{"modelId":"dtmi:example:thing;1"}}`)},
			ApplicationProperties: amqp.Map{{Key: "iotdps-operation-type", Value: "iotdps-register"}},
		},
		&amqp.Message{
			Data:                  [][]byte{{}},
			ApplicationProperties: amqp.Map{{Key: "iotdps-operation-type", Value: "iotdps-get-operationstatus"}, {Key: "iotdps-operation-id", Value: "op1"}},
		},
	}
	if diff := cmp.Diff(want, essence(t, saw)); diff != "" {
		t.Errorf("the peer saw (-want +got):\n%s", diff)
	}
}

// essence reduces what a peer received to what the device API requires, checks the
// correlation ids and sorts maps.
func essence(t *testing.T, saw <-chan any) []any {
	t.Helper()
	var list []any
	ids := map[any]bool{}
	for {
		switch v := (<-saw).(type) {
		case *amqp.Close:
			return list
		case amqp.ProtocolHeader:
			list = append(list, v)
		case amqp.SASLInit:
			list = append(list, amqp.SASLInit{Mechanism: v.Mechanism, Hostname: v.Hostname})
		case *amqp.Open:
			list = append(list, &amqp.Open{Hostname: v.Hostname})
		case *amqp.Attach:
			link := &amqp.Attach{Role: v.Role, Properties: inOrder(v.Properties)}
			if v.Source.Address() != "" {
				link.Source = amqp.NewSource(v.Source.Address())
			}
			if v.Target.Address() != "" {
				link.Target = amqp.NewTarget(v.Target.Address())
			}
			list = append(list, link)
		case *amqp.Message:
			id, ok := v.Properties.CorrelationID.(string)
			if !ok || len(id) != 36 || ids[id] {
				t.Errorf("correlation id %v is not a fresh UUID", v.Properties.CorrelationID)
			}
			ids[id] = true
			list = append(list, &amqp.Message{Data: v.Data, ApplicationProperties: inOrder(v.ApplicationProperties)})
		}
	}
}

// inOrder sorts a map of at most two entries into the order that the test expects.
func inOrder(m amqp.Map) amqp.Map {
	late := map[any]bool{amqp.Symbol(dps.AMQPClientVersion): true, dps.AMQPOperationID: true}
	if len(m) == 2 && late[m[0].Key] {
		m[0], m[1] = m[1], m[0]
	}
	return m
}

// TestAMQPCertificate: a certificate authenticates the device in the TLS handshake, without
// SASL.
func TestAMQPCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil)
	server.Close()
	leaf := server.Certificate()
	attestation, err := probe.NewX509([]*x509.Certificate{leaf}, server.TLS.Certificates[0].PrivateKey.(crypto.Signer))
	if err != nil {
		t.Fatal(err)
	}
	var presented atomic.Pointer[x509.Certificate]
	saw := make(chan any, 100)
	peer := amqpPeer{saw: saw, tls: &tls.Config{
		ClientAuth: tls.RequireAnyClientCert,
		VerifyConnection: func(state tls.ConnectionState) error {
			presented.Store(state.PeerCertificates[0])
			return nil
		},
	}}
	overAMQP(t, func(t *testing.T, start amqpStart) {
		cfg := start(t, peer)
		presented.Store(nil)
		cfg.Attestation = attestation
		run := do(t, cfg)
		if outcomes(run) != "inputs=warned "+healthy {
			t.Errorf("outcomes %q, failed %+v", outcomes(run), run.FailedStage())
		}
		if got := presented.Load(); !leaf.Equal(got) || !run.TLS.ClientCertSent {
			t.Errorf("the peer was presented %v", got)
		}
		if header := <-saw; header != amqp.ProtocolAMQP.Header() || run.Opening.Mechanisms != nil {
			t.Errorf("began with %v, was offered %v", header, run.Opening.Mechanisms)
		}
		essence(t, saw) // until the end
	})
}

// TestAMQPLargePayload: a request is sent in several frames, unless the peer says that it
// is too large.
func TestAMQPLargePayload(t *testing.T) {
	t.Parallel()
	small := uint32(512)
	tests := map[string]struct {
		peer    amqpPeer
		failure *netfail.Failure
	}{
		"frames of 64 KiB":   {amqpPeer{}, nil},
		"frames of 512":      {amqpPeer{opening: amqp.Open{MaxFrameSize: &small}}, nil},
		"messages of 64 KiB": {amqpPeer{maxMessage: 65536}, &netfail.Failure{Kind: netfail.Other, Text: "encoded message size exceeds max of 65536"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				cfg := start(t, test.peer)
				cfg.Payload = []byte(`{"text":"` + strings.Repeat("x", 200_000) + `"}`)
				run := do(t, cfg)
				if diff := cmp.Diff(test.failure, lastFailure(run)); diff != "" || (failedStage(run) == "") != (test.failure == nil) {
					t.Errorf("failed at %q, failure (-want +got):\n%s", failedStage(run), diff)
				}
			})
		})
	}
}

func TestAMQPSupports(t *testing.T) {
	t.Parallel()
	for _, transport := range []probe.Transport{probe.NewAMQP(), probe.NewAMQPOverWebSocket()} {
		for _, kind := range []probe.AttestationKind{probe.KindSymmetricKey, probe.KindX509, probe.KindTPM} {
			for mode, fine := range map[probe.Mode]bool{probe.ModeRegister: true, probe.ModePreflight: true, probe.ModeLookup: false} {
				if err := transport.Supports(mode, kind); (err == nil) != fine {
					t.Errorf("%s with %s over %s: %v", mode, kind, transport.ID(), err)
				}
			}
		}
	}
}

// TestAMQPPreflight opens everything and sends nothing.
func TestAMQPPreflight(t *testing.T) {
	t.Parallel()
	cfg := startAMQP(t, amqpPeer{steps: map[amqpStep]func(*amqpConn){atRegister: func(*amqpConn) { t.Error("a request was sent") }}})
	cfg.Mode = probe.ModePreflight
	if run := do(t, cfg); failedStage(run) != "" || len(run.Answers) != 0 || run.Opening.Server != amqpServer {
		t.Errorf("outcomes %q, opening %+v", outcomes(run), run.Opening)
	}
}
