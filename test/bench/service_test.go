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

// startService starts the emulator and stops it at the end of the benchmark.
func startService(b *testing.B, program string) service {
	b.Helper()
	folder := b.TempDir()
	config := filepath.Join(folder, "emulator.toml")
	if err := os.WriteFile(config, []byte("retry_after = 0\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), program, "emulate", "-o", "json", "--config", config, "--state-dir", folder)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Wait() }) // it is killed when the context of the benchmark ends
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		b.Fatal(err)
	}
	s := service{pid: cmd.Process.Pid}
	if err := json.Unmarshal(line, &s.ready); err != nil {
		b.Fatal(err)
	}
	return s
}

// identity returns the ready identity with an attestation.
func (s service) identity(b *testing.B, a emulator.Attestation) emulator.Identity {
	b.Helper()
	i := slices.IndexFunc(s.ready.Identities, func(id emulator.Identity) bool { return id.Attestation == a })
	if i < 0 {
		b.Fatalf("no identity for %s", a)
	}
	return s.ready.Identities[i]
}

// config returns a probe of the service by a device over one transport.
func (s service) config(b *testing.B, t probe.Transport, registrationID string, a probe.Attestation) probe.Config {
	b.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(readFile(b, s.ready.CAFile)) {
		b.Fatal("no CA certificate")
	}
	at := s.ready.Endpoints
	return probe.Config{
		Endpoint:       dps.Endpoint{Host: hostName, HTTPS: portOf(b, at.HTTPS), MQTT: portOf(b, at.MQTT), AMQP: portOf(b, at.AMQP)},
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
func registered(b *testing.B, cfg probe.Config) float64 {
	b.Helper()
	evidence := probe.Do(b.Context(), cfg)
	for _, f := range evidence.Runs[0].Findings {
		if f.Outcome == probe.Failed {
			b.Fatalf("%s over %s: %s", f.Stage, evidence.Runs[0].Transport, f.Detail)
		}
	}
	return milliseconds(evidence.Took)
}

func readKey(b *testing.B, path string) dps.Key {
	b.Helper()
	key, err := dps.ParseKey(dps.NewSecret(string(readFile(b, path))))
	if err != nil {
		b.Fatal(err)
	}
	return key
}

func readFile(b *testing.B, path string) []byte {
	b.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func portOf(b *testing.B, address string) int {
	b.Helper()
	port, err := strconv.Atoi(address[strings.LastIndex(address, ":")+1:])
	if err != nil {
		b.Fatal(err)
	}
	return port
}
