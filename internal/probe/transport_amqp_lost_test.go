package probe_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// lastFailure returns why the last answer, or the session, failed.
func lastFailure(run probe.Run) *netfail.Failure {
	if a := run.LastAnswer(); a != nil {
		return a.Failure
	}
	return run.Opening.Failure
}

// TestAMQPRefused: the opening says what refused it, in the transport's own terms.
func TestAMQPRefused(t *testing.T) {
	t.Parallel()
	const body = `{"errorCode":401002,"trackingId":"t-1","message":"IotHubUnauthorizedAccess","timestampUtc":"2019-01-17T14:48:41.5631281Z"}`
	parsed := dps.Body{Kind: dps.BodyError, Error: &dps.ServiceError{
		ErrorCode: 401002, TrackingID: "t-1", Message: "IotHubUnauthorizedAccess", Timestamp: "2019-01-17T14:48:41.5631281Z",
	}}
	reason := amqpError("amqp:unauthorized-access", body)
	throttled := amqpError("com.microsoft:device-container-throttled", "slow down", amqp.Symbol("retry-after"), "9")
	open := func(properties ...amqp.Pair) amqp.Composite {
		return &amqp.Open{ContainerID: amqpServer, Properties: properties}
	}
	openError := open(amqp.Pair{Key: amqp.Symbol("com.microsoft:open-error"), Value: reason})
	offered := []string{"TPM", "PLAIN"}
	tests := map[string]struct {
		step    amqpStep
		answer  func(*amqpConn)
		opening probe.Opening
		end     probe.End
	}{
		"open-error, then CLOSE": {
			atOpen, amqpFrames(openError, &amqp.Close{Error: reason}),
			probe.Opening{
				Layer: probe.LayerAMQPOpen, Condition: "amqp:unauthorized-access", Body: parsed,
				Refusal: "OPEN refused with amqp:unauthorized-access: 401002 IotHubUnauthorizedAccess",
			},
			probe.EndRefused,
		},
		"open-error and no CLOSE": {
			atOpen, amqpFrames(openError),
			probe.Opening{
				Layer: probe.LayerAMQPOpen, Condition: "amqp:unauthorized-access", Body: parsed,
				Refusal: "OPEN refused with amqp:unauthorized-access: 401002 IotHubUnauthorizedAccess",
			},
			probe.EndRefused,
		},
		"CLOSE after OPEN": {
			atOpen, amqpFrames(open(), &amqp.Close{Error: reason}),
			probe.Opening{
				Layer: probe.LayerAMQPOpen, Condition: "amqp:unauthorized-access", Body: parsed,
				Refusal: "connection closed with amqp:unauthorized-access: 401002 IotHubUnauthorizedAccess",
			},
			probe.EndRefused,
		},
		"END for BEGIN": {
			atBegin, amqpFrames(&amqp.End{Error: throttled}),
			probe.Opening{
				Layer: probe.LayerAMQPOpen, Condition: "com.microsoft:device-container-throttled",
				Body:       dps.Body{Kind: dps.BodyText, Excerpt: "slow down"},
				RetryAfter: &probe.RetryAfter{Text: "9", Wait: 9 * time.Second, Valid: true},
				Refusal:    "session closed with com.microsoft:device-container-throttled: slow down",
			},
			probe.EndExhausted,
		},
		"receiver refused": {
			atReceiver, amqpNoLink(amqpError("amqp:not-found", "The link address did not match any of the expected formats.")),
			probe.Opening{
				Layer: probe.LayerAMQPAttach, Condition: "amqp:not-found",
				Body:    dps.Body{Kind: dps.BodyText, Excerpt: "The link address did not match any of the expected formats."},
				Refusal: "link closed with amqp:not-found: The link address did not match any of the expected formats.",
			},
			probe.EndRefused,
		},
		"sender refused": {
			atSender, amqpNoLink(reason),
			probe.Opening{
				Layer: probe.LayerAMQPAttach, Condition: "amqp:unauthorized-access", Body: parsed,
				Refusal: "link closed with amqp:unauthorized-access: 401002 IotHubUnauthorizedAccess",
			},
			probe.EndRefused,
		},
		"DETACH without ATTACH": {
			atReceiver, amqpFrames(&amqp.Detach{Closed: true, Error: amqpError("amqp:not-allowed", "")}),
			probe.Opening{
				Layer: probe.LayerAMQPAttach, Condition: "amqp:not-allowed", Body: dps.Body{Kind: dps.BodyEmpty},
				Refusal: "link closed with amqp:not-allowed",
			},
			probe.EndRefused,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				cfg := start(t, amqpPeer{steps: map[amqpStep]func(*amqpConn){test.step: test.answer}})
				run := do(t, cfg)
				want := test.opening
				want.Server, want.Mechanisms = amqpServer, offered
				if diff := cmp.Diff(&want, run.Opening, cmpopts.IgnoreFields(probe.Opening{}, "Date", "Exchanges")); diff != "" {
					t.Errorf("opening (-want +got):\n%s", diff)
				}
				if failedStage(run) != probe.StageOpen || run.End != test.end || !strings.HasPrefix(run.FailedStage().Detail, want.Refusal) {
					t.Errorf("failed stage %+v, end %q", run.FailedStage(), run.End)
				}
			})
		})
	}
}

