package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"software.sslmate.com/src/go-pkcs12"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/certchain"
	"dpsdiag/internal/emulator"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"dpsdiag": runOnDevice}) }

// deviceRoot is the environment variable with the folder that scripts have for the root of a
// device's file system.
const deviceRoot = "DEVICE_ROOT"

// runOnDevice is main, but for a machine whose configuration is below deviceRoot, if anywhere.
func runOnDevice() {
	a := realWorld()
	a.deviceInfo = os.Getenv(deviceRoot) + a.deviceInfo
	for i, path := range a.deviceConfigs {
		a.deviceConfigs[i] = os.Getenv(deviceRoot) + path
	}
	if os.Getenv(deviceRoot) == "" {
		a.deviceConfigs = nil
	}
	os.Exit(run(context.Background(), a, os.Args[1:])) //nolint:revive // the main function of a program
}

// TestScripts runs every script of testdata/script as a user would.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("..", "..", "testdata", "script"),
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("ESC", "\x1b")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"emulator": startEmulator,
			"exits":    exits,
			"expand":   expand,
			"mkfile":   makeFile,
			"mkp12":    makeP12,
			"unbase64": decodeBase64,
		},
	})
}

// startEmulator ("emulator [SCENARIO|FILE.toml]") starts an emulator whose files are in
// $WORK/state, sets ENDPOINT, PORT_MQTT, PORT_AMQP, CA, SCOPE and, for a device with
// a symmetric key, KEY, and ends it with the script.
func startEmulator(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: emulator [SCENARIO|FILE.toml]")
	}
	var none time.Duration
	config := emulator.Config{StateDir: ts.MkAbs("state"), Disk: atomicfile.System{Unsynced: true}, RetryAfter: &none}
	switch {
	case len(args) == 1 && strings.HasSuffix(args[0], ".toml"):
		file, err := emulator.ReadFile(ts.MkAbs(args[0]))
		ts.Check(err)
		config.File = file
	case len(args) == 1:
		config.Scenario = args[0]
	}
	service, err := emulator.Start(context.Background(), config)
	ts.Check(err)
	ts.Defer(func() { ts.Check(service.Close()) })
	ready := service.Ready()
	ts.Setenv("ENDPOINT", ready.Endpoints.HTTPS)
	for name, address := range map[string]string{"PORT_MQTT": ready.Endpoints.MQTT, "PORT_AMQP": ready.Endpoints.AMQP} {
		_, port, err := net.SplitHostPort(address)
		ts.Check(err)
		ts.Setenv(name, port)
	}
	ts.Setenv("CA", ready.CAFile)
	ts.Setenv("SCOPE", ready.IDScope)
	if key := service.Device().Key; !key.IsZero() {
		ts.Setenv("KEY", key.Reveal())
	}
}

// makeP12 ("mkp12 FILE KIND PASSWORD") makes a PKCS#12 file of the emulator's certificate.
func makeP12(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: mkp12 FILE modern|legacy|leaf|nokey PASSWORD")
	}
	chain, err := certchain.ParsePEM([]byte(ts.ReadFile("state/device-cert.pem")))
	ts.Check(err)
	key, err := certchain.ParseKey([]byte(ts.ReadFile("state/device-key.pem")))
	ts.Check(err)
	var data []byte
	switch leaf, rest := chain[0], chain[1:]; args[1] {
	case "modern":
		data, err = pkcs12.Modern.Encode(key, leaf, rest, args[2])
	case "legacy":
		data, err = pkcs12.LegacyRC2.Encode(key, leaf, rest, args[2])
	case "leaf":
		data, err = pkcs12.Modern.Encode(key, leaf, nil, args[2])
	case "nokey":
		data, err = pkcs12.Modern.EncodeTrustStore(chain, args[2])
	default:
		ts.Fatalf("mkp12: no kind %q", args[1])
	}
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

// expand ("expand FILE...") replaces $NAME in files by the script's variables.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand FILE...")
	}
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// decodeBase64 ("unbase64 FROM TO") decodes base64 text.
func decodeBase64(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unbase64 FROM TO")
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o600))
}

// exits ("exits STATUS COMMAND...") runs a command that must end with that exit status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		got = strconv.Itoa(exit.ExitCode())
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// packed is a text in gzip.
func packed(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text) // into memory
	_ = w.Close()
	return b.Bytes()
}

// makeFile ("mkfile NAME KIND") makes a file that a script cannot contain.
func makeFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mkfile NAME huge|utf16|der|gzip|cutgzip|zip")
	}
	contents := map[string][]byte{
		"huge":  make([]byte, maxInput+1),
		"utf16": []byte("\xff\xfek\x00e\x00y\x00"),
		"der":   {0x30, 0x82, 0x01, 0x0a, 0x02, 0x82},
		"gzip":  packed([]byte("DPS registration failed: 401002 CA certificate not found.\n")),
		"zip":   []byte("PK\x03\x04"),
	}
	contents["cutgzip"] = contents["gzip"][:len(contents["gzip"])-6]
	data, ok := contents[args[1]]
	if !ok {
		ts.Fatalf("mkfile: no kind %q", args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}
