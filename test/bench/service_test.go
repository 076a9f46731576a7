package bench_test

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
)

// service is a running `dpsdiag emulate` in a separate process that asks for no waits.
type service struct {
	ready emulator.Ready
	pid   int
}

// startService starts the emulator with more lines in its configuration, and stops it at the end of
// the test or benchmark.
func startService(tb testing.TB, program, more string) service {
	tb.Helper()
	folder := tb.TempDir()
	config := filepath.Join(folder, "emulator.toml")
	if err := os.WriteFile(config, []byte("retry_after = 0\n"+more), 0o600); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), program, "emulate", "-o", "json", "--config", config, "--state-dir", folder)
	log, err := os.Create(filepath.Join(folder, "calls.log")) // it logs as it does for everybody
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { log.Close() })
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = cmd.Wait() }) // it is killed when that context ends
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		tb.Fatal(err)
	}
	s := service{pid: cmd.Process.Pid}
	if err := json.Unmarshal(line, &s.ready); err != nil {
		tb.Fatal(err)
	}
	return s
}

// identity returns the ready identity with an attestation.
func (s service) identity(tb testing.TB, a emulator.Attestation) emulator.Identity {
	tb.Helper()
	i := slices.IndexFunc(s.ready.Identities, func(id emulator.Identity) bool { return id.Attestation == a })
	if i < 0 {
		tb.Fatalf("no identity for %s", a)
	}
	return s.ready.Identities[i]
}

// config returns a probe of the service by a device over one transport.
func (s service) config(tb testing.TB, t probe.Transport, registrationID string, a probe.Attestation) probe.Config {
	tb.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(readFile(tb, s.ready.CAFile)) {
		tb.Fatal("no CA certificate")
	}
	at := s.ready.Endpoints
	return probe.Config{
		Endpoint:       dps.Endpoint{Host: hostName, HTTPS: portOf(tb, at.HTTPS), MQTT: portOf(tb, at.MQTT), AMQP: portOf(tb, at.AMQP)},
		Scope:          s.ready.IDScope,
		RegistrationID: registrationID,
		Attestation:    a,
		Transports:     []probe.Transport{t},
		Roots:          roots,
	}
}

// address returns the service's address for a transport.
func (s service) address(t probe.TransportID) string {
	switch t {
	case probe.MQTT:
		return s.ready.Endpoints.MQTT
	case probe.AMQP:
		return s.ready.Endpoints.AMQP
	default:
		return s.ready.Endpoints.HTTPS
	}
}

// memory returns a value in MiB from the kernel's data about the service's process, such as
// VmHWM, the peak memory. Only Linux has these data.
func (s service) memory(name string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == name+":" && fields[2] == "kB" {
			kilobytes, err := strconv.ParseFloat(fields[1], 64)
			return kilobytes / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s in /proc/%d/status", name, s.pid)
}

// hostName is the clients' name for the service, also in the TLS handshake.
const hostName = "localhost"

// registered runs a probe, which must end with the device assigned, and returns its
// duration in milliseconds.
func registered(tb testing.TB, cfg probe.Config) float64 {
	tb.Helper()
	evidence := probe.Do(tb.Context(), cfg)
	for _, f := range evidence.Runs[0].Findings {
		if f.Outcome == probe.Failed {
			tb.Fatalf("%s over %s: %s", f.Stage, evidence.Runs[0].Transport, f.Detail)
		}
	}
	return milliseconds(evidence.Took)
}

func readKey(tb testing.TB, path string) dps.Key {
	tb.Helper()
	key, err := dps.ParseKey(dps.NewSecret(string(readFile(tb, path))))
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func readFile(tb testing.TB, path string) []byte {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func portOf(tb testing.TB, address string) int {
	tb.Helper()
	port, err := strconv.Atoi(address[strings.LastIndex(address, ":")+1:])
	if err != nil {
		tb.Fatal(err)
	}
	return port
}