// TestAMQPLost covers peers that close the connection, send nothing or use another
// protocol, at each step.
func TestAMQPLost(t *testing.T) {
	t.Parallel()
	const (
		halfFrame = "\x00\x00\x00\x40\x02\x00\x00\x00\x00\x53"
		badFrame  = "\x00\x00\x00\x04\x02\x00\x00\x00"
		webPage   = "HTTP/1.1 400 Bad Request\r\n\r\n"
	)
	cutShort := func(c *amqpConn) { c.Write([]byte(halfFrame)); c.Close() }
	faults := map[string]struct {
		f    func(*amqpConn)
		kind netfail.Kind
		end  probe.End
	}{
		"cut":          {amqpCut, netfail.Reset, probe.EndCut},
		"silent":       {amqpSilent, netfail.Timeout, probe.EndTimeout},
		"HTTP":         {amqpRaw(webPage), netfail.Protocol, probe.EndRefused},
		"half a frame": {cutShort, netfail.Reset, probe.EndCut},
		"bad frame":    {amqpRaw(badFrame), netfail.Protocol, probe.EndRefused},
		"a 4 GB frame": {amqpRaw("\xff\xff\xff\xff\x02\x00\x00\x00"), netfail.Protocol, probe.EndRefused},
		"CLOSE":        {amqpFrames(&amqp.Close{}), netfail.Reset, probe.EndCut},
	}
	steps := map[amqpStep]struct {
		stage probe.StageID
		layer probe.Layer
	}{
		atSASL:     {probe.StageOpen, probe.LayerSASL},
		atHeader:   {probe.StageOpen, probe.LayerAMQPOpen},
		atOpen:     {probe.StageOpen, probe.LayerAMQPOpen},
		atBegin:    {probe.StageOpen, probe.LayerAMQPOpen},
		atReceiver: {probe.StageOpen, probe.LayerAMQPAttach},
		atSender:   {probe.StageOpen, probe.LayerAMQPAttach},
		atRegister: {probe.StageRegister, probe.LayerAMQPAttach},
		atStatus:   {probe.StageAssign, probe.LayerAMQPAttach},
	}
	for step, at := range steps {
		for name, fault := range faults {
			if beforeFrames := step == atSASL || step == atHeader; beforeFrames && name != "cut" && name != "silent" && name != "HTTP" {
				continue // no frames at that step yet
			}
			t.Run(name+" at "+string(step), func(t *testing.T) {
				t.Parallel()
				overAMQP(t, func(t *testing.T, start amqpStart) {
					budget, answer := newAMQPBudget(t), fault.f
					if fault.kind == netfail.Timeout {
						answer = budget.spend(answer)
					}
					cfg := start(t, amqpPeer{steps: map[amqpStep]func(*amqpConn){step: answer}})
					run := probe.Do(budget, cfg).Runs[0]
					if failedStage(run) != at.stage || run.Opening.Layer != at.layer || run.End != fault.end {
						t.Errorf("failed at %q, layer %q, end %q; want %q, %q, %q", failedStage(run), run.Opening.Layer, run.End, at.stage, at.layer, fault.end)
					}
					if f := lastFailure(run); f == nil || f.Kind != fault.kind || run.Opening.Refusal != "" {
						t.Errorf("failure %+v, opening %+v", f, run.Opening)
					}
				})
			})
		}
	}
}

