package filelock

import (
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// lock locks a file for this process until the file is closed. Windows does not let other processes
// read what is locked, so the lock is on a byte far beyond the content.
func lock(file *os.File) error {
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(file.Fd()), how, 0, 1, 0, &windows.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxInt32})
}
