package emulator

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"

	"github.com/google/go-cmp/cmp"
)

// readIdentities makes devices from the ready line only, as another program would.
func readIdentities(t *testing.T, e *Emulator) []Device {
	t.Helper()
	ready := e.Ready()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(readFile(t, ready.CAFile)) {
		t.Fatal("the CA file holds no certificate")
	}
	var devices []Device
	for _, identity := range ready.Identities {
		d := Device{
			Endpoint: endpoint(t, ready.Endpoints), Scope: ready.IDScope, Roots: roots,
			RegistrationID: identity.RegistrationID, Attestation: identity.Attestation,
		}
		switch identity.Attestation {
		case SymmetricKey:
			d.Key = dps.NewSecret(string(readFile(t, identity.KeyFile)))
		case GroupKey:
			d.GroupKey = dps.NewSecret(string(readFile(t, identity.GroupKeyFile)))
		case SASToken:
			d.Token = dps.NewSecret(string(readFile(t, identity.TokenFile)))
		case X509:
			d.CertPEM = readFile(t, identity.CertFile)
			d.CertKeyPEM = dps.NewSecret(string(readFile(t, identity.KeyFile)))
		}
		devices = append(devices, d)
	}
	return devices
}

// endpoint is a device's parsed endpoint from the ready line.
func endpoint(t *testing.T, e Endpoints) dps.Endpoint {
	t.Helper()
	var parsed [3]dps.Endpoint
	for i, text := range []string{e.HTTPS, e.MQTT, e.AMQP} {
		var err error
		if parsed[i], err = dps.ParseEndpoint(text); err != nil {
			t.Fatal(err)
		}
	}
	return dps.Endpoint{Host: parsed[0].Host, HTTPS: parsed[0].HTTPS, MQTT: parsed[1].MQTT, AMQP: parsed[2].AMQP}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReadyLine(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	e := begin(t, Config{StateDir: dir})
	want := Ready{
		Schema: "dpsdiag/emulator/1", Endpoints: e.Ready().Endpoints, IDScope: defaultScope,
		CAFile: filepath.Join(dir, "ca.pem"), StateDir: dir,
		Identities: []Identity{
			{RegistrationID: keyDevice, Attestation: "symmetric-key", KeyFile: filepath.Join(dir, "device.key")},
			{RegistrationID: groupDevice, Attestation: "group-key", GroupKeyFile: filepath.Join(dir, "group.key")},
			{
				RegistrationID: x509Device, Attestation: "x509", CertFile: filepath.Join(dir, "device-cert.pem"),
				KeyFile: filepath.Join(dir, "device-key.pem"), ChainFile: filepath.Join(dir, "device-chain.pem"),
			},
		},
		ServiceConnectionStringFile: filepath.Join(dir, "service-connection-string.txt"),
	}
	if diff := cmp.Diff(want, e.Ready()); diff != "" {
		t.Errorf("ready line (-want +got):\n%s", diff)
	}
	if full, chain := readFile(t, want.Identities[2].CertFile), readFile(t, want.Identities[2].ChainFile); !strings.HasSuffix(string(full), string(chain)) || len(chain) == 0 {
		t.Error("the certificate file does not end in the chain")
	}
}

// The contract names these members, which scripts read.
func TestReadyLineInJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(begin(t, Config{Files: true}).Ready())
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{
		`"schema":"dpsdiag/emulator/1"`, `"endpoints":{"https":"127.0.0.1:`, `","mqtt":"127.0.0.1:`, `","amqp":"127.0.0.1:`, `"id_scope":"`, `"ca_file":"/`, `"state_dir":"/`,
		`"identities":[{"registration_id":"`, `"attestation":"symmetric-key","key_file":"/`,
		`"attestation":"group-key","group_key_file":"/`, `"cert_file":"/`, `"chain_file":"/`, `"service_connection_string_file":"/`,
	} {
		if runtime.GOOS == "windows" {
			member = strings.TrimSuffix(member, "/")
		}
		if !strings.Contains(string(text), member) {
			t.Errorf("%s is not in %s", member, text)
		}
	}
}

