//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/report"
)

// TestNothingIssuedIsLost: an interruption after the assignment comes when the chain is written
// already. A named pipe shows when it is.
func TestNothingIssuedIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "issued.pem")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithTimeout(t.Context(), time.Minute)
	defer interrupt()
	written := make(chan string, 1)
	go func() {
		text, _ := os.ReadFile(pipe)
		interrupt()
		written <- string(text)
	}()
	w := newWorld()
	status := run(ctx, &w.app, []string{
		"probe", "--sandbox", "hub-throttled-forever", "--check-hub", "--max-attempts", "1000", "--retry-max-wait", "1m", "--timeout", "1m",
		"--csr-key", filepath.Join(dir, "device.key"), "--issued-cert-out", pipe, "-o", "json",
	})
	if text := <-written; strings.Count(text, "-----END CERTIFICATE-----\n") != 3 || status != report.ExitInterrupted {
		t.Errorf("exit status %d, written %q", status, text)
	}
}
