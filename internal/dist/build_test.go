package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlatforms(t *testing.T) {
	t.Parallel()
	var got []string
	for _, p := range platforms() {
		got = append(got, p.String()+p.suffix())
	}
	want := []string{"linux_amd64", "linux_arm64", "linux_armv7", "windows_amd64.exe", "darwin_arm64"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAWrongProgramIsNotReleased checks programs that must not be in an archive.
func TestAWrongProgramIsNotReleased(t *testing.T) {
	t.Parallel()
	for _, p := range platforms() {
		for name, binary := range map[string][]byte{
			"nothing":   nil,
			"text":      []byte("#!/bin/sh\n"),
			"too large": make([]byte, maxProgram+1),
		} {
			if p.check(binary) == nil {
				t.Errorf("%s: %s is accepted", p, name)
			}
		}
	}
}

func TestPrepareRemovesOldArchivesOnly(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "dist")
	if err := prepare(out); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dpsdiag_1_linux_amd64.tar.gz", "dpsdiag_1_windows_amd64.zip", checksums, "notes.txt"} {
		if err := os.WriteFile(filepath.Join(out, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := prepare(out); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != "notes.txt" {
		t.Errorf("left: %v", entries)
	}
}

// TestDescribe builds the program and checks the files that go into every archive.
func TestDescribe(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	t.Setenv("SOURCE_DATE_EPOCH", "1795339800") // 2026-11-22
	files, about, err := describe(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if about.version == "" || about.time.Unix() != 1795339800 {
		t.Errorf("release %+v", about)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.path)
		if len(f.data) == 0 || f.program {
			t.Errorf("%s: %d bytes", f.path, len(f.data))
		}
		if filepath.Ext(f.path) == ".1" && !bytes.Contains(f.data, []byte(`1 "2026-11-22" "dpsdiag"`)) {
			t.Errorf("%s begins with %.80q", f.path, f.data)
		}
	}
	for _, want := range []string{
		"README.md", "LICENSE", "docs/ci.md", "docs/schema/probe-1.json", "completions/dpsdiag.bash", "completions/_dpsdiag", "man/man1/dpsdiag.1", "man/man1/dpsdiag-probe.1",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not in %v", want, got)
		}
	}
}