func TestWithoutFilesNothingIsWritten(t *testing.T) {
	t.Parallel()
	ready := begin(t, Config{}).Ready()
	if ready.StateDir != "" || ready.CAFile != "" || ready.Identities[0].KeyFile != "" || ready.ServiceConnectionStringFile != "" {
		t.Errorf("ready line names files: %+v", ready)
	}
}

func TestSecretsAreForTheOwnerAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // modes have no meaning there
	}
	dir := filepath.Join(t.TempDir(), "plant", "state") // the emulator makes both
	begin(t, Config{StateDir: dir, Scenario: "sas-token-expired"})
	secrets := 0
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if mode := info.Mode().Perm(); mode != 0o700 {
				t.Errorf("%s has mode %o", path, mode)
			}
			return nil
		}
		public := entry.Name() != fileLock && !strings.Contains(path, "key") && !strings.Contains(path, "token") && !strings.Contains(path, "connection-string")
		if mode := info.Mode().Perm(); !public && mode != 0o600 || public && mode != 0o644 {
			t.Errorf("%s has mode %o", path, mode)
		}
		if !public && entry.Name() != fileLock {
			secrets++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Those of the enrollments, of the CA and the issuing authority, and of the service API.
	if secrets != 14 {
		t.Errorf("%d files with secrets, want 14", secrets)
	}
}

// A second start in the same directory keeps the CA and the enrollments, whatever the
// previous scenario gave the devices.
func TestStateIsReused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := begin(t, Config{StateDir: dir})
	devices := readIdentities(t, before)
	end(t, before)
	end(t, begin(t, Config{StateDir: dir, Scenario: "symmetric-key-mismatch"}))
	end(t, begin(t, Config{StateDir: dir, Scenario: "server-root-ca-missing"}))
	after := begin(t, Config{StateDir: dir})
	for _, d := range devices {
		d.Endpoint = after.Device().Endpoint
		newClient(t, d).enter().want(t, "200 assigned")
	}
	for _, d := range readIdentities(t, after) {
		newClient(t, d).enter().want(t, "200 assigned")
	}
}

func TestDamagedStateIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, text, want string }{
		"CA is not PEM":   {"ca.pem", "nonsense", "ca.pem: "},
		"CA key is empty": {"ca-key.pem", "", "ca.pem: "},
		"enrolled key":    {"enrolled/individual.key", "!", "the key is not base64"},
		"CA is a leaf":    {"ca.pem", "server.pem", "not a CA certificate; remove it"},
		"CA is outdated":  {"unrelated", "", "ca.pem: valid only from 2026-01-30 to 2036-03-01; remove it"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			end(t, begin(t, Config{StateDir: dir}))
			if test.text == "server.pem" {
				test.text = string(readFile(t, filepath.Join(dir, "server.pem")))
				key := readFile(t, filepath.Join(dir, "server-key.pem"))
				if err := os.WriteFile(filepath.Join(dir, "ca-key.pem"), key, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, test.file), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			now := atNoon
			if name == "CA is outdated" {
				now = func() time.Time { return noon.AddDate(11, 0, 0) }
			}
			e, err := Start(t.Context(), Config{StateDir: dir, Now: now})
			if err == nil {
				_ = e.Close()
				t.Fatal("started")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %q, want %q in it", err, test.want)
			}
		})
	}
}

// TestStateHasOneEmulator: two emulators would overwrite each other's files. One that did not start
// leaves the directory to others.
func TestStateHasOneEmulator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Start(t.Context(), Config{StateDir: dir, Scenario: "tpm-ek-mismatch", Now: atNoon}); !errors.Is(err, ErrNoTPM) {
		t.Fatalf("without a TPM: %v", err)
	}
	first := begin(t, Config{StateDir: dir})
	if _, err := Start(t.Context(), Config{Now: atNoon, StateDir: filepath.Join(dir, ".", "")}); !errors.Is(err, ErrStateInUse) {
		t.Errorf("a second emulator in the same directory: %v", err)
	}
	if _, err := PrintConfig(Config{StateDir: dir, Now: atNoon}); err != nil {
		t.Errorf("the configuration cannot be printed while an emulator runs: %v", err)
	}
	end(t, first)
	begin(t, Config{StateDir: dir})
}
