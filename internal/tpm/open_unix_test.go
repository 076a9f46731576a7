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

// TestOpenPaths: a path that cannot be a TPM is an error; one that could be a TPM but is
// not gives facts.
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
		deafSocket(t, dir):            NoAnswer,
		strangeSocket(t, dir):         NoAnswer,
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

// deafSocket makes a socket on which nothing listens any more.
func deafSocket(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "deaf")
	listener := listen(t, path)
	listener.SetUnlinkOnClose(false)
	listener.Close()
	return path
}

// strangeSocket makes the socket of another service.
func strangeSocket(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "strange")
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

// TestGroupOf: the group that owns a node is the one that a user must join.
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
