//go:build tpm && linux

package main

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-tpm/tpm2"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
	"dpsdiag/internal/swtpm"
	"dpsdiag/internal/tpm"
)

// tpmTransports are those that carry a TPM's attestation.
func tpmTransports() []string { return []string{"https", "amqp", "amqp-ws"} }

// enrollee is a software TPM with what enrolls it.
type enrollee struct {
	*swtpm.TPM
	id   string
	file string // with the endorsement key in base64
}

func newEnrollee(t *testing.T) enrollee {
	t.Helper()
	soft := swtpm.Start(t)
	device, err := tpm.Open(t.Context(), soft.Path, false, tpm.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ek.txt")
	text := base64.StdEncoding.EncodeToString(device.EndorsementKey()) + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return enrollee{soft, device.RegistrationID(), file}
}

// startTPMService runs "dpsdiag emulate" with the TPM enrolled, until stop is called.
func startTPMService(t *testing.T, e enrollee) (ready emulator.Ready, stop func()) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "emulator.toml")
	if err := os.WriteFile(config, []byte("retry_after = 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, "emulate", "-o", "json", "--config", config, "--tpm-ek", "@"+e.file, "--tpm-registration-id", e.id)
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("ready line %q: %v", line, err)
	}
	return ready, func() {
		if _, status := p.end(t, syscall.SIGTERM); status != report.ExitOK {
			t.Errorf("emulate: exit status %d", status)
		}
	}
}

// probeWith runs "dpsdiag probe" as the ready line has it, with this TPM.
func probeWith(t *testing.T, ready emulator.Ready, soft *swtpm.TPM, options ...string) report.Probe {
	t.Helper()
	_, amqpPort, err := net.SplitHostPort(ready.Endpoints.AMQP)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(ready.Identities, func(id emulator.Identity) bool { return id.Attestation == emulator.TPM })
	args := []string{
		"probe", "--endpoint", ready.Endpoints.HTTPS, "--port-amqp", amqpPort, "--ca-file", ready.CAFile, "--id-scope", ready.IDScope,
		"--registration-id", ready.Identities[at].RegistrationID, "--tpm", soft.Path, "-o", "json",
	}
	out, err := exec.CommandContext(t.Context(), "dpsdiag", append(args, options...)...).Output()
	var doc report.Probe
	if jsonErr := json.Unmarshal(out, &doc); jsonErr != nil {
		t.Fatalf("%v: %v, %v in %q", args, err, jsonErr, out)
	}
	return doc
}

// TestTPMAtTheEmulator: the program against itself, process against process.
func TestTPMAtTheEmulator(t *testing.T) {
	t.Parallel()
	mine := newEnrollee(t)
	ready, stop := startTPMService(t, mine)
	defer stop()
	before := mine.Handles(t)
	for _, transport := range tpmTransports() {
		doc := probeWith(t, ready, mine.TPM, "--transport", transport)
		if doc.ExitCode != report.ExitOK || len(doc.Causes) > 0 {
			t.Errorf("%s: exit status %d, causes %+v", transport, doc.ExitCode, doc.Causes)
		}
		if diff := cmp.Diff(before, mine.Handles(t)); diff != "" {
			t.Errorf("%s: handles in the TPM (-before +after):\n%s", transport, diff)
		}
	}
	kept := []tpm2.TPMHandle{0x81000001, 0x81000100, 0x81010001}
	for _, transport := range tpmTransports() { // from the second on they are there already
		if doc := probeWith(t, ready, mine.TPM, "--transport", transport, "--tpm-persist"); doc.ExitCode != report.ExitOK {
			t.Errorf("%s: exit status %d, causes %+v", transport, doc.ExitCode, doc.Causes)
		}
		if diff := cmp.Diff(kept, mine.Handles(t)); diff != "" {
			t.Errorf("%s: persistent handles (-want +got):\n%s", transport, diff)
		}
	}
}

// TestOtherTPMAtTheEmulator: a TPM that asks under the id of another one.
func TestOtherTPMAtTheEmulator(t *testing.T) {
	t.Parallel()
	ready, stop := startTPMService(t, newEnrollee(t))
	defer stop()
	other := swtpm.Start(t)
	for _, transport := range tpmTransports() {
		doc := probeWith(t, ready, other, "--transport", transport)
		expectation{exit: report.ExitFault, first: []string{"tpm-ek-mismatch"}, least: "proves", most: "proves"}.check(t, doc.ExitCode, &doc)
		if left := other.Handles(t); len(left) > 0 {
			t.Errorf("%s: left in the TPM: %x", transport, left)
		}
	}
}

