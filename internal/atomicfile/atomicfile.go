// Package atomicfile writes files whole or not at all. [Write] is all that a caller needs, with
// [CheckMode] to know earlier that a file is not replaced; a
// [Disk] other than [System] is for tests, which make it fail.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Disk is where files are written.
type Disk interface {
	// CreateTemp is [os.CreateTemp].
	CreateTemp(dir, pattern string) (File, error)
	// Rename is [os.Rename]. It replaces a file of the new name.
	Rename(from, to string) error
	// Remove is [os.Remove].
	Remove(name string) error
	// SyncDir makes the names in a folder survive a power failure, as far as the system can.
	SyncDir(dir string) error
}

// File is a file that was created by a [Disk].
type File interface {
	io.WriteCloser
	Name() string
	Chmod(mode fs.FileMode) error
	Sync() error
}

// Pattern is the pattern of the names that files have until they are whole.
const Pattern = ".dpsdiag-*"

// ErrReadOnly means that a file exists and that its mode lets nobody write to it.
var ErrReadOnly = errors.New("the file is read-only")

// CheckMode returns ErrReadOnly if there is such a file. A rename replaces it all the same, if the
// folder permits, and root may write to any file; but who made it read-only wants to keep it. So the
// mode decides, for every user.
func CheckMode(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o222 == 0 {
		return ErrReadOnly
	}
	return nil // of any other error, writing tells
}

// Write makes a file of what write writes. Until the file is whole and on the disk it has a temporary
// name in the same folder. If anything fails, it is removed, and an earlier file of that name is
// intact. The one exception is a failure to sync the folder: then the new file is in place, but
// may be lost in a power failure. A read-only file is not replaced: see [CheckMode]. The error does not contain the
// temporary name, unless it is left behind.
func Write(disk Disk, path string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	if err := CheckMode(path); err != nil {
		return err
	}
	file, err := disk.CreateTemp(filepath.Dir(path), Pattern) // of mode 0600
	if err != nil {
		return reason(err)
	}
	whole := false
	defer func() {
		if !whole { // also after a panic
			err = discard(disk, file, err)
		}
	}()
	if err := fill(file, mode, write); err != nil {
		return reason(err)
	}
	if err := disk.Rename(file.Name(), path); err != nil {
		return reason(err)
	}
	whole = true
	return reason(disk.SyncDir(filepath.Dir(path)))
}

// fill writes a file and closes it, even if that fails.
func fill(file File, mode fs.FileMode, write func(io.Writer) error) error {
	w := &strict{w: file}
	err := write(w)
	if err == nil {
		err = w.err // one that write ignored
	}
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// discard removes a file that did not become whole because of err.
func discard(disk Disk, file File, err error) error {
	_ = file.Close() // an open file cannot be removed on Windows; usually it is closed already
	if failed := disk.Remove(file.Name()); failed != nil && err != nil {
		return fmt.Errorf("%w, and %q is left behind: %w", err, file.Name(), reason(failed))
	}
	return err
}

// strict is a writer on which nothing can be written after an error, and to which a short write is an error.
type strict struct {
	w   io.Writer
	err error
}

func (s *strict) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	s.err = err
	return n, err
}

// reason is an error without the operation and the names of files: the caller names the file that was to be written.
func reason(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return link.Err
	}
	return err
}
