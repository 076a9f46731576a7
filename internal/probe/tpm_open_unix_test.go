//go:build !windows

package probe

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOpenTPMPaths: what can be no TPM is refused; what could be one and is not, is a fact.
func TestOpenTPMPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	regular := filepath.Join(dir, "tpm0")
	if err := os.WriteFile(regular, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, regular} {
		if _, err := OpenTPM(t.Context(), path, false, TPMAuth{}); err == nil {
			t.Errorf("%s was taken for a TPM", path)
		}
	}
	for path, want := range map[string]TPMKind{
		filepath.Join(dir, "nothing"): TPMMissing,
		filepath.Join(dir, "tpmrm1"):  TPMMissing,
		filepath.Join(dir, "tpmrm0"):  TPMNoManager,
		os.DevNull:                    TPMNoAnswer,
		deafSocket(t, dir):            TPMNoAnswer,
		strangeSocket(t, dir):         TPMNoAnswer,
	} {
		tpm, err := OpenTPM(t.Context(), path, false, TPMAuth{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		failure := tpm.Inspect(testedOn, today, 0).TPM.Failure
		if failure == nil || failure.Kind != want || failure.Path != path || !strings.Contains(failure.Error(), path) {
			t.Errorf("%s: %+v, want %s", path, failure, want)
		}
		if id := tpm.RegistrationID(); id != "" || tpm.Identify(testedOn, today).TPM != nil {
			t.Errorf("%s: attests as %q", path, id)
		}
	}
}

// deafSocket is one that nobody listens on any more.
func deafSocket(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "deaf")
	listener := listen(t, path)
	listener.SetUnlinkOnClose(false)
	listener.Close()
	return path
}

// strangeSocket is one of another service.
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

// TestGroupOf: the owning group of a node is what a user must join.
func TestGroupOf(t *testing.T) {
	t.Parallel()
	failure := classifyTPM(os.DevNull, "open", &fs.PathError{Op: "open", Path: os.DevNull, Err: syscall.EACCES})
	if failure.Group == "" || !strings.HasSuffix(failure.Error(), "belongs to the group "+failure.Group) {
		t.Errorf("%+v: %v", failure, failure)
	}
	if group := groupOf(filepath.Join(t.TempDir(), "nothing")); group != "" {
		t.Errorf("group %q of nothing", group)
	}
}

func TestOpenFailure(t *testing.T) {
	t.Parallel()
	for errno, want := range map[syscall.Errno]TPMKind{
		syscall.EBUSY:  TPMNoManager,
		syscall.ENODEV: TPMMissing,
		syscall.ENXIO:  TPMMissing,
		syscall.EIO:    TPMNoAnswer,
	} {
		if got := classifyTPM("/dev/nonesuch", "open", &fs.PathError{Err: errno}); got.Kind != want {
			t.Errorf("%v: %s, want %s", errno, got.Kind, want)
		}
	}
}
