package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dpsdiag/internal/atomicfile/faultdisk"
	"dpsdiag/internal/report"
)

// contentOf is the content of a folder.
func contentOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[e.Name()] = string(data)
	}
	return found
}

// TestOutputsOnAFailingDisk: whichever step of writing a report in whichever format fails, the file that
// was there before is intact, nothing else is left, standard output has the report, and the exit status says that
// there is a problem on this machine.
func TestOutputsOnAFailingDisk(t *testing.T) {
	t.Parallel()
	saved := filepath.Join(t.TempDir(), "probe.json")
	if w := newWorld(); w.run(t, "probe", "--sandbox", "healthy", "-q", "-o", "json="+saved) != report.ExitOK {
		t.Fatal(w.err.String())
	}
	for _, format := range shownFormats() {
		for step := int64(1); ; step++ {
			dir := t.TempDir()
			path := filepath.Join(dir, "report")
			if err := os.WriteFile(path, []byte("earlier"), 0o600); err != nil {
				t.Fatal(err)
			}
			disk := &faultdisk.Disk{FailAt: step}
			w := newWorld()
			w.disk = disk
			status := w.run(t, "report", saved, "-o", "text", "-o", format+"="+path)
			if !disk.Failed() {
				if status != report.ExitOK || step < 7 {
					t.Errorf("%s: exit status %d after %d steps: %s", format, status, step, w.err.String())
				}
				break
			}
			if status != report.ExitNoVerdict || !strings.Contains(w.err.String(), "cannot write") || !strings.Contains(w.out.String(), "sandbox-key-01") {
				t.Errorf("%s, step %d: exit status %d: %s", format, step, status, w.err.String())
			}
			if got := contentOf(t, dir); len(got) != 1 || got["report"] != "earlier" && !disk.Unsynced() {
				t.Errorf("%s, step %d: %q", format, step, got)
			}
		}
	}
}

// TestABundleOnAFailingDisk is about a zip file, whose directory is written last.
func TestABundleOnAFailingDisk(t *testing.T) {
	t.Parallel()
	for step := int64(1); ; step++ {
		dir := t.TempDir()
		w := newWorld()
		disk := &faultdisk.Disk{FailAt: step, Stays: step%3 == 0, Silent: step%3 == 1}
		w.disk = disk
		status := run(t.Context(), &w.app, []string{"probe", "--sandbox", "healthy", "-q", "-o", "bundle=" + filepath.Join(dir, "b.zip")})
		got := contentOf(t, dir)
		if !disk.Failed() {
			if status != report.ExitOK || len(got) != 1 || step < 7 {
				t.Errorf("exit status %d after %d steps, %d files: %s", status, step, len(got), w.err.String())
			}
			break
		}
		if status != report.ExitNoVerdict || len(got) != 0 && !disk.Unsynced() || !strings.Contains(w.err.String(), "cannot write") {
			t.Errorf("step %d: exit status %d, %d files: %s", step, status, len(got), w.err.String())
		}
	}
}

// TestAnIssuedCertificateOnAFailingDisk: the service does not issue it again, so what cannot be written is shown.
func TestAnIssuedCertificateOnAFailingDisk(t *testing.T) {
	t.Parallel()
	for step := int64(1); step <= 7; step++ {
		dir := t.TempDir()
		w := newWorld()
		disk := &faultdisk.Disk{FailAt: step}
		w.disk = disk
		k := &issuedKeeper{file: filepath.Join(dir, "issued.pem"), disk: disk, stderr: w.stderr}
		k.keep("https", [][]byte{[]byte("certificate")})
		if got := contentOf(t, dir); k.err() == nil || !strings.Contains(w.err.String(), "BEGIN CERTIFICATE") || len(got) != 0 && !disk.Unsynced() {
			t.Errorf("step %d: %v, %q, %s", step, k.err(), got, w.err.String())
		}
	}
}
