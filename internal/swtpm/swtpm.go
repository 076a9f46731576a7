//go:build tpm && linux

// Package swtpm starts a software TPM for the tests of "make tpm": swtpm of Debian's package of
// that name.
package swtpm

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxudstpm"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
)

// TPM is a running software TPM.
type TPM struct {
	Path   string        // of its socket
	Direct transport.TPM // for checks that do not go through the program under test

	control *os.File
}

// Reset turns the TPM off and on again.
func (s *TPM) Reset(t *testing.T) {
	t.Helper()
	s.command(t, []byte{0, 0, 0, 2, 0, 0, 0, 0}) // CMD_INIT
	if _, err := (tpm2.Startup{StartupType: tpm2.TPMSUClear}).Execute(s.Direct); err != nil {
		t.Fatal(err)
	}
}

// command sends a command on the control channel and waits for its answer.
func (s *TPM) command(t *testing.T, command []byte) {
	t.Helper()
	if _, err := s.control.Write(command); err != nil {
		t.Fatal(err)
	}
	if _, err := s.control.Read(make([]byte, 64)); err != nil {
		t.Fatalf("swtpm does not answer: %v", err)
	}
}

// Start starts a TPM in its factory state and stops it at the end of the test.
func Start(t *testing.T) *TPM {
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
	//nolint:gosec,noctx // the paths are our own, and the cleanup ends it
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
		_ = cmd.Wait() // reports that it was killed
		control.Close()
	})
	soft := &TPM{Path: path, control: control}
	soft.command(t, []byte{0, 0, 0, 1}) // CMD_GET_CAPABILITY, answered as soon as it listens
	if soft.Direct, err = linuxudstpm.Open(path); err != nil {
		t.Fatal(err)
	}
	return soft
}

// SetPassword protects a hierarchy that has no password yet.
func (s *TPM) SetPassword(t *testing.T, hierarchy tpm2.TPMHandle, password string) {
	t.Helper()
	_, err := tpm2.HierarchyChangeAuth{
		AuthHandle: tpm2.AuthHandle{Handle: hierarchy, Auth: tpm2.PasswordAuth(nil)},
		NewAuth:    tpm2.TPM2BAuth{Buffer: []byte(password)},
	}.Execute(s.Direct)
	if err != nil {
		t.Fatal(err)
	}
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

// Handles lists the persistent and transient objects and the sessions in the TPM.
func (s *TPM) Handles(t *testing.T) []tpm2.TPMHandle {
	t.Helper()
	var all []tpm2.TPMHandle
	for _, first := range []uint32{0x81000000, 0x80000000, 0x02000000, 0x03000000} {
		rsp, err := tpm2.GetCapability{Capability: tpm2.TPMCapHandles, Property: first, PropertyCount: 64}.Execute(s.Direct)
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

// NewKey returns a random key of the size that the service generates.
func NewKey() dps.Key {
	b := make([]byte, dps.GeneratedKeySize)
	rand.Read(b)
	return dps.NewKey(b)
}

// Encrypted returns a key that only the TPM with those public keys can read, as the service sends it.
func Encrypted(t *testing.T, keys dps.TPMKeys, key dps.Key) []byte {
	t.Helper()
	blob, err := emulator.NewActivation(keys.EndorsementKey, keys.StorageRootKey, key, "hub.example", rand.Reader)
	if err != nil {
		t.Error(err)
	}
	return blob
}
