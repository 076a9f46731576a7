package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dpsdiag/internal/monitor/monitortest"
	"dpsdiag/internal/report"
)

// brokenFiles are files that are given to logs and fleet by mistake.
func brokenFiles(t *testing.T) map[string][]byte {
	t.Helper()
	event := monitortest.Event{Category: "DeviceOperations", Operation: "AttestationAttempt", Result: "Success", Device: "sensör-1", Kind: "Registration", Protocol: "Mqtt", Number: 1}
	record := event.Storage()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(strings.Repeat(record+"\n", 100))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	umlaut := strings.Index(record, "ö")
	return map[string][]byte{
		"empty.json":    nil,
		"noise.bin":     bytes.Repeat([]byte("\x01\x02\xff\x00\x9c"), 1000),
		"noise.gz":      append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), bytes.Repeat([]byte("\xff\x01\x9c"), 1000)...),
		"head.gz":       []byte("\x1f\x8b"),
		"cut.gz":        packed.Bytes()[:40],
		"cut.json":      []byte(record[:umlaut+1]), // in the middle of a character
		"cut-last.json": []byte(record + "\n" + record[:umlaut+1]),
	}
}

func writeBrokenFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range brokenFiles(t) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestLogsOfBrokenFiles: a file without a record of DPS is refused with what is wrong with it.
func TestLogsOfBrokenFiles(t *testing.T) {
	t.Parallel()
	dir := writeBrokenFiles(t)
	for name, want := range map[string]string{
		"empty.json": " is empty",
		"noise.bin":  " is not a text",
		"noise.gz":   " is packed with gzip and damaged: no record of it can be read",
		"head.gz":    " is packed with gzip and damaged: no record of it can be read",
		"cut.gz":     " is packed with gzip and damaged: no record of it can be read",
		"cut.json":   " is damaged or cut: it holds no whole record",
	} {
		w := newWorld()
		path := filepath.Join(dir, name)
		status := w.run(t, "logs", path)
		problem, hint, _ := strings.Cut(w.err.String(), "\n")
		if status != report.ExitUsage || w.out.Len() > 0 || problem != "dpsdiag: "+path+want || !strings.HasPrefix(hint, "hint: ") || strings.Count(hint, "\n") != 1 {
			t.Errorf("%s: exit status %d, %q, %q", name, status, w.out.String(), w.err.String())
		}
	}
	w := newWorld()
	if status := w.run(t, "logs", filepath.Join(dir, "cut-last.json")); status != report.ExitOK || !strings.Contains(w.out.String(), "1 damaged line") {
		t.Errorf("a last line that is cut: exit status %d, %q, %q", status, w.out.String(), w.err.String())
	}
}

// TestLogsOfAFolderWithOtherFiles: what is not text in a folder is reported and left out; the rest is read.
func TestLogsOfAFolderWithOtherFiles(t *testing.T) {
	t.Parallel()
	dir := writeBrokenFiles(t)
	w := newWorld()
	status := w.run(t, "logs", dir)
	if want := "dpsdiag: left out: " + filepath.Join(dir, "noise.bin") + " is not a text\n"; status != report.ExitOK || w.err.String() != want ||
		!strings.Contains(w.out.String(), "Nothing failed: 1 device of mydps") {
		t.Errorf("exit status %d, %q, %q", status, w.out.String(), w.err.String())
	}
}

// TestFleetOfBrokenFiles: a file that is not a list is refused, and nothing is sent.
func TestFleetOfBrokenFiles(t *testing.T) {
	t.Parallel()
	dir := writeBrokenFiles(t)
	for name, want := range map[string]string{
		"empty.json": "it lists no devices",
		"noise.bin":  "is not a text",
		"noise.gz":   "is packed with gzip and damaged",
		"cut.json":   "--devices: 1 of 1 devices of the list cannot be probed",
	} {
		w := newWorld()
		status := w.run(t, "fleet", "--devices", filepath.Join(dir, name), "--id-scope", "0ne0045B3C6", "--dry-run")
		if status != report.ExitUsage || w.out.Len() > 0 || !strings.Contains(w.err.String(), want) || !strings.Contains(w.err.String(), "\nhint: ") {
			t.Errorf("%s: exit status %d, %q, %q", name, status, w.out.String(), w.err.String())
		}
	}
}
