package main

import (
	"context"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// The secrets of the tests below. None may be in any output.
const (
	filePassword  = "a password of forty characters, or so..."
	endorsePass   = "the password of the endorsement hierarchy"
	ownerPass     = "the password of the owner hierarchy......"
	keyPassphrase = "the pass phrase of an encrypted key......"
)

// checkNoneOf fails when an output has a secret in it.
func checkNoneOf(t *testing.T, w *world, secrets ...[]byte) {
	t.Helper()
	for _, secret := range secrets {
		for form := range leaks(secret, w.out.String()+w.err.String()) {
			t.Errorf("a secret is in the output (%s)", form)
		}
	}
}

// startDevice starts an emulator with a device that has a certificate.
func startDevice(t *testing.T) (emulator.Ready, emulator.Device) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	e, err := emulator.Start(ctx, emulator.Config{Files: true, Scenario: "cert-cn-registration-id-mismatch"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e.Ready(), e.Device()
}

// makePKCS12 puts the device's certificates and key into a file.
func makePKCS12(t *testing.T, device emulator.Device) (path string) {
	t.Helper()
	chain, err := certchain.ParsePEM(device.CertPEM)
	if err != nil {
		t.Fatal(err)
	}
	key, err := certchain.ParseKey([]byte(device.CertKeyPEM.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	data, err := pkcs12.Modern.Encode(key, chain[0], chain[1:], filePassword)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "device.p12")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNoSecretOfAPKCS12File: neither the password, right, wrong or typed, nor the key.
func TestNoSecretOfAPKCS12File(t *testing.T) {
	t.Parallel()
	ready, device := startDevice(t)
	file := makePKCS12(t, device)
	key, _ := pem.Decode([]byte(device.CertKeyPEM.Reveal()))
	for _, output := range outputs(t) {
		for name, test := range map[string]struct {
			password string
			flags    []string
			wants    int
		}{
			"right": {filePassword, []string{"--pkcs12-password-env", "P12"}, report.ExitOK},
			"typed": {filePassword, nil, report.ExitOK},
			"wrong": {filePassword + "x", []string{"--pkcs12-password-env", "P12"}, report.ExitUsage},
		} {
			w := newWorld()
			w.setEnv(map[string]string{"P12": test.password})
			w.terminal = func(stream any) (int, bool) { return 80, stream == w.stdin }
			w.askSecret = func(context.Context, string) (dps.Secret, error) { return dps.NewSecret(test.password), nil }
			args := slices.Concat([]string{
				"probe", "--endpoint", ready.Endpoints.HTTPS, "--ca-file", ready.CAFile, "--id-scope", ready.IDScope, "--pkcs12", file,
				"--preflight",
			}, test.flags, output)
			if status := w.run(t, args...); status != test.wants {
				t.Errorf("%s: exit status %d, want %d: %s%s", name, status, test.wants, w.out.String(), w.err.String())
			}
			checkNoneOf(t, w, []byte(test.password), key.Bytes)
		}
	}
}

// TestNoSecretOfAConfiguration: those of a TPM and of an encrypted key are not told either.
func TestNoSecretOfAConfiguration(t *testing.T) {
	t.Parallel()
	ready, device := startDevice(t)
	encrypted := "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"
	files := map[string]string{
		"/tpm.toml": strings.Join([]string{
			"[provisioning]", `source = "dps"`, `global_endpoint = "https://` + ready.Endpoints.HTTPS + `"`, `id_scope = "` + ready.IDScope + `"`,
			"[provisioning.attestation]", `method = "tpm"`, `registration_id = "press-17"`,
			"[tpm]", `tcti = "device:/no/tpm"`,
			"[tpm.hierarchy_authorization]", `endorsement = "` + endorsePass + `"`, `owner = "` + ownerPass + `"`,
		}, "\n"),
		"/cert.pem": string(device.CertPEM),
		"/key.pem":  encrypted,
	}
	for _, output := range outputs(t) {
		w := newWorld()
		w.readConfig = func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		if status := w.run(t, append([]string{"probe", "--from", "/tpm.toml"}, output...)...); status != report.ExitFault {
			t.Errorf("TPM: exit status %d: %s", status, w.err.String())
		}
		w.setEnv(map[string]string{
			"PROVISIONING_IDSCOPE": ready.IDScope, "X509_CERT_FILE": "/cert.pem", "X509_KEY_FILE": "/key.pem", "X509_PASS_PHRASE": keyPassphrase,
		})
		if status := w.run(t, append([]string{"probe"}, output...)...); status != report.ExitUsage || !strings.Contains(w.err.String(), "X509_KEY_FILE") {
			t.Errorf("encrypted key: exit status %d: %s", status, w.err.String())
		}
		checkNoneOf(t, w, []byte(endorsePass), []byte(ownerPass), []byte(keyPassphrase))
	}
}

// TestDeriveKeyTellsOneSecret: the device's key and nothing of the group's.
func TestDeriveKeyTellsOneSecret(t *testing.T) {
	t.Parallel()
	group := dps.NewKey([]byte("the key of a group, which no output may show: 0123456789abcdefgh"))
	device := group.Derive("press-17")
	for _, f := range report.FormatsFor(&report.DerivedKey{}) {
		w := newWorld()
		w.stdin = strings.NewReader(group.Text().Reveal())
		if status := w.run(t, "derive-key", "--registration-id", "press-17", "-o", f.Name); status != report.ExitOK {
			t.Errorf("%s: exit status %d: %s", f.Name, status, w.err.String())
		}
		if !strings.Contains(w.out.String(), device.Text().Reveal()) {
			t.Errorf("%s: the key is missing: %s", f.Name, w.out.String())
		}
		checkNoneOf(t, w, []byte(group.Text().Reveal()))
	}
}
