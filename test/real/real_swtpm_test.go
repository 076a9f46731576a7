//go:build tpm && linux

package main

import (
	"encoding/base64"
	"testing"

	"dpsdiag/internal/probe"
	"dpsdiag/internal/swtpm"
	"dpsdiag/internal/tpm"
)

// TestTPMAgainstTheEmulator registers the device of a software TPM.
func TestTPMAgainstTheEmulator(t *testing.T) {
	soft := swtpm.Start(t)
	opened, err := tpm.Open(t.Context(), soft.Path, false, tpm.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	held := &probe.TPM{TPM: opened}
	ready := startEmulator(t, "--tpm-ek", base64.StdEncoding.EncodeToString(held.EndorsementKey()), "--tpm-registration-id", held.RegistrationID())
	vars := variablesFor(t, ready)
	for _, name := range []string{"KEY_ID", "KEY", "GROUP_ID", "GROUP_KEY", "CERT", "CERT_KEY", "CHAIN", "CLOSED_ID_SCOPE", "CLOSED_ID", "CLOSED_KEY"} {
		delete(vars, name)
	}
	vars["TPM"] = soft.Path
	result := recordWith(t, vars)
	if len(result.Devices) != 1 {
		t.Fatalf("%d devices", len(result.Devices))
	}
	d := result.Devices[0]
	if d.Credential != "tpm" || d.Probe.Verdict != "registered" || len(d.Probe.Runs) != 3 || d.Inspect.Verdict != "clear" {
		t.Errorf("%s: %s over %d transports, %s", d.Credential, d.Probe.Verdict, len(d.Probe.Runs), d.Inspect.Verdict)
	}
	for _, f := range result.Facts {
		if decided := f.Number == 1 || f.Number == 2 || f.Number == 9; f.Decided != decided {
			t.Errorf("fact %d: decided is %t: %s", f.Number, f.Decided, f.Conclusion)
		}
	}
}