// TestScenariosWithATPM: every scenario that a TPM can play, over every transport for it.
func TestScenariosWithATPM(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	table, other := expectations(), tpmExceptions()
	for _, s := range emulator.Scenarios() {
		if !s.PlayedBy(emulator.TPM) || s.Name == "port-blocked" { // which only a comparison with MQTT shows
			continue
		}
		for _, transport := range tpmTransports() {
			want, ok := other[s.Name][transport]
			if !ok {
				want, ok = exceptions()[s.Name][transport]
			}
			if !ok {
				want = table[s.Name]
			}
			t.Run(s.Name+"/"+transport, func(t *testing.T) {
				w := newWorld()
				args := []string{"probe", "--sandbox", s.Name, "--tpm", soft.Path, "--transport", transport, "-o", "json", "--retry-max-wait", "10ms"}
				if s.Name == "never-assigned" {
					args = append(args, "--timeout", "3s")
				}
				status := w.run(t, args...)
				var doc report.Probe
				if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
					t.Fatalf("%v in %q; standard error: %s", err, w.out.String(), w.err.String())
				}
				want.check(t, status, &doc)
			})
		}
	}
	if left := soft.Handles(t); len(left) > 0 {
		t.Errorf("left in the TPM: %x", left)
	}
}

// tpmExceptions are the scenarios that look otherwise with a TPM.
func tpmExceptions() map[string]map[string]expectation {
	mismatch := expectation{exit: report.ExitFault, first: []string{"tpm-ek-mismatch"}, least: "proves", most: "proves"}
	likely := func(cause string) expectation {
		return expectation{exit: report.ExitFault, first: []string{cause}, least: "suggests", most: "suggests"}
	}
	// A refusal before the challenge looks the same whether the enrollment or the network is
	// at fault.
	unsure := likely("attestation-mismatch")
	unsure.named = []string{"public-network-access-disabled"}
	// A refusal of what was signed with the right key leaves only what nobody documents.
	proved := expectation{exit: report.ExitFault, first: []string{"enrollment-disabled"}, least: "allows", most: "allows"}
	everywhere := func(e expectation) map[string]expectation {
		return map[string]expectation{"https": e, "amqp": e, "amqp-ws": e}
	}
	network := exceptions()["public-network-access-disabled"]["amqp-ws"]
	return map[string]map[string]expectation{
		"tpm-ek-mismatch":                everywhere(mismatch),
		"enrollment-not-found":           everywhere(likely("enrollment-not-found")),
		"attestation-mismatch":           everywhere(likely("attestation-mismatch")),
		"http-401":                       everywhere(proved),
		"device-clock-wrong":             {"amqp": likely("device-clock-wrong")},
		"public-network-access-disabled": {"https": unsure, "amqp": unsure, "amqp-ws": network},
	}
}

// TestEndorsementKeyWithoutAScope: the key is needed before there is anything to register with.
func TestEndorsementKeyWithoutAScope(t *testing.T) {
	t.Parallel()
	mine := newEnrollee(t)
	want, err := os.ReadFile(mine.file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	if got := w.run(t, "probe", "--tpm", mine.Path, "--show-ek"); got != report.ExitOK {
		t.Fatalf("exit status %d: %s", got, w.err.String())
	}
	if !strings.HasSuffix(w.out.String(), "\n"+string(want)) || !strings.HasPrefix(w.out.String(), "registration id  "+mine.id+"\n") {
		t.Errorf("it shows\n%s", w.out.String())
	}
	w = newWorld()
	w.run(t, "probe", "--tpm", mine.Path, "--show-ek", "-o", "json")
	var doc report.EndorsementKey
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	wanted := report.EndorsementKey{Schema: "dpsdiag/endorsement-key/1", RegistrationID: mine.id, Key: strings.TrimSpace(string(want))}
	if diff := cmp.Diff(wanted, doc); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w = newWorld()
	if got := w.run(t, "probe", "--tpm", mine.Path, "--show-ek", "-o", "junit"); got != report.ExitUsage {
		t.Errorf("as junit: exit status %d", got)
	}
}
