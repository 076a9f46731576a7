//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestClosedOutput: a command whose output nobody reads any more, as before `| head -1`, ends like
// other programs do, without a word.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	records := filepath.Join("..", "..", "testdata", "monitor", "storage.json")
	devices := filepath.Join(t.TempDir(), "devices.csv")
	if err := os.WriteFile(devices, []byte("registration_id,key\ndev-1,c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgcHJpbWFyeSAg\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"logs", records},
		{"logs", records, "-o", "json"},
		{"kql", "--list"},
		{"kql", "clusters", "-o", "json"},
		{"plan", "--devices", "1000", "--at-once"},
		{"fleet", "--id-scope", "0ne0045B3C6", "--devices", devices, "--dry-run"},
	} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = read.Close()
		var errs bytes.Buffer
		cmd := exec.CommandContext(t.Context(), "dpsdiag", args...)
		cmd.Stdout, cmd.Stderr, cmd.WaitDelay = write, &errs, time.Minute
		err = cmd.Run()
		_ = write.Close()
		status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if err == nil || !ok || !status.Signaled() || status.Signal() != syscall.SIGPIPE || errs.Len() > 0 {
			t.Errorf("%v: %v, %q", args, err, errs.String())
		}
	}
}
