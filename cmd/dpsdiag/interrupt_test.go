//go:build unix

package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// hangLimit bounds what should take no time at all.
const hangLimit = time.Minute

// TestInterruptedAtEveryStage interrupts probes whose peer has fallen silent. Nobody reads
// the report until the peer has seen every socket closed, so the end of the process, which
// would close them too, comes later.
func TestInterruptedAtEveryStage(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"tls", "open", "register", "assign"} {
		for _, transport := range append(transportNames(), allTransports) {
			t.Run(stage+" over "+transport, func(t *testing.T) {
				t.Parallel()
				peer := startSilentPeer(t, stage)
				p := startUnread(t, append(peer.probe, "--transport", transport)...)
				await(t, peer.reached, "the probe does not get there")
				start := time.Now()
				p.signal(t)
				peer.awaitEnd(t)
				closed := time.Since(start)
				out := p.read(t)
				await(t, p.ended, "the probe does not end")
				t.Logf("sockets closed after %s, ended after %s", closed, time.Since(start))
				checkInterrupted(t, out, p.ProcessState.ExitCode(), stage)
			})
		}
	}
}

// checkInterrupted checks the report of a probe that was interrupted in a stage over one
// transport at least.
func checkInterrupted(t *testing.T, out string, status int, stage string) {
	t.Helper()
	var doc report.Probe
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	if status != report.ExitInterrupted || doc.ExitCode != report.ExitInterrupted || doc.Verdict != "interrupted" {
		t.Errorf("exit status %d, exit_code %d, verdict %s", status, doc.ExitCode, doc.Verdict)
	}
	at := map[string]bool{}
	for _, run := range doc.Runs {
		i := slices.IndexFunc(run.Stages, func(s report.Stage) bool { return s.Outcome == "failed" })
		if i < 0 || run.Stages[i].Detail != "interrupted" || run.Verdict != "interrupted" {
			t.Fatalf("%s is not interrupted: %+v", run.Transport, run)
		}
		at[run.Stages[i].ID] = true
		for n, s := range run.Stages {
			if learned := s.Outcome == "passed" || s.Outcome == "warned"; n != i && learned != (n < i) {
				t.Errorf("%s: %s is %s although it was interrupted at %s", run.Transport, s.ID, s.Outcome, run.Stages[i].ID)
			}
		}
	}
	if !at[stage] {
		t.Errorf("interrupted at %v, want %s", at, stage)
	}
}

// TestSecondInterruptEndsAtOnce interrupts a probe that cannot end by itself: nobody reads
// its report.
func TestSecondInterruptEndsAtOnce(t *testing.T) {
	t.Parallel()
	peer := startSilentPeer(t, "tls")
	p := startUnread(t, peer.probe...)
	await(t, peer.reached, "the probe does not get there")
	p.signal(t)
	peer.awaitEnd(t)
	// It may still be about to let go of the signal, so one more may not be enough.
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for limit := time.After(hangLimit); ; {
		select {
		case <-p.ended:
			if state := p.ProcessState.Sys().(syscall.WaitStatus); !state.Signaled() || state.Signal() != syscall.SIGINT {
				t.Errorf("ended with %s", p.ProcessState)
			}
			return
		case <-again.C:
			_ = p.Process.Signal(os.Interrupt) // it may have ended
		case <-limit:
			t.Fatal("the second interrupt does not end it")
		}
	}
}

// unread is a dpsdiag whose standard output has no room until it is read.
type unread struct {
	*exec.Cmd
	out   *os.File
	ended chan struct{} // closed when it has
}

func startUnread(t *testing.T, args ...string) *unread {
	t.Helper()
	r, w := fullPipe(t)
	defer w.Close()
	p := &unread{Cmd: exec.CommandContext(t.Context(), "dpsdiag", args...), out: r, ended: make(chan struct{})}
	p.Stdout = w
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.Wait() // how it ended is in its state
	}()
	t.Cleanup(func() { <-p.ended }) // it is killed when the context of the test ends
	return p
}

func (p *unread) signal(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// read reads standard output to its end.
func (p *unread) read(t *testing.T) string {
	t.Helper()
	out, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimLeft(out, "\x00"))
}

// fullPipe returns the ends of a pipe that has no room; it is full of zeros.
func fullPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var full error
	err = raw.Write(func(fd uintptr) bool {
		for full == nil {
			_, full = syscall.Write(int(fd), make([]byte, 4096))
		}
		return true
	})
	if err != nil || !errors.Is(full, syscall.EAGAIN) {
		t.Fatalf("fill a pipe: %v, %v", err, full)
	}
	return r, w
}

