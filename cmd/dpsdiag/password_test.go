package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/report"
)

// TestNoPasswordOfAnAddress: people copy addresses with user and password into flags, arguments
// and files. Whatever becomes of them, the password is in no output.
func TestNoPasswordOfAnAddress(t *testing.T) {
	t.Parallel()
	const password = "a-password/of:an@address"
	const address = "user:" + password + "@127.0.0.1"
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := write("device.key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	list := write("devices.csv", "registration_id,key_file\nsensor-17,"+key+"\n")
	log := write("device.log", "connect to https://user:hunter-2000@proxy.plant: connection refused\n")
	config := func(name, endpoint string) string {
		return write(name, strings.Join([]string{
			"[provisioning]", `source = "dps"`, `global_endpoint = "` + endpoint + `"`, `id_scope = "0ne0045B3C6"`,
			"[provisioning.attestation]", `method = "symmetric_key"`, `registration_id = "sensor-17"`,
			`symmetric_key = { value = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" }`,
		}, "\n"))
	}
	device := []string{"--id-scope", "0ne0045B3C6", "--registration-id", "sensor-17", "--key-file", key}
	at := func(args ...string) []string { return append(args, device...) }
	for _, args := range [][]string{
		at("probe", "--endpoint", address),
		at("probe", "--endpoint", "https://"+address),
		at("probe", "--endpoint", address+":443"),
		at("probe", "--proxy", address+":1:2", "--endpoint", "localhost"),
		at("probe", "--proxy", "ftp://"+address, "--endpoint", "localhost"),
		at("probe", "--proxy", "http://"+address+":1", "--endpoint", "localhost", "--port-https", "1"),
		at("probe", "--ca-file", "https://"+address),
		at("probe", "--cloud", address),
		at("probe", address),
		{"probe", "--id-scope", address, "--registration-id", "sensor-17", "--key-file", key},
		{"probe", "--from", config("url.toml", "https://"+address), "--preflight", "--timeout", "1ns"},
		{"probe", "--from", config("host.toml", address)},
		{"fleet", "--devices", list, "--id-scope", "0ne0045B3C6", "--endpoint", address},
		{"inspect", "sensor-17", "--service-host", address, "--service-token-env", "TOKEN"},
		{"emulate", "--https", address},
		{"emulate", "--https", address + ":0", "--allow-remote"},
		{"emulate", "--hub", "https://" + address},
		{"explain", address},
		{"explain", "https://" + address},
		{"explain", log},
		{"explain", "connect to https://user:hunter-2000@proxy.plant: connection refused"},
		{"logs", "https://" + address},
		{"report", "https://" + address},
		{"plan", "--devices", address},
		{address},
	} {
		for _, format := range []string{"text", "json"} {
			w := newWorld()
			w.setEnv(map[string]string{"TOKEN": "x"})
			args := append(slices.Clone(args), "-o", format)
			status := w.run(t, args...)
			out := w.out.String() + w.err.String()
			if status == report.ExitOK && args[0] != "explain" || out == "" {
				t.Errorf("%q: exit status %d: %s", args, status, out)
			}
			for _, secret := range []string{"a-password", "an@address", "hunter-2000"} {
				if strings.Contains(out, secret) {
					t.Errorf("%q: %s is in the output:\n%s", args, secret, out)
				}
			}
		}
	}
}

func TestHideKeys(t *testing.T) {
	t.Parallel()
	const key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	for text, want := range map[string]string{
		"--key-file " + key:                   "--key-file [hidden]",
		"SharedAccessKey=c2hvcnQxMjM=;x":      "SharedAccessKey=[hidden];x",
		"AccountKey=c2hvcnQxMjM=;x":           "AccountKey=[hidden];x",
		"sr%3Da%26sig%3Dc2hvcnQxMjM%3D":       "sr%3Da%26sig%3D[hidden]",
		"eyJhbGciOiJub25lIn0.eyJzdWIi.c-_n x": "[hidden] x",
		`"user:pass@h:1" is not`:              `"user:[hidden]@h:1" is not`,
		"https://u:p/a@s@s@[::1]:1/":          "https://u:[hidden]@[::1]:1/",
		"http://:pass@h":                      "http://:[hidden]@h",
		`"user:pass@"`:                        `"user:[hidden]@"`,
		"socks5://[USER:PASSWORD@]HOST":       "socks5://[USER:PASSWORD@]HOST",
		`cannot open "C:\\keys\\a@b.pem"`:     `cannot open "C:\\keys\\a@b.pem"`,
		"--payload: @file, user@h, 10:30 a@b": "--payload: @file, user@h, 10:30 a@b",
	} {
		if got := hideKeys(text); got != want {
			t.Errorf("hideKeys(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestNoSecretInPlaceOfAName: a secret that is given in place of the name of a variable, or directly after the
// name of a flag, is not quoted.
func TestNoSecretInPlaceOfAName(t *testing.T) {
	t.Parallel()
	const password, token = "hunter2-of-p12", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
	const key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	dir := t.TempDir()
	list := filepath.Join(dir, "devices.csv")
	if err := os.WriteFile(list, []byte("registration_id,key_env\nsensor-17,"+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	device := func(args ...string) []string {
		return append([]string{"probe", "--id-scope", "0ne0045B3C6", "--registration-id", "sensor-17"}, args...)
	}
	for _, args := range [][]string{
		device("--key-env", password), device("--group-key-env", password), device("--sas-token-env", token),
		device("--pkcs12", list, "--pkcs12-password-env", password), device("--key-file", list, "--service-env", password),
		device("--key" + password), device("--key" + key), device("--" + strings.ToLower(strings.Trim(key, "="))), device("--group-key" + key + "=" + key),
		{"inspect", "sensor-17", "--service-host", "x.azure-devices-provisioning.net", "--service-token-env", token},
		{"inspect", token},
		{"inspect", "sensor-17", token},
		{"probe", token},
		{token},
		{"kql", token},
		{"derive-key", token},
		{"derive-key", "--registration-id", "sensor-17", "--group-key-env", password},
		{"fleet", "--id-scope", "0ne0045B3C6", "--devices", list},
		{"explain", "--the password=" + password + " was refused"},
	} {
		w := newWorld()
		status := w.run(t, args...)
		if status != report.ExitUsage {
			t.Errorf("%q: exit status %d", args, status)
		}
		for _, secret := range []string{"hunter2", token[22:30], key[:12], strings.ToLower(key[:12])} {
			if out := w.out.String() + w.err.String(); strings.Contains(out, secret) {
				t.Errorf("%q: %s is in the output:\n%s", args, secret, out)
			}
		}
	}
}

// TestNoSecretOfAPayload: a password in a payload is in no report, and the command that probes again has none.
func TestNoSecretOfAPayload(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json", "markdown", "html", "junit", "sarif", "github"} {
		w := newWorld()
		w.run(t, "probe", "--endpoint", "127.0.0.1:1", "--id-scope", "0ne0045B3C6", "--registration-id", "sensor-17",
			"--key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "--payload", `{"model":"T1","wifi":{"password":"hunter2"},"apiKey":"hunter2"}`, "-o", format, "--verbose")
		out := w.out.String() + w.err.String()
		if strings.Contains(out, "hunter2") {
			t.Errorf("%s: a password of the payload is in the output:\n%s", format, out)
		}
		if format == "text" && !strings.Contains(out, "@PAYLOAD-FILE") {
			t.Errorf("no command has a placeholder for the payload:\n%s", out)
		}
	}
}
