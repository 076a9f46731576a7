package codes_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestNoStartUpCost: the catalogue is data that the linker lays out, so the package runs no code when
// a program starts. The runtime trace of this test shows it.
func TestNoStartUpCost(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "-test.run=^$")
	command.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	trace, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("run the test program with a trace: %v\n%s", err, trace)
	}
	if !bytes.Contains(trace, []byte("init runtime @")) {
		t.Fatalf("no trace of package initialisation in:\n%s", trace)
	}
	// With -cover every package gets start-up code, so there is nothing to check then.
	if testing.CoverMode() == "" && bytes.Contains(trace, []byte("init dpsdiag/internal/codes @")) {
		t.Errorf("package codes runs code at start:\n%s", trace)
	}
}
