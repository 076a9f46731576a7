//go:build unix || windows

package filelock

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// holder is the environment variable with the file that a second process of the test locks.
const holder = "FILELOCK_HOLDER"

func TestMain(m *testing.M) {
	if path := os.Getenv(holder); path != "" {
		os.Exit(hold(path))
	}
	os.Exit(m.Run())
}

// hold locks a file, says so and waits until the process is killed. It returns the exit status.
func hold(path string) int {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil || !Lock(context.Background(), file) {
		return 1
	}
	if _, err := os.Stdout.WriteString("locked\n"); err != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// TestOneHolder: a file has one holder, until that closes it.
func TestOneHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, second := open(t, path), open(t, path)
	if !Lock(t.Context(), first) {
		t.Fatal("a file that nobody has cannot be locked")
	}
	if Lock(t.Context(), second) {
		t.Error("two hold the lock")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if !Lock(t.Context(), second) {
		t.Error("the lock of a closed file is held")
	}
}

// TestKilledHolder: the lock of a process ends when it is killed, and the file is left.
func TestKilledHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	file := open(t, path)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), holder+"="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the process says %q: %v", line, err)
	}
	if Lock(t.Context(), file) {
		t.Error("the lock of another process does not count")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if !Lock(t.Context(), file) {
		t.Error("the lock of a killed process is left")
	}
}

// TestEndedWaiting: waiting for a lock ends with the context.
func TestEndedWaiting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, second := open(t, path), open(t, path)
	if !Lock(t.Context(), first) {
		t.Fatal("a file that nobody has cannot be locked")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if Lock(ctx, second) {
		t.Error("two hold the lock")
	}
}
