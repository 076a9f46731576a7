//go:build tpm && linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-tpm/tpm2"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
	"dpsdiag/internal/swtpm"
)

// edgeConfig writes the config.toml of an IoT Edge device with this TPM, whose endpoint is
// that of one transport; more is what else the file has.
func edgeConfig(t *testing.T, ready emulator.Ready, transport, id string, soft *swtpm.TPM, more string) string {
	t.Helper()
	endpoint := ready.Endpoints.HTTPS
	if transport == string(probe.AMQP) {
		endpoint = ready.Endpoints.AMQP
	}
	text := fmt.Sprintf(`[provisioning]
source = "dps"
global_endpoint = "https://%s"
id_scope = %q

[provisioning.attestation]
method = "tpm"
registration_id = %q

[tpm]
tcti = "swtpm:path=%s"
%s`, endpoint, ready.IDScope, id, soft.Path, more)
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// probeFrom runs "dpsdiag probe --from" on a system that trusts the emulator. Output must not
// have what is secret in it, "" for nothing.
func probeFrom(t *testing.T, ready emulator.Ready, transport, file, secret string) report.Probe {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "dpsdiag", "probe", "--from", file, "--transport", transport, "-o", "json")
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+ready.CAFile)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	if secret != "" && strings.Contains(out.String()+errs.String(), secret) {
		t.Errorf("the output has a secret in it: %s%s", out.String(), errs.String())
	}
	var doc report.Probe
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v in %q; standard error: %s", err, out.String(), errs.String())
	}
	return doc
}

// TestTPMFromConfig: the file of the device is enough.
func TestTPMFromConfig(t *testing.T) {
	t.Parallel()
	mine := newEnrollee(t)
	ready, stop := startTPMService(t, mine)
	defer stop()
	before := mine.Handles(t)
	for _, transport := range tpmTransports() {
		doc := probeFrom(t, ready, transport, edgeConfig(t, ready, transport, mine.id, mine.TPM, ""), "")
		if doc.ExitCode != report.ExitOK || doc.Target.Attestation != "tpm" || doc.Runs[0].Reply.DeviceID != mine.id {
			t.Errorf("%s: exit status %d, %+v, causes %+v", transport, doc.ExitCode, doc.Runs[0].Reply, doc.Causes)
		}
	}
	if diff := cmp.Diff(before, mine.Handles(t)); diff != "" {
		t.Errorf("handles in the TPM (-before +after):\n%s", diff)
	}
}

// TestOtherTPMFromConfig: the file has the id of another TPM's enrollment.
func TestOtherTPMFromConfig(t *testing.T) {
	t.Parallel()
	mine, other := newEnrollee(t), swtpm.Start(t)
	ready, stop := startTPMService(t, mine)
	defer stop()
	for _, transport := range tpmTransports() {
		doc := probeFrom(t, ready, transport, edgeConfig(t, ready, transport, mine.id, other, ""), "")
		expectation{exit: report.ExitFault, first: []string{"tpm-ek-mismatch"}, least: "proves", most: "proves"}.check(t, doc.ExitCode, &doc)
	}
}

// TestProtectedTPMFromConfig: the file has the passwords of the TPM's hierarchies, or not the
// right ones.
func TestProtectedTPMFromConfig(t *testing.T) {
	t.Parallel()
	const password, wrong = "a-password-of-ours", "not-that-password"
	mine := newEnrollee(t)
	ready, stop := startTPMService(t, mine)
	defer stop()
	mine.SetPassword(t, tpm2.TPMRHEndorsement, password)
	mine.SetPassword(t, tpm2.TPMRHOwner, password)
	authorization := func(endorsement, owner string) string {
		return fmt.Sprintf("\n[tpm.hierarchy_authorization]\nendorsement = %q\nowner = %q\n", endorsement, owner)
	}
	denied := expectation{exit: report.ExitFault, first: []string{"tpm-access-denied"}, least: "proves", most: "proves"}
	for _, transport := range tpmTransports() {
		for _, test := range []struct {
			more, secret string
			want         expectation
		}{
			{authorization(password, password), password, expectation{exit: report.ExitOK}},
			{authorization(password, wrong), wrong, denied},
			{authorization(wrong, password), wrong, denied},
			{"", password, denied},
		} {
			doc := probeFrom(t, ready, transport, edgeConfig(t, ready, transport, mine.id, mine.TPM, test.more), test.secret)
			test.want.check(t, doc.ExitCode, &doc)
		}
	}
	if left := mine.Handles(t); len(left) > 0 {
		t.Errorf("left in the TPM: %x", left)
	}
}

// TestTPMAtItsHub: the hub takes what the TPM signs with the key that came with the
// assignment, and the key of the device's own client stays where it was.
func TestTPMAtItsHub(t *testing.T) {
	t.Parallel()
	mine := newEnrollee(t)
	ready, stop := startTPMService(t, mine)
	defer stop()
	if doc := probeWith(t, ready, mine.TPM, "--tpm-persist"); doc.ExitCode != report.ExitOK {
		t.Fatalf("exit status %d, causes %+v", doc.ExitCode, doc.Causes)
	}
	type contents struct {
		Handles  []tpm2.TPMHandle
		Identity []byte // name of the key that a client keeps
	}
	look := func() contents {
		key, err := tpm2.ReadPublic{ObjectHandle: tpm2.TPMHandle(0x81000100)}.Execute(mine.Direct)
		if err != nil {
			t.Fatal(err)
		}
		return contents{mine.Handles(t), key.Name.Buffer}
	}
	before := look()
	for _, transport := range tpmTransports() {
		doc := probeWith(t, ready, mine.TPM, "--check-hub", "--transport", transport)
		hub := doc.Runs[0].Stages[len(doc.Runs[0].Stages)-1]
		if doc.ExitCode != report.ExitOK || hub.Outcome != string(probe.Passed) {
			t.Errorf("%s: exit status %d, hub %s: %s", transport, doc.ExitCode, hub.Outcome, hub.Detail)
		}
	}
	if diff := cmp.Diff(before, look()); diff != "" {
		t.Errorf("in the TPM (-before +after):\n%s", diff)
	}
}

// TestTPMOverEveryTransport: "all" means those that carry a TPM.
func TestTPMOverEveryTransport(t *testing.T) {
	t.Parallel()
	w, soft := newWorld(), swtpm.Start(t)
	status := w.run(t, "probe", "--sandbox", "healthy", "--tpm", soft.Path, "--transport", "all", "-o", "json")
	var doc report.Probe
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var ran []string
	for _, run := range doc.Runs {
		ran = append(ran, run.Transport)
	}
	if status != report.ExitOK || !slices.Equal(ran, tpmTransports()) {
		t.Errorf("exit status %d, transports %q", status, ran)
	}
	if got := w.err.String(); !strings.Contains(got, "mqtt-ws is left out") {
		t.Errorf("standard error: %s", got)
	}
}

// TestShowTPMKey: what the text shows is what the emulator enrolls.
func TestShowTPMKey(t *testing.T) {
	t.Parallel()
	mine := newEnrollee(t)
	w := newWorld()
	status := w.run(t, "probe", "--sandbox", "tpm-ek-mismatch", "--tpm", mine.Path, "--show-ek")
	want, err := os.ReadFile(mine.file)
	if err != nil {
		t.Fatal(err)
	}
	if status != report.ExitFault || !strings.Contains(w.out.String(), "\n"+string(want)) {
		t.Errorf("exit status %d, no line %s in:\n%s", status, want, w.out.String())
	}
}