// TestAMQPAnswerBeforeTheEnd: an answer counts although the connection ends directly after
// it; the end belongs to the next call.
func TestAMQPAnswerBeforeTheEnd(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*amqpConn, amqpRequest){
		"cut":    func(c *amqpConn, _ amqpRequest) { c.Close() },
		"DETACH": func(c *amqpConn, _ amqpRequest) { c.send(&amqp.Detach{Handle: c.answers, Closed: true}) },
		"END":    amqpSends(&amqp.End{}),
		"CLOSE":  amqpSends(&amqp.Close{}),
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				cfg := start(t, amqpPeer{register: amqpThen(amqpReply(registeringAMQP, "retry-after", int32(0)), end)})
				for range 20 {
					run := do(t, cfg)
					if len(run.Answers) != 2 || run.Answers[0].Body.Operation == nil || failedStage(run) != probe.StageAssign {
						t.Fatalf("answers %+v, failed stage %+v", run.Answers, run.FailedStage())
					}
					if f := run.Answers[1].Failure; f == nil || f.Kind != netfail.Reset || run.End != probe.EndCut {
						t.Fatalf("failure %+v, end %q", f, run.End)
					}
				}
			})
		})
	}
}

// TestAMQPReopens: if a connection, session or link ends with a request to come back later,
// it is opened again.
func TestAMQPReopens(t *testing.T) {
	t.Parallel()
	throttled := amqpError("com.microsoft:device-container-throttled", "", amqp.Symbol("retry-after"), int32(0))
	refused := amqpError("amqp:unauthorized-access", "no more")
	once := func(calls *atomic.Int32, f func(*amqpConn, amqpRequest)) func(*amqpConn, amqpRequest) {
		return func(c *amqpConn, r amqpRequest) {
			if calls.Add(1) == 1 {
				f(c, r)
				return
			}
			amqpReply(registeringAMQP, "retry-after", int32(0))(c, r)
		}
	}
	ends := map[string]func(*amqpConn, amqpRequest){
		"DETACH": func(c *amqpConn, _ amqpRequest) {
			c.send(&amqp.Detach{Handle: c.answers, Closed: true, Error: throttled})
		},
		"END":   amqpSends(&amqp.End{Error: throttled}),
		"CLOSE": amqpSends(&amqp.Close{Error: throttled}),
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			run := do(t, startAMQP(t, amqpPeer{register: once(&calls, end)}))
			if outcomes(run) != healthy || run.Attempts() != 2 || len(run.Dials) != 2 {
				t.Errorf("outcomes %q, %d attempts, %d connections", outcomes(run), run.Attempts(), len(run.Dials))
			}
			if a := run.Answers[0]; a.Status != 429 || a.Condition != string(throttled.Condition) || a.Failure != nil {
				t.Errorf("first answer %+v", a)
			}
		})
	}
	again := map[string]struct {
		step   amqpStep
		answer func(*amqpConn)
		want   probe.Answer
		end    probe.End
	}{
		"refused by OPEN": {
			atOpen, amqpFrames(&amqp.Open{ContainerID: amqpServer}, &amqp.Close{Error: refused}),
			probe.Answer{Op: probe.OpRegister, Status: 401, Condition: "amqp:unauthorized-access", Body: dps.Body{Kind: dps.BodyText, Excerpt: "no more"}},
			probe.EndRefused,
		},
		"refused by SASL": {
			atSASL, func(c *amqpConn) {
				c.saslWith(saslOutcome(amqp.SASLAuth)...)
				untilClosed(c)
			},
			probe.Answer{Op: probe.OpRegister, Failure: &netfail.Failure{Kind: netfail.Other, Text: "SASL outcome 1: auth"}},
			probe.EndRefused,
		},
		"throttled again and again": {
			atOpen, amqpFrames(&amqp.Open{ContainerID: amqpServer}, &amqp.Close{Error: throttled}),
			probe.Answer{
				Op: probe.OpRegister, Status: 429, Condition: string(throttled.Condition), Body: dps.Body{Kind: dps.BodyEmpty},
				RetryAfter: &probe.RetryAfter{Text: "0", Valid: true},
			},
			probe.EndExhausted,
		},
		"cut": {
			atOpen, amqpCut,
			probe.Answer{Op: probe.OpRegister, Failure: &netfail.Failure{Kind: netfail.Reset, Text: "EOF"}},
			probe.EndCut,
		},
	}
	for name, test := range again {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int32
			steps := map[amqpStep]func(*amqpConn){}
			p := amqpPeer{steps: steps, register: amqpThen(
				func(*amqpConn, amqpRequest) { steps[test.step] = test.answer; conns.Add(1) },
				amqpSends(&amqp.Close{Error: throttled}),
			)}
			run := do(t, startAMQP(t, p))
			if diff := cmp.Diff(test.want, *run.LastAnswer(), cmpopts.IgnoreFields(probe.Answer{}, "Took", "Exchange")); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if run.End != test.end || conns.Load() != 1 {
				t.Errorf("end %q, %d connections made a call", run.End, conns.Load())
			}
		})
	}
}

