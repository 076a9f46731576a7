package emulator

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dpsdiag/internal/dps"
	srv "dpsdiag/internal/service"
)

func readExport[T any](t *testing.T, dir, name string) T {
	t.Helper()
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("%s has mode %o", name, mode)
	}
	var v T
	if err := json.Unmarshal(readFile(t, path), &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// TestExport: the files have the keys, the states and the names that a diagnosis compares.
func TestExport(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Scenario: "ca-not-verified"})
	newClient(t, e.Device()).enter()
	o := newOperator(t, e)
	o.call("PUT", "/enrollments/dev:01", keyed("dev:01", "")).wantBrief(t, "200")
	device := e.Device()
	device.RegistrationID, device.Attestation, device.Key, device.CertPEM = "dev:01", SymmetricKey, dps.NewSecret(anyKey), nil
	newClient(t, device).enter().want(t, "200 assigned")
	dir := filepath.Join(t.TempDir(), "new")
	if err := e.Export(dir); err != nil {
		t.Fatal(err)
	}
	individual := readExport[srv.IndividualEnrollment](t, dir, "enrollment-dev%3A01.json")
	if keys := individual.Attestation.SymmetricKey; keys == nil || keys.PrimaryKey.Reveal() != anyKey || individual.RegistrationState.Status != dps.StatusAssigned {
		t.Errorf("individual enrollment %+v", individual)
	}
	group := readExport[srv.EnrollmentGroup](t, dir, "enrollment-group-"+x509Group+".json")
	list := readExport[srv.CertificateList](t, dir, "certificates.json")
	if refs := group.Attestation.X509.CAReferences; len(list.Value) != 1 || refs.Primary != list.Value[0].Name || list.Value[0].Properties.IsVerified || len(list.Value[0].Properties.Thumbprint) != 40 {
		t.Errorf("group %+v with certificates %+v", refs, list)
	}
	instance := readExport[srv.Instance](t, dir, "instance.json").Properties
	if instance.IDScope != defaultScope || instance.ServiceOperationsHostName != e.Owner().Host || len(instance.IoTHubs) != 1 || instance.IoTHubs[0].Name != e.hub() {
		t.Errorf("instance %+v", instance)
	}

	o.call("DELETE", "/enrollments/dev:01", "").wantBrief(t, "204")
	if err := e.Export(dir); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "enrollment-dev*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	file := filepath.Join(dir, "instance.json", "x")
	if err := e.Export(file); err == nil || !strings.Contains(err.Error(), "instance.json") {
		t.Errorf("export into a file: %v", err)
	}
}
