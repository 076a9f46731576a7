package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// world is an app in memory with what it wrote.
type world struct {
	app
	out, err bytes.Buffer
}

// newWorld has an empty environment, no terminal and no signals.
func newWorld() *world {
	w := &world{}
	w.app = app{
		stdin:         strings.NewReader(""),
		stdout:        &w.out,
		stderr:        &w.err,
		lookupEnv:     func(string) (string, bool) { return "", false },
		terminal:      func(any) (int, bool) { return 0, false },
		disk:          atomicfile.System{},
		readConfig:    edgeconf.ReadFile,
		now:           time.Now,
		interruptible: func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) },
		interruptibleTwice: func(ctx context.Context) (first, second context.Context, stop context.CancelFunc) {
			first, stop = context.WithCancel(ctx)
			return first, context.WithoutCancel(ctx), stop
		},
		startSandbox: startSandbox,
	}
	return w
}

// run runs a command line and returns its exit status. The time limit is against hangs.
func (w *world) run(t *testing.T, args ...string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	status := run(ctx, &w.app, args)
	for _, arg := range args {
		if path, ok := strings.CutPrefix(arg, "bundle="); ok && status != report.ExitUsage {
			w.readBundle(t, path)
		}
	}
	return status
}

// readBundle adds the files of a bundle to what was written on standard output.
func (w *world) readBundle(t *testing.T, path string) {
	t.Helper()
	for _, text := range unzip(t, path) {
		w.out.WriteString(text)
	}
}

// keepDevice returns the device of the sandbox that the next command starts, once it has.
func (w *world) keepDevice() *emulator.Device {
	device := new(emulator.Device)
	w.startSandbox = func(ctx context.Context, scenario string, tpm *emulator.TPMDevice) (*emulator.Emulator, error) {
		e, err := startSandbox(ctx, scenario, tpm)
		if err == nil {
			*device = e.Device()
		}
		return e, err
	}
	return device
}
