package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/report"
)

// TestNoFileIsQuoted: a flag, a configuration or a list of devices may name any file that the
// user can read. What is in it is in no message, since nobody knows what that is.
func TestNoFileIsQuoted(t *testing.T) {
	t.Parallel()
	const content = "root:x:0:0\nanother line of a private file\n"
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("private", content)
	config := func(name, attestation string) string {
		return write(name, "[provisioning]\nsource = \"dps\"\nglobal_endpoint = \"https://localhost\"\nid_scope = \"0ne0045B3C6\"\n"+
			"[provisioning.attestation]\nregistration_id = \"sensor-17\"\n"+strings.ReplaceAll(attestation, "FILE", "file://"+file)+"\n")
	}
	device := func(args ...string) []string {
		return append([]string{"probe", "--id-scope", "0ne0045B3C6", "--registration-id", "sensor-17"}, args...)
	}
	for _, args := range [][]string{
		device("--key-file", file), device("--group-key-file", file), device("--cert", file, "--cert-key", file), device("--pkcs12", file),
		device("--key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "--ca-file", file),
		{"probe", "--from", file},
		{"probe", "--from", config("key.toml", "method = \"symmetric_key\"\nsymmetric_key = { uri = \"FILE\" }")},
		{"probe", "--from", config("x509.toml", "method = \"x509\"\nidentity_cert = \"FILE\"\nidentity_pk = \"FILE\"")},
		{"fleet", "--id-scope", "0ne0045B3C6", "--devices", file},
		{"fleet", "--id-scope", "0ne0045B3C6", "--devices", write("devices.csv", "registration_id,key_file\nsensor-17,"+file+"\n")},
		{"inspect", "sensor-17", "--enrollment", file},
		{"emulate", "--config", file},
		{"report", file},
	} {
		for _, format := range []string{"text", "json"} {
			w := newWorld()
			args := append(slices.Clone(args), "-o", format)
			status := w.run(t, args...)
			out := w.out.String() + w.err.String()
			if status == report.ExitOK || out == "" {
				t.Errorf("%q: exit status %d: %s", args, status, out)
			}
			if strings.Contains(out, "root:x") || strings.Contains(out, "another line") {
				t.Errorf("%q quotes the file:\n%s", args, out)
			}
		}
	}
}

// TestTLSIsAlwaysVerified: no code of the program turns the verification of a server off.
func TestTLSIsAlwaysVerified(t *testing.T) {
	t.Parallel()
	root, read := os.DirFS("../.."), 0
	off := regexp.MustCompile(`\bInsecureSkipVerify\s*[:=]`) // in a literal, or as a field
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		read++
		text, err := fs.ReadFile(root, path)
		allowed := 0
		if path == "internal/emulator/websocket.go" {
			allowed = 1 // an option for WebSockets about web pages, not about TLS
		}
		if len(off.FindAll(text, -1)) > allowed {
			t.Errorf("%s turns it off", path)
		}
		return err
	})
	if err != nil || read < 200 {
		t.Errorf("%d files read, %v", read, err)
	}
}
