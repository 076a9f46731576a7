package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
)

// chainOf reads an issued chain from its file, which only its owner may read.
func chainOf(t *testing.T, path, keyPath string) {
	t.Helper()
	for _, file := range []string{path, keyPath} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := certchain.ParsePEM(text)
	if err != nil || len(chain) != 3 {
		t.Fatalf("%d certificates (%v)", len(chain), err)
	}
	text, err = os.ReadFile(keyPath)
	if err != nil {
		t.Fatal(err)
	}
	key, err := certchain.ParseKey(text)
	if err != nil || !certchain.SameKey(key.Public(), chain[0].PublicKey) {
		t.Errorf("the key does not fit the leaf (%v)", err)
	}
}

// TestCertificateOverEveryTransport: a request is answered with a chain that fits, which is
// kept, and which the hub takes.
func TestCertificateOverEveryTransport(t *testing.T) {
	t.Parallel()
	for _, transport := range append(transportNames(), allTransports) {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			w, dir := newWorld(), t.TempDir()
			key, out := filepath.Join(dir, "device.key"), filepath.Join(dir, "issued.pem")
			status, doc, _ := checkHub(t, w, "--sandbox", "healthy", "--transport", transport, "--csr-key", key, "--issued-cert-out", out)
			if status != report.ExitOK || len(doc.Warnings) > 0 {
				t.Errorf("exit status %d, warnings %+v", status, doc.Warnings)
			}
			for _, run := range doc.Runs {
				assign, hub := run.Stages[6], run.Stages[7]
				if assign.Facts["issued-key-fits"] != "yes" || strings.Count(assign.Facts["issued-chain"], " < ") != 2 || !strings.Contains(assign.Detail, "certificate issued, valid until ") {
					t.Errorf("%s: assign: %s, %v", run.Transport, assign.Detail, assign.Facts)
				}
				if hub.Outcome != string(probe.Passed) || hub.Facts["presented"] != "the issued certificate" {
					t.Errorf("%s: hub %s: %s, %v", run.Transport, hub.Outcome, hub.Detail, hub.Facts)
				}
			}
			chainOf(t, out, key)
			if !strings.HasPrefix(w.err.String(), `dpsdiag: made a new key, EC P-384, in "`+key) {
				t.Errorf("standard error: %s", w.err.String())
			}
		})
	}
}

// TestIssuedChainCannotBeKept: it is shown then, and the exit status says that something went
// wrong here.
func TestIssuedChainCannotBeKept(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(), t.TempDir()
	k := &issuedKeeper{file: filepath.Join(dir, "gone", "issued.pem"), disk: w.disk, stderr: w.stderr}
	k.keep(probe.HTTPS, [][]byte{{1, 2, 3}})
	if k.err() == nil || !strings.Contains(w.err.String(), "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n") {
		t.Errorf("%v, standard error: %s", k.err(), w.err.String())
	}
}

// TestPreflightMakesNoKeyFile: a preflight changes nothing here either, and still checks the
// request.
func TestPreflightMakesNoKeyFile(t *testing.T) {
	t.Parallel()
	w, key := newWorld(), filepath.Join(t.TempDir(), "device.key")
	if status := w.run(t, "probe", "--sandbox", "healthy", "--preflight", "--csr-key", key, "-o", "json"); status != report.ExitOK {
		t.Errorf("exit status %d: %s", status, w.err.String())
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("there is a key")
	}
	var doc report.Probe
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil || len(doc.Warnings) > 0 {
		t.Errorf("%v, warnings %+v", err, doc.Warnings)
	}
}
