package hostile_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // as the program does: package net/http quotes there what was not asked for
	goleak.VerifyTestMain(m)
}

// service is the honest service behind all peers.
type service struct {
	*emulator.Emulator
	authority *authority
	honest    tls.Certificate
	trusted   *tls.Config // for connections to the emulator
	roots     *x509.CertPool
	groupKey  dps.Key
}

func startService(t *testing.T) *service {
	t.Helper()
	file, err := emulator.ParseFile("f.toml", []byte("retry_after = 0\n"), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	e, err := emulator.Start(t.Context(), emulator.Config{File: file, Files: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	device := e.Device()
	s := &service{Emulator: e, authority: newAuthority(t), trusted: &tls.Config{RootCAs: device.Roots}, roots: device.Roots.Clone()}
	s.roots.AddCert(s.authority.cert)
	if s.honest, err = s.authority.server(func(*x509.Certificate) {}); err != nil {
		t.Fatal(err)
	}
	for _, id := range e.Ready().Identities {
		if id.GroupKeyFile == "" {
			continue
		}
		text, err := os.ReadFile(id.GroupKeyFile)
		if err != nil {
			t.Fatal(err)
		}
		if s.groupKey, err = dps.ParseKey(dps.NewSecret(string(text))); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// config is that of an honest server.
func (*service) config(s *service) (*tls.Config, error) {
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: slices.Clone(s.honest.Certificate), PrivateKey: s.honest.PrivateKey}}}, nil
}

// address is where the emulator serves a transport.
func (s *service) address(id probe.TransportID) string {
	switch ends := s.Ready().Endpoints; id {
	case probe.MQTT:
		return ends.MQTT
	case probe.AMQP:
		return ends.AMQP
	default:
		return ends.HTTPS
	}
}

// The budget of a probe, and how much longer one may take.
const (
	budget = 600 * time.Millisecond
	grace  = 3 * time.Second
)

// TestHostilePeers: whatever a server does, and at whichever point, the probe ends within its budget and closes
// its connections, and its report says what happened, without a secret and without a control character.
func TestHostilePeers(t *testing.T) {
	t.Parallel()
	s := startService(t)
	var mu sync.Mutex
	var late []uint64
	t.Run("peers", func(t *testing.T) {
		for seed := range uint64(peers) {
			t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) {
				t.Parallel()
				if why := s.meet(t, newPeer(seed, s)); why != "" {
					mu.Lock()
					defer mu.Unlock()
					late = append(late, seed)
				}
			})
		}
	})
	for _, seed := range late { // again, but alone: the machine may have been busy
		if why := s.meet(t, newPeer(seed, s)); why != "" {
			t.Errorf("seed %d: %s", seed, why)
		}
	}
}

// TestAPeerWithoutATrickIsHonest: what the probe says of the peers is due to their tricks.
func TestAPeerWithoutATrickIsHonest(t *testing.T) {
	t.Parallel()
	s := startService(t)
	for _, transport := range probe.Transports() {
		p := newPeer(0, s)
		p.transport, p.upstream, p.trick = transport, s.address(transport.ID()), trick{layer: inPlain}
		p.at = -1
		cfg := s.probeOf(t, p)
		cfg.Budget = 30 * time.Second
		if ev := probe.Do(t.Context(), cfg); ev.Runs[0].Registration() == nil || ev.Runs[0].Registration().Status != dps.StatusAssigned {
			t.Errorf("over %s: %+v", transport.ID(), ev.Runs[0].Findings)
		}
		if !p.close(grace) {
			t.Errorf("over %s: a connection is open", transport.ID())
		}
	}
}

// probeOf starts a peer and returns the configuration of a probe of it.
func (s *service) probeOf(t *testing.T, p *peer) probe.Config {
	t.Helper()
	return probe.Config{
		Endpoint: p.start(t), Scope: s.Ready().IDScope, RegistrationID: fmt.Sprintf("dev-%d", p.seed), Attestation: probe.NewGroupKey(s.groupKey),
		Transports: []probe.Transport{p.transport}, Roots: s.roots, Budget: budget, MaxAttempts: 2, RetryMaxWait: 10 * time.Millisecond,
	}
}

