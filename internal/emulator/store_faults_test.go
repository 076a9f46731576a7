package emulator

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dpsdiag/internal/atomicfile/faultdisk"
)

// files are the files of a folder and of those in it, with their contents.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		found[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestStateSurvivesAFailureAtAnyStep: an emulator that could not write a file does not start, and says which file. The
// folder has whole files only, and the next start uses each key in it again.
func TestStateSurvivesAFailureAtAnyStep(t *testing.T) {
	t.Parallel()
	for step := int64(1); ; step += 3 { // a file takes seven steps, so every kind of step fails for some file
		dir := t.TempDir()
		disk := &faultdisk.Disk{FailAt: step, Stays: step%2 == 0}
		e, err := Start(t.Context(), Config{StateDir: dir, Disk: disk})
		if err == nil {
			err = errors.Join(e.Close(), e.Export(filepath.Join(dir, "export")))
		}
		if !disk.Failed() {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("step %d: %v", step, err)
		}
		before := files(t, dir)
		again, err := Start(t.Context(), Config{StateDir: dir, Disk: &faultdisk.Disk{}})
		if err != nil {
			t.Fatalf("step %d: the next start: %v", step, err)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
		after := files(t, dir)
		for path, text := range before {
			switch {
			case strings.Contains(path, ".dpsdiag-"):
				t.Errorf("step %d: %s is left behind", step, path)
			case strings.HasSuffix(path, ".key") && after[path] != text:
				t.Errorf("step %d: %s has another key now", step, path)
			}
		}
	}
}
