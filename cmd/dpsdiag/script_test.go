package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dpsdiag/internal/emulator"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"dpsdiag": main}) }

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
			"mkfile":   makeFile,
		},
	})
}

// startEmulator ("emulator [SCENARIO]") starts an emulator whose files are in
// $WORK/state, sets ENDPOINT, CA and SCOPE, and ends it with the script.
func startEmulator(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: emulator [SCENARIO]")
	}
	var none time.Duration
	config := emulator.Config{StateDir: ts.MkAbs("state"), RetryAfter: &none}
	if len(args) == 1 {
		config.Scenario = args[0]
	}
	service, err := emulator.Start(context.Background(), config)
	ts.Check(err)
	ts.Defer(func() { ts.Check(service.Close()) })
	ready := service.Ready()
	ts.Setenv("ENDPOINT", ready.Endpoints.HTTPS)
	ts.Setenv("CA", ready.CAFile)
	ts.Setenv("SCOPE", ready.IDScope)
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

// makeFile ("mkfile NAME KIND") makes a file that a script cannot hold.
func makeFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mkfile NAME huge|utf16|der|gzip")
	}
	contents := map[string][]byte{
		"huge":  make([]byte, maxInput+1),
		"utf16": []byte("\xff\xfek\x00e\x00y\x00"),
		"der":   {0x30, 0x82, 0x01, 0x0a, 0x02, 0x82},
		"gzip":  {0x1f, 0x8b, 0x08, 0x00},
	}
	data, ok := contents[args[1]]
	if !ok {
		ts.Fatalf("mkfile: no kind %q", args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}