// meet probes a peer and checks what is shown of it. It returns what did not end in time, "" for nothing.
func (s *service) meet(t *testing.T, p *peer) (late string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(p)
		}
	}()
	cfg := s.probeOf(t, p)
	start := time.Now()
	ev := probe.Do(t.Context(), cfg)
	if took := time.Since(start); took > budget+grace {
		late = fmt.Sprintf("the probe took %s", took)
	}
	if !p.close(grace) {
		late = "a connection is open"
	}
	doc := report.NewProbe(&ev, advice.Diagnose(&ev), report.Tool{Version: "1"}, false)
	checkVerdict(t, doc)
	for what, shown := range render(t, doc) {
		checkShown(t, what, shown)
		for _, secret := range s.secretsOf(p, cfg.RegistrationID) {
			if strings.Contains(shown, secret) {
				t.Errorf("%s has the secret %q", what, secret)
			}
		}
	}
	return late
}

// secretsOf are parts of what must not be shown: the keys of the group and of the device, and the signature that the peer has seen.
func (s *service) secretsOf(p *peer, id string) []string {
	list := []string{s.groupKey.Text().Reveal()[:24], s.groupKey.Derive(id).Text().Reveal()[:24]}
	if _, signature, signed := strings.Cut(p.secrets(), "sig="); signed {
		signature, _, _ = strings.Cut(signature, "&")
		plain, err := url.QueryUnescape(signature)
		if err == nil && len(plain) > 24 {
			list = append(list, signature, plain[:24])
		}
	}
	return list
}

// checkVerdict checks that a report says what is wrong or that it cannot tell.
func checkVerdict(t *testing.T, doc *report.Probe) {
	t.Helper()
	status := map[string]int{"registered": report.ExitOK, "fault": report.ExitFault, "no-verdict": report.ExitNoVerdict, "retry-later": report.ExitRetryLater}
	if want, known := status[doc.Verdict]; !known || doc.ExitCode != want {
		t.Errorf("verdict %q with exit status %d", doc.Verdict, doc.ExitCode)
	}
	if doc.Verdict == "fault" && len(doc.Causes) == 0 {
		t.Error("a fault without a cause")
	}
	if doc.Verdict == "registered" && doc.Runs[0].Reply.Status != "assigned" {
		t.Errorf("registered with the reply %+v", doc.Runs[0].Reply)
	}
	if doc.DurationMS < 0 {
		t.Errorf("it took %v ms", doc.DurationMS)
	}
	for _, stage := range doc.Runs[0].Stages {
		if stage.DurationMS < 0 || stage.Outcome == "failed" && stage.Detail == "" {
			t.Errorf("stage %+v", stage)
		}
	}
}

// render is a report in every format, by the name of the format.
func render(t *testing.T, doc *report.Probe) map[string]string {
	t.Helper()
	shown := map[string]string{}
	for _, f := range report.FormatsFor(doc) {
		if f.FileOnly {
			continue // its files are in these formats
		}
		var b bytes.Buffer
		if err := f.Write(&b, doc, report.Options{Verbose: true}); err != nil {
			t.Fatal(err)
		}
		shown[f.Name] = b.String()
	}
	return shown
}

// checkShown checks that a text has no control characters, also not as escapes of JSON.
func checkShown(t *testing.T, what, shown string) {
	t.Helper()
	if !utf8.ValidString(shown) {
		t.Errorf("%s is not UTF-8", what)
	}
	for _, r := range shown {
		if r != '\n' && !strconv.IsPrint(r) {
			t.Errorf("%s has %U", what, r)
		}
	}
	if what != "json" && what != "sarif" {
		return
	}
	decoder := json.NewDecoder(strings.NewReader(shown))
	for {
		token, err := decoder.Token()
		if err != nil {
			if decoder.InputOffset() < int64(len(strings.TrimSpace(shown))) {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		text, isText := token.(string)
		for _, r := range text {
			if isText && r != '\n' && !strconv.IsPrint(r) {
				t.Errorf("%s has %U in %q", what, r, text)
			}
		}
	}
}
