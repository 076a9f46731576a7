package probe_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/tpm"
)

func saslOutcome(code amqp.SASLCode) []amqp.SASLMechanism {
	return []amqp.SASLMechanism{{Name: "PLAIN", Verify: func(*amqp.SASLExchange) (amqp.SASLCode, error) { return code, nil }}}
}

func TestAMQPSASLRefused(t *testing.T) {
	t.Parallel()
	plain := []string{"PLAIN"}
	tests := map[string]struct {
		mechanisms []amqp.SASLMechanism
		opening    probe.Opening
		end        probe.End
	}{
		"auth":     {saslOutcome(1), probe.Opening{Status: 1, Mechanisms: plain, Refusal: "SASL outcome 1: auth"}, probe.EndRefused},
		"sys":      {saslOutcome(2), probe.Opening{Status: 2, Mechanisms: plain, Refusal: "SASL outcome 2: sys"}, probe.EndRefused},
		"sys-perm": {saslOutcome(3), probe.Opening{Status: 3, Mechanisms: plain, Refusal: "SASL outcome 3: sys-perm"}, probe.EndRefused},
		"sys-temp": {saslOutcome(4), probe.Opening{Status: 4, Mechanisms: plain, Refusal: "SASL outcome 4: sys-temp"}, probe.EndExhausted},
		"unheard":  {saslOutcome(200), probe.Opening{Status: 200, Mechanisms: plain, Refusal: "SASL outcome 200: unknown"}, probe.EndRefused},
		"not offered": {
			[]amqp.SASLMechanism{{Name: "EXTERNAL"}, {Name: "TPM"}},
			probe.Opening{Mechanisms: []string{"EXTERNAL", "TPM"}, Refusal: `sasl: mechanism not offered: PLAIN is not among ["EXTERNAL" "TPM"]`},
			probe.EndRefused,
		},
		"nothing offered": {
			[]amqp.SASLMechanism{},
			probe.Opening{Mechanisms: []string{}, Refusal: `sasl: mechanism not offered: PLAIN is not among []`},
			probe.EndRefused,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				cfg := start(t, amqpPeer{mechanisms: test.mechanisms})
				run := do(t, cfg)
				want := test.opening
				want.Layer = probe.LayerSASL
				if diff := cmp.Diff(&want, run.Opening, cmpopts.IgnoreFields(probe.Opening{}, "Date", "Exchanges")); diff != "" {
					t.Errorf("opening (-want +got):\n%s", diff)
				}
				if failedStage(run) != probe.StageOpen || run.End != test.end {
					t.Errorf("failed at %q, end %q", failedStage(run), run.End)
				}
			})
		})
	}
}

// TestAMQPSASLLost: the peer closes the connection, or sends nothing, between the
// mechanisms and the outcome.
func TestAMQPSASLLost(t *testing.T) {
	t.Parallel()
	hangUp := errors.New("hangs up")
	offer := func(before func(*amqpConn)) func(*amqpConn) {
		return func(c *amqpConn) {
			verify := func(*amqp.SASLExchange) (amqp.SASLCode, error) { before(c); return 0, hangUp }
			c.saslWith(amqp.SASLMechanism{Name: "PLAIN", Verify: verify})
		}
	}
	tests := map[string]struct {
		answer func(*amqpConn)
		kind   netfail.Kind
		end    probe.End
	}{
		"cut":     {amqpCut, netfail.Reset, probe.EndCut},
		"silent":  {amqpSilent, netfail.Timeout, probe.EndTimeout},
		"garbage": {amqpRaw("\x00\x00\x00\x09\x02\x01\x00\x00\xff"), netfail.Protocol, probe.EndRefused},
		"an unasked question": {func(c *amqpConn) {
			c.write(amqp.Frame{Type: amqp.FrameSASL, Body: &amqp.SASLChallenge{Challenge: []byte("?")}})
			untilClosed(c)
		}, netfail.Protocol, probe.EndRefused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				budget, answer := newAMQPBudget(t), test.answer
				if test.kind == netfail.Timeout {
					answer = budget.spend(answer)
				}
				cfg := start(t, amqpPeer{steps: map[amqpStep]func(*amqpConn){atSASL: offer(answer)}})
				run := probe.Do(budget, cfg).Runs[0]
				if f := run.Opening.Failure; f == nil || f.Kind != test.kind || run.End != test.end {
					t.Errorf("failure %+v, end %q", f, run.End)
				}
				if diff := cmp.Diff([]string{"PLAIN"}, run.Opening.Mechanisms); diff != "" || run.Opening.Layer != probe.LayerSASL {
					t.Errorf("layer %q, mechanisms (-want +got):\n%s", run.Opening.Layer, diff)
				}
			})
		})
	}
}

