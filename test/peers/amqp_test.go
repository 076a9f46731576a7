//go:build peers

package peers

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// TestRhea registers with an independent AMQP server, whose behaviour depends on the
// registration id. The server checks what the probe sends.
func TestRhea(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir)
	server := startRhea(t, dir)
	key := probe.NewSymmetricKey(dps.NewKey([]byte("0123456789abcdef0123456789abcdef")))
	leaf, signer := ca.device(t, "healthy")
	certificate, err := probe.NewX509([]*x509.Certificate{leaf}, signer)
	if err != nil {
		t.Fatal(err)
	}
	stranger, strangersKey := authority{}.issue(t, &x509.Certificate{})
	unknown, err := probe.NewX509([]*x509.Certificate{stranger}, strangersKey)
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		End       probe.End
		Failed    probe.StageID
		Hub, Said string
		Calls     int
	}
	assigned := outcome{End: probe.EndComplete, Hub: "hub.example", Calls: 1}
	refused := func(said string) outcome { return outcome{End: probe.EndRefused, Failed: probe.StageOpen, Said: said} }
	tests := map[string]struct {
		device      string
		attestation probe.Attestation
		want        outcome
	}{
		"key":            {"healthy", key, assigned},
		"certificate":    {"healthy", certificate, assigned},
		"large answer":   {"large", key, assigned},
		"throttled once": {"throttled-once", key, outcome{End: probe.EndComplete, Hub: "hub.example", Calls: 2}},
		"rejected":       {"rejected", key, outcome{End: probe.EndRefused, Failed: probe.StageRegister, Said: "404: 404201 Not Found", Calls: 1}},
		"hangs up":       {"hangs-up", key, outcome{End: probe.EndCut, Failed: probe.StageRegister, Said: "the connection was cut before an answer", Calls: 1}},
		"link refused":   {"link-refused", key, refused("link closed with amqp:unauthorized-access: 401002 Unauthorized")},
		"open refused":   {"open-refused", key, refused("OPEN refused with amqp:unauthorized-access: 401002 Invalid certificate.")},
		"wrong key":      {"wrong-key", key, refused("SASL outcome 1: auth")},
	}
	for name, test := range tests {
		for _, transport := range []probe.Transport{probe.NewAMQP(), probe.NewAMQPOverWebSocket()} {
			t.Run(name+" over "+string(transport.ID()), func(t *testing.T) {
				run := probeRhea(t, server, ca, transport, test.device, test.attestation)
				got := outcome{End: run.End, Calls: run.Attempts()}
				if f := run.FailedStage(); f != nil {
					got.Failed, got.Said = f.Stage, f.Detail
				}
				if reg := run.Registration(); reg != nil {
					got.Hub = reg.AssignedHub
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("outcome (-want +got):\n%s\nopening %+v, answers %+v", diff, run.Opening, run.Answers)
				}
			})
		}
	}
	t.Run("unknown certificate", func(t *testing.T) {
		run := probeRhea(t, server, ca, probe.NewAMQP(), "healthy", unknown)
		if o := run.Opening; o.Condition != "amqp:unauthorized-access" || o.Layer != probe.LayerAMQPOpen || o.Server != "rhea-peer" || o.Mechanisms != nil {
			t.Errorf("opening %+v", o)
		}
	})
}

func probeRhea(t *testing.T, server rhea, ca authority, transport probe.Transport, device string, attestation probe.Attestation) probe.Run {
	t.Helper()
	return probe.Do(t.Context(), probe.Config{
		Endpoint:       dps.Endpoint{Host: "127.0.0.1", HTTPS: server.WebSocket, AMQP: server.AMQP},
		Scope:          scope,
		RegistrationID: device,
		Attestation:    attestation,
		Transports:     []probe.Transport{transport},
		Roots:          ca.roots(),
		Budget:         30 * time.Second,
		RetryMaxWait:   time.Millisecond,
	}).Runs[0]
}
