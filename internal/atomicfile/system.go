package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// System is the disk of the operating system.
type System struct {
	// Unsynced says that files need not survive a power failure, so that nothing waits for the
	// hardware.
	Unsynced bool
}

// CreateTemp implements [Disk].
func (s System) CreateTemp(dir, pattern string) (File, error) {
	file, err := os.CreateTemp(dir, pattern)
	switch {
	case err != nil:
		return nil, err // in place of a File that is not nil
	case s.Unsynced:
		return unsynced{file}, nil
	}
	return file, nil
}

// unsynced is a file that is not synced.
type unsynced struct{ *os.File }

func (unsynced) Sync() error { return nil }

// Rename implements [Disk]. Where another process may have a file open for a moment and this
// prevents renaming (a virus scanner on Windows), it tries for up to half a second.
func (System) Rename(from, to string) error {
	return patiently(func() error { return os.Rename(from, to) }, isBusy, func(d time.Duration) { <-time.After(d) })
}

// patiently repeats what fails because a file is in use.
func patiently(rename func() error, busy func(error) bool, sleep func(time.Duration)) error {
	const tries = 10
	for range tries {
		if err := rename(); err == nil || !busy(err) {
			return err
		}
		sleep(time.Second / 2 / tries)
	}
	return rename()
}

// Remove implements [Disk].
func (System) Remove(name string) error { return os.Remove(name) }

// SyncDir implements [Disk]. A folder that cannot be opened for reading, or is on a file system
// that does not sync folders, is not a failure.
func (s System) SyncDir(dir string) error {
	if s.Unsynced || !syncsDirs {
		return nil
	}
	folder, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	err = folder.Sync()
	if isUnsupported(err) {
		err = nil
	}
	return errors.Join(err, folder.Close())
}