// tpmMechanism is the service's side of the mechanism TPM. It sends the blob in the given
// challenges and accepts the token.
func tpmMechanism(t *testing.T, challenges ...[]byte) []amqp.SASLMechanism {
	return []amqp.SASLMechanism{{Name: amqp.MechanismTPM, Verify: func(x *amqp.SASLExchange) (amqp.SASLCode, error) {
		gotScope, gotID, ek, ok := amqp.ParseTPMInitialResponse(x.Init.InitialResponse)
		if !ok || gotScope != scope || gotID != id || string(ek) != "ek" || x.Init.Hostname != "0ne0045B3C6/registrations/dev-01" {
			t.Errorf("initial response for %q, %q with %q to %q", gotScope, gotID, ek, x.Init.Hostname)
		}
		srk, err := x.Challenge(amqp.TPMKeyRequest())
		if err != nil || string(srk) != "\x00srk" {
			return amqp.SASLAuth, err
		}
		for i, challenge := range challenges {
			response, err := x.Challenge(challenge)
			want := "\x00"
			if i == len(challenges)-1 {
				want += "a token"
			}
			if err != nil || string(response) != want {
				return amqp.SASLAuth, err
			}
		}
		return amqp.SASLOK, nil
	}}}
}

func TestAMQPTPM(t *testing.T) {
	t.Parallel()
	broken := &tpm.Error{Kind: tpm.Activation, Step: "activate the credential", Text: "integrity"}
	blob := bytes.Repeat([]byte("blob"), 100)
	halves := amqp.SplitTPMBlob(blob)
	tests := map[string]struct {
		challenges [][]byte
		err        error
		stage      probe.StageID // the call that fails
		tpm        *tpm.Error
		kind       netfail.Kind
	}{
		"two segments":           {challenges: halves[:]},
		"one segment":            {challenges: [][]byte{append([]byte{0xc0}, blob...)}},
		"the TPM cannot":         {challenges: halves[:], err: broken, stage: probe.StageOpen, tpm: broken},
		"segments out of order":  {challenges: [][]byte{halves[1], halves[0]}, stage: probe.StageOpen, kind: netfail.Protocol},
		"a challenge for nobody": {challenges: [][]byte{[]byte("\x17hello")}, stage: probe.StageOpen, kind: netfail.Protocol},
		"no time left":           {challenges: halves[:], err: context.DeadlineExceeded, stage: probe.StageOpen, kind: netfail.Timeout},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overAMQP(t, func(t *testing.T, start amqpStart) {
				cfg := start(t, amqpPeer{mechanisms: tpmMechanism(t, test.challenges...)})
				device := &fakeTPM{activate: test.err}
				cfg.Attestation = device
				run := do(t, cfg)
				if failedStage(run) != test.stage || !cmp.Equal(run.Opening.TPM, test.tpm) {
					t.Errorf("failed stage %+v, TPM %+v", run.FailedStage(), run.Opening.TPM)
				}
				var kind netfail.Kind
				if f := run.Opening.Failure; f != nil {
					kind = f.Kind
				}
				if kind != test.kind {
					t.Errorf("failure %+v", run.Opening.Failure)
				}
				if got, want := run.Opening.Answered, test.stage == ""; got != want {
					t.Errorf("answered: %t, want %t", got, want)
				}
				if test.stage == "" && !slices.Equal(device.received, []string{string(blob)}) {
					t.Errorf("the TPM was given %q", device.received)
				}
			})
		})
	}
}
