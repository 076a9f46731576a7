//go:build soak && linux

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
	"dpsdiag/test/hostile"
)

// The test in this file runs for MINUTES, an environment variable: make soak.

// soakDir is the environment variable with the state directory of [TestEmulatorOfTheSoak].
const soakDir = "SOAK_STATE_DIR"

// TestEmulatorOfTheSoak is dpsdiag emulate in a process of its own, started by [TestSoak]. At every SIGUSR1 it writes a line
// with its goroutines and its memory to file 3.
func TestEmulatorOfTheSoak(t *testing.T) {
	dir := os.Getenv(soakDir)
	if dir == "" {
		return // TestSoak did not start this process
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		answers := json.NewEncoder(os.NewFile(3, "answers"))
		for range asked {
			runtime.GC()
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			_ = answers.Encode(sample{Goroutines: runtime.NumGoroutine(), HeapKB: int(memory.HeapAlloc >> 10)})
		}
	}()
	if status := run(t.Context(), realWorld(), []string{"emulate", "-o", "json", "-q", "--state-dir", dir, "--config", os.Getenv(soakDir) + ".toml"}); status != report.ExitOK {
		t.Errorf("exit status %d", status)
	}
}

// sample is what was measured at one time.
type sample struct {
	Goroutines, HeapKB     int // from the process, after a garbage collection
	Files, Threads, RSSinK int // from /proc
}

// soaked is the emulator under test.
type soaked struct {
	*exec.Cmd
	ready   emulator.Ready
	answers *json.Decoder
}

