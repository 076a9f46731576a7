//go:build tpm && linux

package probe_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxudstpm"
)

// softTPM is a running swtpm, the software TPM of Debian's package of that name.
type softTPM struct {
	path    string // of its socket
	direct  transport.TPM
	control *os.File
}

// reset switches the TPM off and on again.
func (s *softTPM) reset(t *testing.T) {
	t.Helper()
	s.command(t, []byte{0, 0, 0, 2, 0, 0, 0, 0}) // CMD_INIT
	if _, err := (tpm2.Startup{StartupType: tpm2.TPMSUClear}).Execute(s.direct); err != nil {
		t.Fatal(err)
	}
}

// command sends a command on the control channel and waits for its answer.
func (s *softTPM) command(t *testing.T, command []byte) {
	t.Helper()
	if _, err := s.control.Write(command); err != nil {
		t.Fatal(err)
	}
	if _, err := s.control.Read(make([]byte, 64)); err != nil {
		t.Fatalf("swtpm does not answer: %v", err)
	}
}

// startTPM starts a TPM in its delivered state; it ends with the test.
func startTPM(t *testing.T) *softTPM {
	t.Helper()
	dir, err := os.MkdirTemp("", "tpm") //nolint:usetesting // the path of a socket has 108 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "s")
	control, theirs := socketPair(t)
	cmd := exec.Command("swtpm", "socket", "--tpm2", "--tpmstate", "dir="+dir, "--server", "type=unixio,path="+path,
		"--flags", "not-need-init,startup-clear", "--ctrl", "type=unixio,clientfd=3")
	cmd.ExtraFiles = []*os.File{theirs}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		t.Fatalf("these tests need Debian's package swtpm: %v", err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Errorf("swtpm had ended before the test: %v", err)
		}
		_ = cmd.Wait() // says that it was killed
		control.Close()
	})
	soft := &softTPM{path: path, control: control}
	soft.command(t, []byte{0, 0, 0, 1}) // CMD_GET_CAPABILITY, answered once it listens
	if soft.direct, err = linuxudstpm.Open(path); err != nil {
		t.Fatal(err)
	}
	return soft
}

// socketPair returns two connected unix sockets.
func socketPair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
}

// handles lists what is in the TPM: persistent and transient objects and sessions.
func (s *softTPM) handles(t *testing.T) []tpm2.TPMHandle {
	t.Helper()
	var all []tpm2.TPMHandle
	for _, first := range []uint32{0x81000000, 0x80000000, 0x02000000, 0x03000000} {
		rsp, err := tpm2.GetCapability{Capability: tpm2.TPMCapHandles, Property: first, PropertyCount: 64}.Execute(s.direct)
		if err != nil {
			t.Fatal(err)
		}
		list, err := rsp.CapabilityData.Data.Handles()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list.Handle...)
	}
	slices.Sort(all)
	return all
}
