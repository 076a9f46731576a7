package bench_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
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
	registrations = 30
)

// BenchmarkRegistration compares the time from the start to `assigned` of dpsdiag with that
// of the official SDK for Node.js, over each transport, with the same key, with one
// emulator that does not ask for waits.
//
//   - probe-ms and sdk-ms are whole processes, in turn: from the start of `dpsdiag
//     probe`, or of Node.js with test/sdk/device.mjs, until it prints the outcome.
//     probe-to-sdk is the median of the paired ratios.
//   - probe-inside-ms and sdk-inside-ms exclude the start: the medians of successive
//     registrations in this process and in one Node.js process (test/sdk/timed.mjs), each
//     with its own connection. inside-to-sdk is their ratio.
//
// Over MQTT and AMQP the SDK spends most of the latter waiting: it leaves Nagle's algorithm
// on, which delays a packet until the peer has acknowledged the previous one. That takes 40
// ms each time if the peer delays acknowledgements, as Linux does.
//
// Without Node.js and the SDK it reports only the figures of dpsdiag.
func BenchmarkRegistration(b *testing.B) {
	program := build(b, "dpsdiag/cmd/dpsdiag")
	s := startService(b, program)
	missing := missingSDK()
	for _, t := range probe.Transports() {
		b.Run(string(t.ID()), func(b *testing.B) {
			c := contest{service: s, transport: t, program: program}
			for b.Loop() {
				c.runProcesses(b, missing == nil)
				c.runInside(b, missing == nil)
			}
			c.report(b)
			if missing != nil {
				b.Logf("no comparison with the SDK, which needs Node.js, and npm ci in test/sdk: %v", missing)
			}
		})
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
	probeInside, sdkInside []float64
}

func (c *contest) runProcesses(b *testing.B, withSDK bool) {
	b.Helper()
	for n := range processes {
		if !withSDK {
			c.probeMS = append(c.probeMS, c.probeProcess(b))
			continue
		}
		var ours, theirs float64
		if n%2 == 0 {
			ours, theirs = c.probeProcess(b), c.sdkProcess(b)
		} else {
			theirs, ours = c.sdkProcess(b), c.probeProcess(b)
		}
		c.probeMS, c.sdkMS, c.ratios = append(c.probeMS, ours), append(c.sdkMS, theirs), append(c.ratios, ours/theirs)
	}
}

func (c *contest) runInside(b *testing.B, withSDK bool) {
	b.Helper()
	id := c.service.identity(b, emulator.SymmetricKey)
	cfg := c.service.config(b, c.transport, id.RegistrationID, probe.NewSymmetricKey(readKey(b, id.KeyFile)))
	for range registrations {
		c.probeInside = append(c.probeInside, registered(b, cfg))
	}
	if !withSDK {
		return
	}
	cmd := c.sdkCommand(b, "timed.mjs")
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("timed.mjs: %v", err)
	}
	var outcome struct{ Milliseconds []float64 }
	if err := json.Unmarshal(out, &outcome); err != nil {
		b.Fatal(err)
	}
	c.sdkInside = append(c.sdkInside, outcome.Milliseconds...)
}

func (c *contest) report(b *testing.B) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // the total time is meaningless
	b.ReportMetric(median(c.probeMS), "probe-ms")
	b.ReportMetric(median(c.probeInside), "probe-inside-ms")
	if len(c.ratios) > 0 {
		b.ReportMetric(median(c.sdkMS), "sdk-ms")
		b.ReportMetric(median(c.ratios), "probe-to-sdk")
		b.ReportMetric(median(c.sdkInside), "sdk-inside-ms")
		b.ReportMetric(median(c.probeInside)/median(c.sdkInside), "inside-to-sdk")
	}
}

// probeProcess registers with a process of dpsdiag.
func (c *contest) probeProcess(b *testing.B) float64 {
	b.Helper()
	at, id := c.service.ready.Endpoints, c.service.identity(b, emulator.SymmetricKey)
	cmd := exec.CommandContext(b.Context(), c.program, "probe", "-o", "json", "--transport", string(c.transport.ID()),
		"--endpoint", hostName, "--port-https", strconv.Itoa(portOf(b, at.HTTPS)),
		"--port-mqtt", strconv.Itoa(portOf(b, at.MQTT)), "--port-amqp", strconv.Itoa(portOf(b, at.AMQP)),
		"--ca-file", c.service.ready.CAFile, "--id-scope", c.service.ready.IDScope,
		"--registration-id", id.RegistrationID, "--key-file", id.KeyFile)
	took, outcome := untilOutcome(b, cmd)
	var doc struct{ Verdict string }
	if err := json.Unmarshal(outcome, &doc); err != nil || doc.Verdict != "registered" {
		b.Fatalf("dpsdiag probe: %v\n%s", err, outcome)
	}
	return took
}

// sdkProcess registers with a process of Node.js.
func (c *contest) sdkProcess(b *testing.B) float64 {
	b.Helper()
	took, outcome := untilOutcome(b, c.sdkCommand(b, "device.mjs"))
	var doc struct{ Registration struct{ Status string } }
	if err := json.Unmarshal(outcome, &doc); err != nil || doc.Registration.Status != "assigned" {
		b.Fatalf("device.mjs: %v\n%s", err, outcome)
	}
	return took
}

// sdkCommand returns a program of test/sdk with its job as input.
func (c *contest) sdkCommand(b *testing.B, program string) *exec.Cmd {
	b.Helper()
	id := c.service.identity(b, emulator.SymmetricKey)
	job, err := json.Marshal(map[string]any{
		"transport": c.transport.ID(), "endpoint": c.service.address(c.transport.ID()), "idScope": c.service.ready.IDScope,
		"registrationId": id.RegistrationID, "key": readKey(b, id.KeyFile).Text().Reveal(), "times": registrations,
		"pollingInterval": 0, // over AMQP the SDK treats a Retry-After of 0 as none
	})
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), "node", program)
	cmd.Dir, cmd.Stdin, cmd.Stderr = sdkFolder, bytes.NewReader(job), os.Stderr
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+c.service.ready.CAFile)
	return cmd
}

// untilOutcome runs a command and returns its output, and the milliseconds from the start
// to the first byte of output.
func untilOutcome(b *testing.B, cmd *exec.Cmd) (took float64, outcome []byte) {
	b.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	printed := bufio.NewReader(out)
	_, err = printed.Peek(1)
	took = milliseconds(time.Since(start))
	outcome, readErr := io.ReadAll(printed)
	if err := errors.Join(err, readErr, cmd.Wait()); err != nil {
		b.Fatal(fmt.Errorf("%s: %w", cmd, err))
	}
	return took, outcome
}
