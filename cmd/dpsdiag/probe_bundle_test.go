package main

import (
	"archive/zip"
	"context"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// TestBundle probes a device from a configuration and checks each file of the bundle.
func TestBundle(t *testing.T) {
	t.Parallel()
	e, err := emulator.Start(context.WithoutCancel(t.Context()), emulator.Config{Files: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	ready, device := e.Ready(), e.Device()
	config := strings.Join([]string{
		"# " + device.Key.Reveal(),
		"[provisioning]", `source = "dps"`, `global_endpoint = "https://` + ready.Endpoints.HTTPS + `"`, `id_scope = "` + ready.IDScope + `"`,
		"[provisioning.attestation]", `method = "symmetric_key"`, `registration_id = "` + device.RegistrationID + `"`,
		`symmetric_key = { value = "` + device.Key.Reveal() + `" }`,
	}, "\n")
	const proxyPassword = "the password of a proxy of forty letters"
	w := newWorld()
	w.setEnv(map[string]string{"HTTPS_PROXY": "http://plant:" + strings.ReplaceAll(proxyPassword, " ", "%20") + "@proxy.plant:3128", "NO_PROXY": "127.0.0.1"})
	w.readConfig = func(path string) ([]byte, error) {
		if path == "/config.toml" {
			return []byte(config), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	path := filepath.Join(t.TempDir(), "report.zip")
	status := w.run(t, "probe", "--from", "/config.toml", "--ca-file", ready.CAFile, "--payload", `{"model": "a secret of the plant, perhaps"}`, "-o", "bundle="+path)
	if status != report.ExitOK {
		t.Fatalf("exit status %d: %s", status, w.err.String())
	}
	files := unzip(t, path)
	want := []string{"report.json", "report.html", "report.txt", "settings.txt", "system.txt", "config.toml"}
	for _, name := range want {
		if !strings.Contains(w.err.String(), name) {
			t.Errorf("%s is not listed on standard error: %s", name, w.err.String())
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(maps.Keys(files))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, parts := range map[string][]string{
		"report.json":  {`"schema": "dpsdiag/probe/1"`},
		"report.html":  {"<!DOCTYPE html>", "Exchange over https"},
		"report.txt":   {device.RegistrationID, "Exchange"},
		"settings.txt": {"--from /config.toml", "--payload '[redacted]'", "id_scope from "},
		"system.txt":   {"platform", "local time", "the peer's over https", "http://proxy.plant:3128", "127.0.0.1"},
		"config.toml":  {ready.IDScope, "symmetric_key", "[redacted]"},
	} {
		for _, part := range parts {
			if !strings.Contains(files[name], part) {
				t.Errorf("%s lacks %q:\n%s", name, part, files[name])
			}
		}
	}
	checkNoneOf(t, w, slices.Concat(secretsOf(device), [][]byte{[]byte(proxyPassword)})...)
	if strings.Contains(files["settings.txt"], "of the plant") {
		t.Errorf("the payload is shown: %s", files["settings.txt"])
	}
}

// TestBundleHasNoSecretOfTheCommandLine gives a key and a proxy's password on the command
// line, where others can read them.
func TestBundleHasNoSecretOfTheCommandLine(t *testing.T) {
	t.Parallel()
	const key = "bm90IGEga2V5IG9mIGFueWJvZHksIGJ1dCBvZiB0aGUgcmlnaHQgbGVuZ3RoLi4uIQ=="
	w := newWorld()
	path := filepath.Join(t.TempDir(), "report.zip")
	status := w.run(t, "probe", "--endpoint", "127.0.0.1:1", "--id-scope", "0ne0045B3C6", "--registration-id", "sensor-17",
		"--key", key, "--proxy", "http://plant:hunter-of-secrets@127.0.0.1:1", "-o", "bundle="+path)
	if status == report.ExitUsage {
		t.Fatal(w.err.String())
	}
	checkNoneOf(t, w, []byte(key), []byte("hunter-of-secrets"))
	if settings := unzip(t, path)["settings.txt"]; !strings.Contains(settings, "--proxy http://127.0.0.1:1") || !strings.Contains(settings, "--key '[redacted]'") {
		t.Errorf("the settings are\n%s", settings)
	}
}

func unzip(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string]string{}
	for _, entry := range archive.File {
		file, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name] = string(data)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	return files
}