// silentPeer is a service that falls silent at a stage. It listens for every protocol.
type silentPeer struct {
	probe   []string      // the command line of a probe of it
	reached chan struct{} // gets a value whenever the peer falls silent
	silent  atomic.Bool   // the peer passes nothing from the emulator to the probe any more

	connections atomic.Int32
	left        chan struct{} // gets a value whenever a connection has ended
}

// startSilentPeer starts a peer that ends with the test.
func startSilentPeer(t *testing.T, stage string) *silentPeer {
	t.Helper()
	p := &silentPeer{reached: make(chan struct{}, 64), left: make(chan struct{}, 64)}
	ready := p.startEmulator(t, stage)
	serve := map[string]func(string) func(net.Conn){
		"tls":      func(string) func(net.Conn) { return p.hear },
		"open":     func(string) func(net.Conn) { return p.hearTLS(t, ready.StateDir) },
		"register": p.relay,
		"assign":   p.relay,
	}[stage]
	id := ready.Identities[0]
	p.probe = []string{
		"probe", "-o", "json", "--endpoint", "127.0.0.1", "--timeout", "5m", "--ca-file", ready.CAFile,
		"--id-scope", ready.IDScope, "--registration-id", id.RegistrationID, "--key-file", id.KeyFile,
		"--port-https", p.serve(t, serve(ready.Endpoints.HTTPS)),
		"--port-mqtt", p.serve(t, serve(ready.Endpoints.MQTT)),
		"--port-amqp", p.serve(t, serve(ready.Endpoints.AMQP)),
	}
	return p
}

// startEmulator starts the emulator behind the peer. Its log shows when the stage is reached.
func (p *silentPeer) startEmulator(t *testing.T, stage string) emulator.Ready {
	t.Helper()
	word := map[string]string{"register": "operation=register", "assign": "operation=status"}[stage]
	var none time.Duration
	e, err := emulator.Start(t.Context(), emulator.Config{
		Files: true, RetryAfter: &none, Log: slog.New(slog.NewTextHandler(&fallsSilent{p, word}, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e.Ready()
}

// fallsSilent silences the peer at the first line of a log with a word in it. The emulator
// writes the line before it answers.
type fallsSilent struct {
	peer *silentPeer
	word string
}

func (f *fallsSilent) Write(line []byte) (int, error) {
	if f.word != "" && bytes.Contains(line, []byte(f.word)) && f.peer.silent.CompareAndSwap(false, true) {
		f.peer.reached <- struct{}{}
	}
	return len(line), nil
}

// serve accepts connections until the test ends and returns the port.
func (p *silentPeer) serve(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.connections.Add(1)
			go func() {
				serve(conn)
				conn.Close()
				p.left <- struct{}{}
			}()
		}
	}()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// hear says nothing after the probe has begun to speak, and hears it out.
func (p *silentPeer) hear(conn net.Conn) {
	if _, err := io.ReadFull(conn, make([]byte, 1)); err == nil {
		p.reached <- struct{}{}
		io.Copy(io.Discard, conn)
	}
}

// hearTLS does so with what comes over TLS, with the certificate of the emulator.
func (p *silentPeer) hearTLS(t *testing.T, stateDir string) func(net.Conn) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(stateDir, "server.pem"), filepath.Join(stateDir, "server-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return func(conn net.Conn) { p.hear(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}})) }
}

// relay leads to the emulator.
func (p *silentPeer) relay(address string) func(net.Conn) {
	return func(conn net.Conn) {
		behind, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		var back sync.WaitGroup
		back.Go(func() { io.Copy(&unlessSilent{conn, p}, behind) })
		io.Copy(behind, conn)
		behind.Close()
		back.Wait()
	}
}

// unlessSilent passes on what the emulator says.
type unlessSilent struct {
	probe net.Conn
	peer  *silentPeer
}

func (u *unlessSilent) Write(p []byte) (int, error) {
	if u.peer.silent.Load() {
		return len(p), nil
	}
	return u.probe.Write(p)
}

// awaitEnd waits until the probe has closed every connection.
func (p *silentPeer) awaitEnd(t *testing.T) {
	t.Helper()
	for range p.connections.Load() {
		await(t, p.left, "a socket is still open")
	}
}

// await waits for an event.
func await(t *testing.T, event <-chan struct{}, why string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(hangLimit):
		t.Fatal(why)
	}
}

// endings are the signals that end an emulator in order; the last is ignored under nohup.
func endings() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
