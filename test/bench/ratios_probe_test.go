//go:build bench && linux

package bench_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
)

const (
	// sdkFolder contains the programs that register with the official SDK for Node.js.
	sdkFolder = "../sdk"
	// processes and registrations are the number of registrations on each side: with one
	// process each, and repeated in one process.
	processes     = 10
	registrations = 100
)

// measureProbe compares the time from the start to `assigned` of dpsdiag with that of the official SDK
// for Node.js, over each transport, with the same key, with one emulator that does not ask for waits:
//
//   - whole processes, in turn: from the start of `dpsdiag probe`, or of Node.js with
//     test/sdk/device.mjs, until it prints the outcome;
//   - without the start: successive registrations in this process and in one Node.js process
//     (test/sdk/timed.mjs), each with its own connection, by the processor time of each. Node.js runs
//     them on one processor, so this process does too: on a second one the scheduler of Go would look
//     for work while the probe waits for the service.
//
// Over MQTT and AMQP the SDK spends most of the time inside a process waiting: it leaves Nagle's
// algorithm on, which delays a packet until the peer has acknowledged the previous one. That takes 40
// ms each time if the peer delays acknowledgements, as Linux does. Processor time has none of that.
func measureProbe(t *testing.T, b *board, dpsdiag string) {
	s := startService(t, dpsdiag, "")
	missing := missingSDK()
	for _, transport := range probe.Transports() {
		whole := ratio{name: "probe over " + string(transport.ID()) + " to the SDK, whole processes", limit: 0.2}
		inside := ratio{name: "probe over " + string(transport.ID()) + " to the SDK, within one process", limit: 0.2}
		if missing != nil {
			whole.unknown = "it needs Node.js, and npm ci in test/sdk: " + strings.ReplaceAll(missing.Error(), "\n", ", ")
			inside.unknown = whole.unknown
		} else {
			c := contest{service: s, transport: transport, program: dpsdiag}
			c.runProcesses(t)
			c.runInside(t)
			whole.value = median(c.ratios)
			whole.how = fmt.Sprintf("wall, median of %d pairs; %.0f ms to %.0f ms", processes, median(c.probeMS), median(c.sdkMS))
			inside.value = c.probeInside.cpu / c.sdkInside.cpu
			inside.how = fmt.Sprintf("processor time of %d registrations on one processor, %.0f ms to %.0f ms; %d TLS handshakes of Go alone take %.0f ms; wall %.2f",
				registrations, c.probeInside.cpu, c.sdkInside.cpu, registrations, c.handshakes, c.probeInside.wall/c.sdkInside.wall)
		}
		b.add(whole)
		b.add(inside)
	}
}

// missingSDK returns why the SDK cannot run, nil if it can.
func missingSDK() error {
	_, noNode := exec.LookPath("node")
	_, noModules := os.Stat(sdkFolder + "/node_modules")
	return errors.Join(noNode, noModules)
}

// contest is what both sides need for one transport, and their times in milliseconds.
type contest struct {
	service   service
	transport probe.Transport
	program   string

	probeMS, sdkMS, ratios []float64 // of processes
	probeInside, sdkInside sample    // the median time of a registration, and the processor time of all
	handshakes             float64   // the processor time of as many TLS handshakes, which no probe can do without
}

func (c *contest) runProcesses(t *testing.T) {
	t.Helper()
	for n := range processes {
		var ours, theirs float64
		if n%2 == 0 {
			ours, theirs = c.probeProcess(t), c.sdkProcess(t)
		} else {
			theirs, ours = c.sdkProcess(t), c.probeProcess(t)
		}
		c.probeMS, c.sdkMS, c.ratios = append(c.probeMS, ours), append(c.sdkMS, theirs), append(c.ratios, ours/theirs)
	}
}

