//go:build !windows

package tpm

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestOpenPaths: Open returns an error for a directory or a regular file, which cannot be a
// TPM. For any other path without a working TPM, the failure is in the facts.
func TestOpenPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	regular := filepath.Join(dir, "tpm0")
	if err := os.WriteFile(regular, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, regular} {
		if _, err := Open(t.Context(), path, false, Auth{}); err == nil {
			t.Errorf("%s was taken for a TPM", path)
		}
	}
	for path, want := range map[string]Kind{
		filepath.Join(dir, "nothing"): Missing,
		filepath.Join(dir, "tpmrm1"):  Missing,
		filepath.Join(dir, "tpmrm0"):  NoManager,
		os.DevNull:                    NoAnswer,
		closedSocket(t, dir):          NoAnswer,
		httpSocket(t, dir):            NoAnswer,
	} {
		opened, err := Open(t.Context(), path, false, Auth{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		failure := opened.Facts().Failure
		if failure == nil || failure.Kind != want || failure.Path != path || !strings.Contains(failure.Error(), path) {
			t.Errorf("%s: %+v, want %s", path, failure, want)
		}
		if id := opened.RegistrationID(); id != "" || opened.Proof("a/b", time.Time{}) != nil {
			t.Errorf("%s: attests as %q", path, id)
		}
	}
}

// closedSocket makes a socket file on which no process listens.
func closedSocket(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "closed")
	listener := listen(t, path)
	listener.SetUnlinkOnClose(false)
	listener.Close()
	return path
}

// httpSocket makes a socket on which an HTTP server answers, not a TPM.
func httpSocket(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "http")
	listener := listen(t, path)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return path
}

func listen(t *testing.T, path string) *net.UnixListener {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// TestGroupOf: a failure for lack of permission names the group that owns the device node,
// since the user has to join it.
func TestGroupOf(t *testing.T) {
	t.Parallel()
	failure := classify(os.DevNull, "open", &fs.PathError{Op: "open", Path: os.DevNull, Err: syscall.EACCES})
	if failure.Group == "" || !strings.HasSuffix(failure.Error(), "belongs to the group "+failure.Group) {
		t.Errorf("%+v: %v", failure, failure)
	}
	if group := groupOf(filepath.Join(t.TempDir(), "nothing")); group != "" {
		t.Errorf("group %q of nothing", group)
	}
}

func TestOpenFailure(t *testing.T) {
	t.Parallel()
	for errno, want := range map[syscall.Errno]Kind{
		syscall.EBUSY:  NoManager,
		syscall.ENODEV: Missing,
		syscall.ENXIO:  Missing,
		syscall.EIO:    NoAnswer,
	} {
		if got := classify("/dev/nonesuch", "open", &fs.PathError{Err: errno}); got.Kind != want {
			t.Errorf("%v: %s, want %s", errno, got.Kind, want)
		}
	}
}
