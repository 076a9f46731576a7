package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/atomicfile/faultdisk"
)

// content is what a folder has in it.
func content(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s=%s;", e.Name(), data)
	}
	return text.String()
}

// TestReadOnlyFileIsKept: root may replace it too, so the mode decides.
func TestReadOnlyFileIsKept(t *testing.T) {
	t.Parallel()
	write := func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }
	for mode, want := range map[os.FileMode]error{0o444: atomicfile.ErrReadOnly, 0o400: atomicfile.ErrReadOnly, 0o644: nil, 0o600: nil} {
		dir := t.TempDir()
		path := filepath.Join(dir, "f")
		if err := os.WriteFile(path, []byte("old"), mode); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(atomicfile.CheckMode(path), atomicfile.CheckMode(link)); !errors.Is(err, want) {
			t.Errorf("mode %o: %v, want %v", mode, err, want)
		}
		err := atomicfile.Write(atomicfile.System{Unsynced: true}, path, 0o600, write)
		text := "f=new;"
		if want != nil {
			text = "f=old;"
		}
		if got := content(t, dir); !errors.Is(err, want) || got != text {
			t.Errorf("mode %o: %v, %s, want %v, %s", mode, err, got, want, text)
		}
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if err := atomicfile.CheckMode(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestWriteFailsAtAnyStep: whichever step fails, and in whichever way, an earlier file is intact,
// no part of the new one is there, and the error says so. What reports no error is whole.
func TestWriteFailsAtAnyStep(t *testing.T) {
	t.Parallel()
	write := func(w io.Writer) error {
		for _, part := range []string{"one ", "two ", "three"} {
			fmt.Fprint(w, part) // ignores the error
		}
		return nil
	}
	for _, old := range []string{"", "f=old;"} {
		for _, kind := range []struct{ stays, silent bool }{{}, {stays: true}, {silent: true}} {
			failures := 0
			for step := int64(1); ; step++ {
				dir := t.TempDir()
				path := filepath.Join(dir, "f")
				if old != "" {
					if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				disk := &faultdisk.Disk{FailAt: step, Stays: kind.stays, Silent: kind.silent}
				err := atomicfile.Write(disk, path, 0o600, write)
				if !disk.Failed() {
					if err != nil || content(t, dir) != "f=one two three;" {
						t.Errorf("without a failure: %v, %q", err, content(t, dir))
					}
					break
				}
				want := old
				if disk.Unsynced() && step == failedSyncDir {
					want = "f=one two three;"
				}
				failures++
				if got := content(t, dir); err == nil || got != want {
					t.Errorf("step %d: %v, %q, want %q", step, err, got, want)
				}
				if err != nil && strings.Contains(err.Error(), ".dpsdiag-") {
					t.Errorf("step %d: %v", step, err)
				}
			}
			if failures != failedSyncDir {
				t.Errorf("%d steps failed", failures)
			}
		}
	}
}

// failedSyncDir is the last step: create, three writes, chmod, sync, close, rename, sync of the folder.
const failedSyncDir = 9

func TestWriteRemovesThePartAfterAPanic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	func() {
		defer func() { _ = recover() }()
		_ = atomicfile.Write(atomicfile.System{}, filepath.Join(dir, "f"), 0o600, func(w io.Writer) error {
			fmt.Fprint(w, "half")
			panic("format")
		})
	}()
	if got := content(t, dir); got != "" {
		t.Errorf("left behind: %q", got)
	}
}

// lasting is a disk from which nothing can be removed.
type lasting struct{ atomicfile.System }

func (lasting) Rename(string, string) error { return syscall.EIO }
func (lasting) Remove(string) error         { return syscall.EROFS }

func TestWriteNamesWhatItLeaves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := atomicfile.Write(lasting{}, filepath.Join(dir, "f"), 0o600, func(io.Writer) error { return nil })
	if !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "left behind") || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
}

func TestWriteReal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for text, mode := range map[string]os.FileMode{"private": 0o600, "public": 0o644} {
		if err := atomicfile.Write(atomicfile.System{}, path, mode, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || runtime.GOOS != "windows" && info.Mode() != mode || content(t, dir) != "f="+text+";" {
			t.Errorf("%v, %v, %q", info, err, content(t, dir))
		}
	}
	if err := atomicfile.Write(atomicfile.System{}, filepath.Join(dir, "none", "f"), 0o600, nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(atomicfile.System{}, filepath.Join(dir, "folder"), 0o600, func(io.Writer) error { return nil }); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, err := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}