func (c *contest) runInside(t *testing.T) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	id := c.service.identity(t, emulator.SymmetricKey)
	cfg := c.service.config(t, c.transport, id.RegistrationID, probe.NewSymmetricKey(readKey(t, id.KeyFile)))
	var took []float64
	registered(t, cfg) // both sides are warm: timed.mjs does the same
	busy := ownTime(t)
	for range registrations {
		took = append(took, registered(t, cfg))
	}
	c.probeInside = sample{median(took), ownTime(t) - busy}
	busy = ownTime(t)
	for range registrations {
		c.shakeHands(t, cfg.Roots)
	}
	c.handshakes = ownTime(t) - busy
	cmd := c.sdkCommand(t, "timed.mjs")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("timed.mjs: %v", err)
	}
	var outcome struct {
		Milliseconds []float64
		CPU          float64
	}
	if err := json.Unmarshal(out, &outcome); err != nil {
		t.Fatal(err)
	}
	c.sdkInside = sample{median(outcome.Milliseconds), outcome.CPU}
}

// shakeHands connects as a probe does, and sends nothing after the TLS handshake.
func (c *contest) shakeHands(t *testing.T, roots *x509.CertPool) {
	t.Helper()
	config := &tls.Config{
		RootCAs: roots, ServerName: hostName, MinVersion: tls.VersionTLS12,
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
	}
	conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", c.service.address(c.transport.ID()))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

// ownTime is what the processors have done for this process, in milliseconds.
func ownTime(t *testing.T) float64 {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return milliseconds(time.Duration(usage.Utime.Nano() + usage.Stime.Nano()))
}

// probeProcess registers with a process of dpsdiag.
func (c *contest) probeProcess(t *testing.T) float64 {
	t.Helper()
	at, id := c.service.ready.Endpoints, c.service.identity(t, emulator.SymmetricKey)
	cmd := exec.CommandContext(t.Context(), c.program, "probe", "-o", "json", "--transport", string(c.transport.ID()),
		"--endpoint", hostName, "--port-https", strconv.Itoa(portOf(t, at.HTTPS)),
		"--port-mqtt", strconv.Itoa(portOf(t, at.MQTT)), "--port-amqp", strconv.Itoa(portOf(t, at.AMQP)),
		"--ca-file", c.service.ready.CAFile, "--id-scope", c.service.ready.IDScope,
		"--registration-id", id.RegistrationID, "--key-file", id.KeyFile)
	took, outcome := untilOutcome(t, cmd)
	var doc struct{ Verdict string }
	if err := json.Unmarshal(outcome, &doc); err != nil || doc.Verdict != "registered" {
		t.Fatalf("dpsdiag probe: %v\n%s", err, outcome)
	}
	return took
}

// sdkProcess registers with a process of Node.js.
func (c *contest) sdkProcess(t *testing.T) float64 {
	t.Helper()
	took, outcome := untilOutcome(t, c.sdkCommand(t, "device.mjs"))
	var doc struct{ Registration struct{ Status string } }
	if err := json.Unmarshal(outcome, &doc); err != nil || doc.Registration.Status != "assigned" {
		t.Fatalf("device.mjs: %v\n%s", err, outcome)
	}
	return took
}

// sdkCommand returns a program of test/sdk with its job as input.
func (c *contest) sdkCommand(t *testing.T, program string) *exec.Cmd {
	t.Helper()
	id := c.service.identity(t, emulator.SymmetricKey)
	job, err := json.Marshal(map[string]any{
		"transport": c.transport.ID(), "endpoint": c.service.address(c.transport.ID()), "idScope": c.service.ready.IDScope,
		"registrationId": id.RegistrationID, "key": readKey(t, id.KeyFile).Text().Reveal(), "times": registrations,
		"pollingInterval": 0, // over AMQP the SDK treats a Retry-After of 0 as none
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", program)
	cmd.Dir, cmd.Stdin, cmd.Stderr = sdkFolder, bytes.NewReader(job), os.Stderr
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+c.service.ready.CAFile)
	return cmd
}

// untilOutcome runs a command and returns its output, and the milliseconds from the start
// to the first byte of output.
func untilOutcome(t *testing.T, cmd *exec.Cmd) (took float64, outcome []byte) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	printed := bufio.NewReader(out)
	_, err = printed.Peek(1)
	took = milliseconds(time.Since(start))
	outcome, readErr := io.ReadAll(printed)
	if err := errors.Join(err, readErr, cmd.Wait()); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", cmd, err))
	}
	return took, outcome
}
