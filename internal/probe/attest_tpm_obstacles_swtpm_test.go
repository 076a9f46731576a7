//go:build tpm && linux

package probe_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/swtpm"
	"dpsdiag/internal/tpm"
)

// makeKey makes a primary key of the owner hierarchy persistent.
func makeKey(t *testing.T, soft *swtpm.TPM, template tpm2.TPMTPublic, handle tpm2.TPMHandle) {
	t.Helper()
	rsp, err := tpm2.CreatePrimary{
		PrimaryHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)},
		InPublic:      tpm2.New2B(template),
	}.Execute(soft.Direct)
	if err != nil {
		t.Fatal(err)
	}
	evict(t, soft, rsp.ObjectHandle, handle)
	if _, err := (tpm2.FlushContext{FlushHandle: rsp.ObjectHandle}).Execute(soft.Direct); err != nil {
		t.Fatal(err)
	}
}

// TestHierarchyPassword: the probe fails before any packet, and only if a password is
// needed.
func TestHierarchyPassword(t *testing.T) {
	t.Parallel()
	t.Run("endorsement", func(t *testing.T) {
		t.Parallel()
		soft := swtpm.Start(t)
		soft.SetPassword(t, tpm2.TPMRHEndorsement, "password")
		wantFailure(t, openTPM(t, soft.Path, false), tpm.Hierarchy)
	})
	t.Run("endorsement, key persistent", func(t *testing.T) {
		t.Parallel()
		soft := swtpm.Start(t)
		persistKeys(t, soft)
		soft.SetPassword(t, tpm2.TPMRHEndorsement, "password")
		device := openTPM(t, soft.Path, false)
		wantFailure(t, device, tpm.Hierarchy)
		if f := facts(device); f.EK.Handle == 0 || !f.EndorsementAuth || device.RegistrationID() == "" {
			t.Errorf("the key can be read all the same: %+v", f)
		}
	})
	t.Run("owner", func(t *testing.T) {
		t.Parallel()
		soft := swtpm.Start(t)
		soft.SetPassword(t, tpm2.TPMRHOwner, "password")
		wantFailure(t, openTPM(t, soft.Path, false), tpm.Hierarchy)
	})
	t.Run("owner, key persistent", func(t *testing.T) {
		t.Parallel()
		soft := swtpm.Start(t)
		persistKeys(t, soft)
		soft.SetPassword(t, tpm2.TPMRHOwner, "password")
		if run := registerWith(t, newProvisioning(t), openTPM(t, soft.Path, false)); outcomes(run) != healthy {
			t.Errorf("outcomes %s; %v", outcomes(run), run.FailedStage())
		}
		wantFailure(t, openTPM(t, soft.Path, true), tpm.Hierarchy)
	})
}

// persistKeys makes the TPM's keys persistent once, as an SDK would.
func persistKeys(t *testing.T, soft *swtpm.TPM) {
	t.Helper()
	if run := registerWith(t, newProvisioning(t), openTPM(t, soft.Path, true)); outcomes(run) != healthy {
		t.Fatalf("outcomes %s", outcomes(run))
	}
}

// wantFailure checks that the TPM fails in the inputs stage, and that nothing is sent.
func wantFailure(t *testing.T, device *probe.TPM, kind tpm.Kind) {
	t.Helper()
	if failure := facts(device).Failure; failure == nil || failure.Kind != kind {
		t.Fatalf("failure %+v, want %s", failure, kind)
	}
	service := newProvisioning(t)
	run := registerWith(t, service, device)
	if f := run.FailedStage(); f == nil || f.Stage != probe.StageInputs || run.End != probe.EndRefused || len(run.Dials) != 0 {
		t.Errorf("failed stage %+v, end %s, %d dials", f, run.End, len(run.Dials))
	}
}

// TestLockout: too many wrong passwords do not prevent the attestation, since none of the
// keys here has a password; but they cause a warning.
func TestLockout(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	lockOut(t, soft)
	device := openTPM(t, soft.Path, false)
	if !facts(device).LockedOut {
		t.Fatal("the TPM is not locked out")
	}
	if ws := device.Inspect(probe.Target{}, time.Time{}, 0).Warnings; len(ws) != 1 || ws[0].ID != "tpm-access-denied" {
		t.Errorf("warnings %+v", ws)
	}
	run := registerWith(t, newProvisioning(t), device)
	if got, want := outcomes(run), "inputs=warned "+healthy; got != want {
		t.Errorf("outcomes %s, want %s; %v", got, want, run.FailedStage())
	}
}

