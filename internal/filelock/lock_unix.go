//go:build unix

package filelock

import (
	"os"
	"syscall"
)

// lock locks a file for this process alone; the lock ends with the process.
func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
