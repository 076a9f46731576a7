package fleet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// failingFile is a journal's file of which one step fails, or all from one on. A write that fails
// writes a part; a sync that fails leaves everything that was written.
type failingFile struct {
	*os.File
	failAt, part int
	stays        bool
	steps        int
	unsynced     bool // something was written since the last sync
}

func (f *failingFile) step() bool {
	f.steps++
	return f.steps == f.failAt || f.stays && f.steps > f.failAt
}

func (f *failingFile) WriteAt(text []byte, at int64) (int, error) {
	f.unsynced = true
	if !f.step() {
		return f.File.WriteAt(text, at)
	}
	n, err := f.File.WriteAt(text[:min(f.part, len(text))], at)
	return n, errors.Join(err, syscall.ENOSPC)
}

func (f *failingFile) Sync() error {
	if f.step() {
		return syscall.EIO
	}
	f.unsynced = false
	return nil // no test cuts the power
}

func (f *failingFile) Truncate(size int64) error {
	if f.step() {
		return syscall.EIO
	}
	return f.File.Truncate(size)
}

// TestJournalFailsAtAnyStep: whichever step fails and however much of a line was written then, all
// that was reported as written is in the journal when it is opened again, and it can be opened.
func TestJournalFailsAtAnyStep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, stays := range []bool{false, true} {
		for _, part := range []int{1, 1000} {
			for failAt := 1; ; failAt++ {
				path := filepath.Join(dir, fmt.Sprintf("%v-%d-%d", stays, part, failAt))
				file := &failingFile{File: create(t, path), failAt: failAt, part: part, stays: stays}
				saved := writeJournal(file)
				if err := file.Close(); err != nil {
					t.Fatal(err)
				}
				j, err := OpenJournal(t.Context(), path, head())
				if err != nil {
					t.Fatalf("step %d, %d bytes: %v", failAt, part, err)
				}
				for id, synced := range saved {
					if !synced {
						t.Errorf("step %d, %d bytes: %s was reported as written before it was synced", failAt, part, id)
					}
					if _, done := j.done[id]; !done {
						t.Errorf("step %d, %d bytes: %s was reported as written, and is lost", failAt, part, id)
					}
				}
				if err := errors.Join(j.finish(&Result{RegistrationID: "last", Verdict: "registered"}), j.Close()); err != nil {
					t.Errorf("step %d, %d bytes: %v", failAt, part, err)
				}
				if file.steps < failAt {
					break
				}
			}
		}
	}
}

// writeJournal writes the results of devices, with ids that become shorter, and returns the ids that were written, and
// whether they were synced then. The run goes on after an error, as the devices do that had begun before it.
func writeJournal(file *failingFile) map[string]bool {
	saved := map[string]bool{}
	j := newJournal(file)
	if err := j.open(head()); err != nil {
		return saved
	}
	for length := 60; length > 0; length -= 20 {
		id := strings.Repeat("d", length)
		if err := j.begin(id, time.Now()); err != nil {
			continue
		}
		if j.finish(&Result{RegistrationID: id, Verdict: "registered"}) == nil {
			saved[id] = !file.unsynced
		}
	}
	return saved
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestJournalLeavesOtherFiles: a file that is not a journal, with or without an end of line, is not overwritten.
func TestJournalLeavesOtherFiles(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"my only notes", "{", `{"schema":"dpsdiag/probe/1","tool":{}}`, `{"schema":"dpsdiag/fleet-journal/2","e`, "registration_id,key\na,b", "\x00"} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := OpenJournal(t.Context(), path, head())
		if j != nil {
			_ = j.Close()
		}
		cut := strings.HasPrefix(`{"schema":"`, text)
		if _, refused := errors.AsType[*JournalError](err); refused == cut {
			t.Errorf("%q: %v", text, err)
		}
		if now, err := os.ReadFile(path); !cut && string(now) != text {
			t.Errorf("%q became %q, %v", text, now, err)
		}
	}
}
