//go:build peers

// Package amqp_test has the probe register with an AMQP server that is not ours, so that
// the probe and the emulator cannot share a misunderstanding of the protocol. It needs
// Node.js and, before, `npm ci --ignore-scripts --omit=dev` in this folder.
package amqp_test

import (
	"bufio"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

const scope = "0ne0045B3C6"

// peer is a running server.
type peer struct {
	endpoint    dps.Endpoint
	certificate *x509.Certificate
	key         crypto.Signer
}

// startPeer runs the server until the test ends. Its certificate serves as a client
// certificate too.
func startPeer(t *testing.T) peer {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	p := peer{certificate: server.Certificate(), key: server.TLS.Certificates[0].PrivateKey.(crypto.Signer)}
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	keyFile := writePEM(t, filepath.Join(folder, "key.pem"), "PRIVATE KEY", der)
	certFile := writePEM(t, filepath.Join(folder, "cert.pem"), "CERTIFICATE", p.certificate.Raw)

	cmd := exec.CommandContext(t.Context(), "node", "peer.mjs", keyFile, certFile)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the test's context has killed it
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the server has not started (was npm ci run?): %v", err)
	}
	var ports struct{ AMQP, WebSocket int }
	if err := json.Unmarshal(line, &ports); err != nil {
		t.Fatal(err)
	}
	p.endpoint = dps.Endpoint{Host: "127.0.0.1", HTTPS: ports.WebSocket, AMQP: ports.AMQP}
	return p
}

func writePEM(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// outcome is what a probe comes to.
type outcome struct {
	FailedAt  probe.StageID
	End       probe.End
	Hub       string
	Code      int // six-digit
	Condition string
	SASL      int // outcome
	Attempts  int
}

func outcomeOf(run probe.Run) outcome {
	o := outcome{End: run.End, Attempts: run.Attempts(), Condition: run.Opening.Condition}
	if f := run.FailedStage(); f != nil {
		o.FailedAt = f.Stage
	}
	if run.Opening.Layer == probe.LayerSASL {
		o.SASL = run.Opening.Status
	}
	refusal := run.Opening.Body.Error
	if a := run.LastAnswer(); a != nil {
		o.Condition, refusal = a.Condition, a.Body.Error
	}
	if refusal != nil {
		o.Code = refusal.ErrorCode
	}
	if r := run.Registration(); r != nil {
		o.Hub = r.AssignedHub
	}
	return o
}

func TestProbeAgainstRhea(t *testing.T) {
	p := startPeer(t)
	key := probe.NewSymmetricKey(dps.NewKey([]byte("0123456789abcdef0123456789abcdef")))
	certificate, err := probe.NewX509([]*x509.Certificate{p.certificate}, p.key)
	if err != nil {
		t.Fatal(err)
	}
	registered := outcome{End: probe.EndComplete, Hub: "hub.example", Attempts: 1}
	tests := map[string]struct {
		device      string
		attestation probe.Attestation
		want        outcome
	}{
		"key":             {"healthy", key, registered},
		"certificate":     {"healthy", certificate, registered},
		"large answer":    {"large", key, registered},
		"throttled once":  {"throttled-once", key, outcome{End: probe.EndComplete, Hub: "hub.example", Attempts: 2}},
		"rejected":        {"rejected", key, outcome{FailedAt: probe.StageRegister, End: probe.EndRefused, Code: 404201, Condition: "amqp:not-found", Attempts: 1}},
		"link refused":    {"link-refused", key, outcome{FailedAt: probe.StageOpen, End: probe.EndRefused, Code: 401002, Condition: "amqp:unauthorized-access"}},
		"open refused":    {"open-refused", key, outcome{FailedAt: probe.StageOpen, End: probe.EndRefused, Code: 401002, Condition: "amqp:unauthorized-access"}},
		"wrong key":       {"wrong-key", key, outcome{FailedAt: probe.StageOpen, End: probe.EndRefused, SASL: 1}},
		"hangs up":        {"hangs-up", key, outcome{FailedAt: probe.StageRegister, End: probe.EndCut, Attempts: 1}},
		"no such address": {"a/b", key, outcome{FailedAt: probe.StageOpen, End: probe.EndRefused, Condition: "amqp:not-found"}},
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.certificate)
	for name, test := range tests {
		for _, transport := range []probe.Transport{probe.NewAMQP(), probe.NewAMQPOverWebSocket()} {
			t.Run(name+" over "+string(transport.ID()), func(t *testing.T) {
				evidence := probe.Do(t.Context(), probe.Config{
					Endpoint: p.endpoint, Scope: scope, RegistrationID: test.device, Attestation: test.attestation,
					Transports: []probe.Transport{transport}, Roots: roots,
					Budget: time.Minute, RetryMaxWait: time.Millisecond,
				})
				run := evidence.Runs[0]
				if diff := cmp.Diff(test.want, outcomeOf(run)); diff != "" {
					t.Errorf("outcome (-want +got):\n%s", diff)
					t.Logf("failed stage %+v", run.FailedStage())
				}
				if test.want.SASL == 0 && run.Opening.Server != "rhea-peer" {
					t.Errorf("the server is %q", run.Opening.Server)
				}
			})
		}
	}
}
