package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"dpsdiag/internal/atomicfile"
)

// TestFilesAreWrittenWholeOrNotAtAll: an output that fails half way leaves what was there.
func TestFilesAreWrittenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "report.json"), filepath.Join(dir, "latest.json")
	write := func(text string, err error) error {
		return writeFile(atomicfile.System{}, link, func(w io.Writer) error { return errors.Join(err, ignoreCount(io.WriteString(w, text))) })
	}
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("report.json", link); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	if err := write("half", full); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); string(text) != "old" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if err := write("new", nil); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); string(text) != "new" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%v is left, %v", entries, err)
	}
}

// TestAFileIsWrittenWhereItsLinkLeads: also if nothing is there yet.
func TestAFileIsWrittenWhereItsLinkLeads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link, second := filepath.Join(dir, "report.json"), filepath.Join(dir, "latest.json"), filepath.Join(dir, "second.json")
	if err := errors.Join(os.Symlink("report.json", link), os.Symlink(link, second)); err != nil {
		t.Fatal(err)
	}
	err := writeFile(atomicfile.System{}, second, func(w io.Writer) error { return ignoreCount(io.WriteString(w, "new")) })
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the file is %v, %v", info, err)
	}
	if target, err := os.Readlink(link); target != "report.json" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
}

func ignoreCount(_ int, err error) error { return err }