func startSoaked(t *testing.T) *soaked {
	t.Helper()
	dir := t.TempDir() + "/state"
	if err := os.WriteFile(dir+".toml", []byte("retry_after = 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &soaked{Cmd: exec.CommandContext(context.Background(), self, "-test.run", "^TestEmulatorOfTheSoak$"), answers: json.NewDecoder(read)}
	s.Env, s.ExtraFiles = append(os.Environ(), soakDir+"="+dir), []*os.File{write}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Process.Signal(syscall.SIGTERM)
		if err := s.Wait(); err != nil {
			t.Errorf("the emulator ended with %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &s.ready); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	return s
}

// measure takes a sample.
func (s *soaked) measure(t *testing.T) (m sample) {
	t.Helper()
	if err := s.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if err := s.answers.Decode(&m); err != nil {
		t.Fatal(err)
	}
	proc := "/proc/" + strconv.Itoa(s.Process.Pid)
	files, err := os.ReadDir(proc + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	m.Files = len(files)
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		number, _ := strconv.Atoi(strings.Fields(value + " 0")[0])
		switch name {
		case "Threads":
			m.Threads = number
		case "VmRSS":
			m.RSSinK = number
		}
	}
	return m
}

// load is what the devices of the soak share.
type load struct {
	ready                    emulator.Ready
	endpoint                 dps.Endpoint
	roots                    *tls.Config
	groupKey                 dps.Key
	registered, wrong, enemy atomic.Int64
}

func newLoad(t *testing.T, ready emulator.Ready) *load {
	t.Helper()
	l := &load{ready: ready}
	pem, err := os.ReadFile(ready.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	l.roots = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"}
	if !l.roots.RootCAs.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %q", pem)
	}
	if l.endpoint, err = dps.ParseEndpoint(ready.Endpoints.HTTPS); err != nil {
		t.Fatal(err)
	}
	l.endpoint.MQTT, l.endpoint.AMQP = portOf(t, ready.Endpoints.MQTT), portOf(t, ready.Endpoints.AMQP)
	l.groupKey = readKeyFile(t, l.identity(emulator.GroupKey).GroupKeyFile)
	return l
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	endpoint, err := dps.ParseEndpoint(address)
	if err != nil {
		t.Fatal(err)
	}
	return endpoint.HTTPS
}

func readKeyFile(t *testing.T, path string) dps.Key {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key, err := dps.ParseKey(dps.NewSecret(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// identity is the first ready identity with an attestation.
func (l *load) identity(attestation emulator.Attestation) emulator.Identity {
	at := slices.IndexFunc(l.ready.Identities, func(i emulator.Identity) bool { return i.Attestation == attestation })
	return l.ready.Identities[at]
}

// honest registers the device of a worker again and again, over one transport after the other, and checks each result.
func (l *load) honest(ctx context.Context, t *testing.T, worker int) {
	id, attestation := l.device(t, worker)
	for round := 0; ctx.Err() == nil; round++ {
		cfg := probe.Config{
			Endpoint: l.endpoint, Scope: l.ready.IDScope, RegistrationID: id, Attestation: attestation, Roots: l.roots.RootCAs,
			Transports: []probe.Transport{probe.Transports()[round%len(probe.Transports())]}, CheckHub: round%3 == 0, MayDisconnect: true,
		}
		ev := probe.Do(context.WithoutCancel(ctx), cfg)
		reply := ev.Runs[0].Registration()
		if reply == nil || reply.Status != dps.StatusAssigned || reply.DeviceID != id || reply.AssignedHub != l.ready.Endpoints.Hub && !strings.HasPrefix(reply.AssignedHub, "localhost:") || ev.Runs[0].FailedStage() != nil {
			if l.wrong.Add(1) < 5 {
				t.Errorf("%s over %s: %+v", id, cfg.Transports[0].ID(), ev.Runs[0].FailedStage())
			}
		}
		l.registered.Add(1)
		rest(ctx, 50*time.Millisecond)
	}
}

// device is the identity of a worker; no other worker has it.
func (l *load) device(t *testing.T, worker int) (string, probe.Attestation) {
	t.Helper()
	switch worker {
	case 0:
		own := l.identity(emulator.SymmetricKey)
		return own.RegistrationID, probe.NewSymmetricKey(readKeyFile(t, own.KeyFile))
	case 1:
		own := l.identity(emulator.X509)
		certs, err := os.ReadFile(own.CertFile)
		if err != nil {
			t.Fatal(err)
		}
		key, err := os.ReadFile(own.KeyFile)
		if err != nil {
			t.Fatal(err)
		}
		chain, err := certchain.ParsePEM(certs)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := certchain.ParseKey(key)
		if err != nil {
			t.Fatal(err)
		}
		attestation, err := probe.NewX509(chain, signer)
		if err != nil {
			t.Fatal(err)
		}
		return own.RegistrationID, attestation
	}
	return fmt.Sprintf("soak-%d", worker), probe.NewGroupKey(l.groupKey)
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// attack does what a hostile or a broken device does, again and again.
func (l *load) attack(ctx context.Context, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 3))
	ends := l.ready.Endpoints
	for ctx.Err() == nil {
		if rng.IntN(4) == 0 {
			l.breakOff(ctx, rng)
		} else {
			l.disturb(ctx, rng, []string{ends.HTTPS, ends.MQTT, ends.AMQP, ends.Hub}[rng.IntN(4)])
		}
		l.enemy.Add(1)
		rest(ctx, time.Duration(rng.IntN(100))*time.Millisecond)
	}
}

// breakOff begins to register a device, sometimes with a wrong key, and stops at a random moment.
func (l *load) breakOff(ctx context.Context, rng *rand.Rand) {
	key := l.groupKey
	if rng.IntN(2) == 0 {
		key = dps.NewKey(hostile.Random(rng, 32))
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(rng.IntN(60))*time.Millisecond)
	defer cancel()
	probe.Do(ctx, probe.Config{
		Endpoint: l.endpoint, Scope: l.ready.IDScope, RegistrationID: fmt.Sprintf("enemy-%d", rng.IntN(50)), Attestation: probe.NewGroupKey(key), Roots: l.roots.RootCAs,
		Transports: []probe.Transport{probe.Transports()[rng.IntN(len(probe.Transports()))]}, MaxAttempts: 1,
	})
}

// disturb connects to an address, sends invalid data, and closes the connection in one of several ways.
func (l *load) disturb(ctx context.Context, rng *rand.Rand, address string) {
	plain, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer plain.Close()
	_ = plain.SetDeadline(time.Now().Add(3 * time.Second))
	conn := plain
	if rng.IntN(4) > 0 {
		conn = tls.Client(plain, l.roots)
	}
	source := hostile.Source{Rand: rng}
	for range 1 + rng.IntN(4) {
		texts := slices.Concat(source.MQTT(), source.AMQP(), source.WebSocket(), requests(), [][]byte{hostile.Random(rng, rng.IntN(3000)), nil})
		text := texts[rng.IntN(len(texts))]
		if _, err := conn.Write(text[:rng.IntN(len(text)+1)]); err != nil {
			return
		}
	}
	switch rng.IntN(4) {
	case 0:
		_ = plain.(*net.TCPConn).SetLinger(0)
	case 1:
		_, _ = io.CopyN(io.Discard, conn, 64<<10) // until the deadline, or until the emulator has enough
	case 2:
		rest(ctx, time.Duration(rng.IntN(2000))*time.Millisecond)
	}
}

// requests are invalid HTTP requests.
func requests() [][]byte {
	const host = " HTTP/1.1\r\nHost: localhost\r\n"
	var texts [][]byte
	for _, text := range []string{
		"GET /" + host + "\r\n", "PUT /x/registrations/y/register?api-version=2019-03-31" + host + "Content-Length: 1000000\r\n\r\n{",
		"PUT /x/registrations/y/register" + host + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "POST /enrollments/query" + host + "Authorization: " + strings.Repeat("x", 9000) + "\r\n\r\n",
		"GET /$iothub/websocket" + host + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
		"GET /" + strings.Repeat("a", 100000), strings.Repeat("X: y\r\n", 5000), "GET / HTTP/9.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		texts = append(texts, []byte(text))
	}
	return texts
}

// median is the median of a measure.
func median(samples []sample, of func(sample) int) int {
	values := make([]int, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// TestSoak: under honest and hostile load the emulator does not grow, and every honest registration is right. The first quarter
// of the time is a warm-up. In the last quarter, the median of each measure may exceed that of the second quarter by a tenth
// and a small number; when the load is gone, goroutines and files must be as many as before it.
func TestSoak(t *testing.T) {
	minutes, err := strconv.ParseFloat(os.Getenv("MINUTES"), 64)
	if err != nil {
		t.Fatal("MINUTES: ", err)
	}
	const count = 40
	total := time.Duration(minutes * float64(time.Minute))
	s := startSoaked(t)
	l := newLoad(t, s.ready)
	idle := s.measure(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var workers sync.WaitGroup
	for i := range 4 {
		workers.Go(func() { l.honest(ctx, t, i) })
		workers.Go(func() { l.attack(ctx, uint64(i)) })
		workers.Go(func() { l.attack(ctx, uint64(100+i)) })
	}
	var samples []sample
	for range count {
		rest(ctx, total/count)
		samples = append(samples, s.measure(t))
		t.Logf("%d registered, %d wrong, %d hostile: %+v", l.registered.Load(), l.wrong.Load(), l.enemy.Load(), samples[len(samples)-1])
	}
	stop()
	workers.Wait()
	if l.wrong.Load() > 0 || l.registered.Load() == 0 {
		t.Errorf("%d of %d registrations were wrong", l.wrong.Load(), l.registered.Load())
	}
	early, late := samples[count/4:count/2], samples[3*count/4:]
	for _, m := range []struct {
		name  string
		of    func(sample) int
		extra int
	}{
		{"goroutines", func(s sample) int { return s.Goroutines }, 20},
		{"files", func(s sample) int { return s.Files }, 10},
		{"threads", func(s sample) int { return s.Threads }, 4},
		{"heap in kB", func(s sample) int { return s.HeapKB }, 2000},
		{"resident memory in kB", func(s sample) int { return s.RSSinK }, 4000},
	} {
		before, after := median(early, m.of), median(late, m.of)
		t.Logf("%s: idle %d, after the warm-up %d, at the end %d", m.name, m.of(idle), before, after)
		if after > before+before/10+m.extra {
			t.Errorf("%s grew from %d to %d", m.name, before, after)
		}
	}
	for wait := time.Now().Add(3 * time.Minute); ; rest(t.Context(), time.Second) {
		end := s.measure(t)
		if end.Goroutines <= idle.Goroutines+2 && end.Files <= idle.Files+2 {
			t.Logf("without load: %+v, before it: %+v", end, idle)
			return
		}
		if time.Now().After(wait) {
			t.Errorf("without load: %+v, before it: %+v", end, idle)
			return
		}
	}
}