// TestAMQPInterrupt cancels at each step: the probe ends and every socket is closed, or the
// test would not end.
func TestAMQPInterrupt(t *testing.T) {
	t.Parallel()
	for _, step := range []amqpStep{atSASL, atHeader, atOpen, atBegin, atReceiver, atSender, atRegister, atStatus} {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				ctx, cancel := context.WithCancel(t.Context())
				interrupt := func(c *amqpConn) { cancel(); untilClosed(c) }
				cfg := start(t, amqpPeer{steps: map[amqpStep]func(*amqpConn){step: interrupt}})
				started := time.Now()
				run := probe.Do(ctx, cfg).Runs[0]
				if run.End != probe.EndInterrupted || run.TLS == nil || run.TLS.Root == nil {
					t.Errorf("end %q, TLS %+v", run.End, run.TLS)
				}
				if took := time.Since(started); took > 10*time.Second { // a call may take 30 s
					t.Errorf("it took %v to end", took)
				}
			})
		})
	}
}

// TestAMQPOtherProtocol: each side requires another protocol header.
func TestAMQPOtherProtocol(t *testing.T) {
	t.Parallel()
	announce := func(p amqp.Protocol) func(*amqpConn) {
		return func(c *amqpConn) { c.announce(p); untilClosed(c) }
	}
	tests := map[string]struct {
		step    amqpStep
		answer  func(*amqpConn)
		layer   probe.Layer
		refusal string
	}{
		"no SASL there":   {atSASL, announce(amqp.ProtocolAMQP), probe.LayerSASL, "not AMQP 3 1 0 0"},
		"SASL once more":  {atHeader, announce(amqp.ProtocolSASL), probe.LayerAMQPOpen, "not AMQP 0 1 0 0"},
		"another version": {atHeader, amqpRaw("AMQP\x00\x00\x09\x01"), probe.LayerAMQPOpen, "AMQP 0 0 9 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				cfg := start(t, amqpPeer{steps: map[amqpStep]func(*amqpConn){test.step: test.answer}})
				run := do(t, cfg)
				if o := run.Opening; o.Layer != test.layer || !strings.Contains(o.Refusal, test.refusal) || o.Failure != nil || run.End != probe.EndRefused {
					t.Errorf("opening %+v, end %q", o, run.End)
				}
			})
		})
	}
}

// TestAMQPHandshakeRefused: over a WebSocket the handshake can be refused first.
func TestAMQPHandshakeRefused(t *testing.T) {
	t.Parallel()
	choose := func(subprotocol string) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			ws, err := websocket.Accept(w, req, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
			if err == nil {
				_ = ws.CloseNow()
			}
		}
	}
	tests := map[string]struct {
		handler http.HandlerFunc
		opening probe.Opening
	}{
		"forbidden": {
			answer(403, "", "Server", "front/1"),
			probe.Opening{
				Status: 403, Server: "front/1", Body: dps.Body{Kind: dps.BodyEmpty},
				Refusal: "the WebSocket handshake was answered with 403 Forbidden",
			},
		},
		"proxy wants a password": {
			answer(407, "<html>", "Retry-After", "7"),
			probe.Opening{
				Status: 407, Body: dps.Body{Kind: dps.BodyHTML, Excerpt: "<html>"},
				RetryAfter: &probe.RetryAfter{Text: "7", Wait: 7 * time.Second, Valid: true},
				Refusal:    "the WebSocket handshake was answered with 407 Proxy Authentication Required",
			},
		},
		"for MQTT only": {
			choose("mqtt"),
			probe.Opening{Status: 101, Refusal: `the peer opened the WebSocket without the subprotocol "AMQPWSB10"`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked [2]string
			run := do(t, startAMQPHandshake(t, nil, func(w http.ResponseWriter, req *http.Request) {
				asked = [2]string{req.RequestURI, req.Header.Get("Sec-WebSocket-Protocol")}
				test.handler(w, req)
			}))
			want := test.opening
			want.Layer = probe.LayerWebSocket
			if diff := cmp.Diff(&want, run.Opening, cmpopts.IgnoreFields(probe.Opening{}, "Date", "Exchanges")); diff != "" {
				t.Errorf("opening (-want +got):\n%s", diff)
			}
			if failedStage(run) != probe.StageOpen || run.End != probe.EndRefused || asked != [2]string{"/$iothub/websocket", "AMQPWSB10"} {
				t.Errorf("failed at %q, end %q, asked for %q", failedStage(run), run.End, asked)
			}
		})
	}
}
