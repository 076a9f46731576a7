// Package faultdisk is a disk for tests, that fails at any step of writing a file.
package faultdisk

import (
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"

	"dpsdiag/internal/atomicfile"
)

// Disk is the system's disk until a step fails. What it did before is real, except that it does not
// wait for the hardware, since no test cuts the power. It may be used by several goroutines.
type Disk struct {
	atomicfile.System
	// FailAt is the number of the step that fails, from 1; 0 for none.
	FailAt int64
	// Stays says that all steps after that one fail too, except removing files.
	Stays bool
	// Silent says that a write that fails returns a count that is too small and no error.
	Silent bool

	steps    atomic.Int64
	unsynced atomic.Bool
}

// Unsynced reports whether a folder was not synced, so that a new file is in place in spite of an error.
func (d *Disk) Unsynced() bool { return d.unsynced.Load() }

// Steps are how many steps were taken.
func (d *Disk) Steps() int64 { return d.steps.Load() }

// Failed reports whether a step has failed.
func (d *Disk) Failed() bool { return d.FailAt > 0 && d.Steps() >= d.FailAt }

// step returns the error of the next step.
func (d *Disk) step(op, path string, errno syscall.Errno) error {
	n := d.steps.Add(1)
	if d.FailAt > 0 && (n == d.FailAt || d.Stays && n > d.FailAt) {
		return &fs.PathError{Op: op, Path: path, Err: errno}
	}
	return nil
}

// CreateTemp implements [atomicfile.Disk].
func (d *Disk) CreateTemp(dir, pattern string) (atomicfile.File, error) {
	if err := d.step("open", dir, syscall.ENOSPC); err != nil {
		return nil, err
	}
	f, err := d.System.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	return &file{f, d}, nil
}

// Rename implements [atomicfile.Disk].
func (d *Disk) Rename(from, to string) error {
	if err := d.step("rename", to, syscall.EIO); err != nil {
		return err
	}
	return d.System.Rename(from, to)
}

// SyncDir implements [atomicfile.Disk].
func (d *Disk) SyncDir(dir string) error {
	if err := d.step("sync", dir, syscall.EIO); err != nil {
		d.unsynced.Store(true)
		return err
	}
	return nil
}

// Open opens a file that is written in place. It is made if it does not exist.
func (d *Disk) Open(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &File{f, d}, nil
}

// File is a file of a [Disk] that is written in place.
type File struct {
	*os.File

	disk *Disk
}

// WriteAt writes a half if it fails.
func (f *File) WriteAt(p []byte, at int64) (int, error) {
	err := f.disk.step("write", f.Name(), syscall.ENOSPC)
	if err == nil {
		return f.File.WriteAt(p, at)
	}
	n, wrote := f.File.WriteAt(p[:len(p)/2], at)
	if wrote != nil {
		return n, wrote
	}
	if f.disk.Silent {
		err = nil
	}
	return n, err
}

// Sync fails if it is its turn.
func (f *File) Sync() error { return f.disk.step("sync", f.Name(), syscall.EIO) }

// Truncate is that of the file.
func (f *File) Truncate(size int64) error {
	if err := f.disk.step("truncate", f.Name(), syscall.EIO); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

// file is a file of a [Disk].
type file struct {
	atomicfile.File
	disk *Disk
}

// Write writes a half if it fails.
func (f *file) Write(p []byte) (int, error) {
	err := f.disk.step("write", f.Name(), syscall.ENOSPC)
	if err == nil {
		return f.File.Write(p)
	}
	n, wrote := f.File.Write(p[:len(p)/2])
	if wrote != nil {
		return n, wrote
	}
	if f.disk.Silent {
		err = nil
	}
	return n, err
}

func (f *file) Chmod(mode fs.FileMode) error {
	if err := f.disk.step("chmod", f.Name(), syscall.EPERM); err != nil {
		return err
	}
	return f.File.Chmod(mode)
}

func (f *file) Sync() error { return f.disk.step("sync", f.Name(), syscall.EIO) }

// Close closes the file even if it fails, as the system does.
func (f *file) Close() error {
	err := f.disk.step("close", f.Name(), syscall.EIO)
	if closed := f.File.Close(); closed != nil {
		return closed
	}
	return err
}
