// Package filelock locks a file for one process. The system ends the lock when the file is closed or
// the process ends in any way, so a lock is never left behind.
package filelock

import (
	"context"
	"os"
	"time"
)

// Lock locks an open file until it is closed and reports whether that succeeded. It retries for a
// second, since a process that was killed may still hold the lock for a moment.
func Lock(ctx context.Context, file *os.File) bool {
	const moments = 10
	for range moments {
		if lock(file) == nil {
			return true
		}
		timer := time.NewTimer(time.Second / moments)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
	return false
}
