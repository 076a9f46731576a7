package fleet

import (
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes a file for this process until it is closed. Windows forbids other processes to read
// what is locked, so the lock is on a byte far behind the content.
func lock(file *os.File) error {
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(file.Fd()), how, 0, 1, 0, &windows.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxInt32})
}
