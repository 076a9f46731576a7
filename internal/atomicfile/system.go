package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// System is the disk of the operating system.
type System struct{}

// CreateTemp implements [Disk].
func (System) CreateTemp(dir, pattern string) (File, error) {
	file, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err // in place of a File that is not nil
	}
	return file, nil
}

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
// that does not sync folders, is no failure.
func (System) SyncDir(dir string) error {
	if !syncsDirs {
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