// lockOut sends wrong passwords until the TPM accepts none.
func lockOut(t *testing.T, soft *swtpm.TPM) {
	t.Helper()
	template := tpm2.RSASRKTemplate
	template.ObjectAttributes.NoDA = false
	rsp, err := tpm2.CreatePrimary{
		PrimaryHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)},
		InPublic:      tpm2.New2B(template),
		InSensitive: tpm2.TPM2BSensitiveCreate{Sensitive: &tpm2.TPMSSensitiveCreate{
			UserAuth: tpm2.TPM2BAuth{Buffer: []byte("right")},
		}},
	}.Execute(soft.Direct)
	if err != nil {
		t.Fatal(err)
	}
	for !errors.Is(err, tpm2.TPMRCLockout) {
		_, err = tpm2.Create{
			ParentHandle: tpm2.AuthHandle{Handle: rsp.ObjectHandle, Name: rsp.Name, Auth: tpm2.PasswordAuth([]byte("wrong"))},
			InPublic:     tpm2.New2B(tpm2.ECCSRKTemplate),
		}.Execute(soft.Direct)
		if !errors.Is(err, tpm2.TPMRCAuthFail) && !errors.Is(err, tpm2.TPMRCLockout) {
			t.Fatalf("a wrong password gives %v", err)
		}
	}
	if _, err := (tpm2.FlushContext{FlushHandle: rsp.ObjectHandle}).Execute(soft.Direct); err != nil {
		t.Fatal(err)
	}
}

// TestOccupied: another key at a conventional handle is not changed and causes a warning.
func TestOccupied(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	makeKey(t, soft, tpm2.ECCSRKTemplate, 0x81000001)
	makeKey(t, soft, tpm2.RSASRKTemplate, 0x81010001)
	before := soft.Handles(t)
	device := openTPM(t, soft.Path, false)
	in := device.Inspect(probe.Target{}, time.Time{}, 0)
	var ids []string
	for _, w := range in.Warnings {
		ids = append(ids, w.ID)
	}
	if got := strings.Join(ids, " "); got != "tpm-ek-mismatch tpm-srk-template" {
		t.Errorf("warnings %q", got)
	}
	run := registerWith(t, newProvisioning(t), device)
	if got, want := outcomes(run), "inputs=warned "+healthy; got != want {
		t.Errorf("outcomes %s, want %s", got, want)
	}
	wantFailure(t, openTPM(t, soft.Path, true), tpm.Template)
	if after := soft.Handles(t); len(after) != 2 || after[0] != before[0] || after[1] != before[1] {
		t.Errorf("handles before %x, after %x", before, after)
	}
}

// TestReset: saved contexts do not survive a reset, so the same keys are made again.
func TestReset(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	device := openTPM(t, soft.Path, false)
	soft.Reset(t)
	if run := registerWith(t, newProvisioning(t), device); outcomes(run) != healthy {
		t.Errorf("outcomes %s; %v", outcomes(run), run.FailedStage())
	}
	if left := soft.Handles(t); len(left) != 0 {
		t.Errorf("left in the TPM: %x", left)
	}
}

// TestSavedKeys: keys are not made a second time, which would fail here.
func TestSavedKeys(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	device := openTPM(t, soft.Path, false)
	soft.SetPassword(t, tpm2.TPMRHOwner, "password")
	if run := registerWith(t, newProvisioning(t), device); outcomes(run) != healthy {
		t.Errorf("outcomes %s; %v", outcomes(run), run.FailedStage())
	}
}

// TestSlotsFull: objects that other programs left loaded can block a TPM without a resource
// manager.
func TestSlotsFull(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	for {
		_, err := tpm2.CreatePrimary{
			PrimaryHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)},
			InPublic:      tpm2.New2B(tpm2.ECCSRKTemplate),
		}.Execute(soft.Direct)
		if errors.Is(err, tpm2.TPMRCObjectMemory) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	wantFailure(t, openTPM(t, soft.Path, false), tpm.NoManager)
}

// TestHierarchyPasswordKnown: with the passwords of both hierarchies the TPM attests and
// its keys can be made persistent; with a wrong password it fails as without one.
func TestHierarchyPasswordKnown(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	soft.SetPassword(t, tpm2.TPMRHEndorsement, "password")
	soft.SetPassword(t, tpm2.TPMRHOwner, "password")
	right, wrong := dps.NewSecret("password"), dps.NewSecret("not this one")
	open := func(auth tpm.Auth) *probe.TPM {
		device, err := tpm.Open(t.Context(), soft.Path, true, auth)
		if err != nil {
			t.Fatal(err)
		}
		return &probe.TPM{TPM: device}
	}
	wantFailure(t, open(tpm.Auth{Endorsement: wrong, Owner: right}), tpm.Hierarchy)
	wantFailure(t, open(tpm.Auth{Endorsement: right, Owner: wrong}), tpm.Hierarchy)
	wantFailure(t, open(tpm.Auth{Endorsement: right}), tpm.Hierarchy)
	device := open(tpm.Auth{Endorsement: right, Owner: right})
	if run := registerWith(t, newProvisioning(t), device); outcomes(run) != healthy {
		t.Errorf("outcomes %s; %v", outcomes(run), run.FailedStage())
	}
	if f := facts(open(tpm.Auth{Endorsement: right, Owner: right})); f.EK.Handle == 0 || !f.IdentityKey {
		t.Errorf("the keys were not kept: %+v", f)
	}
}
