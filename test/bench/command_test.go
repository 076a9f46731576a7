// Package bench_test measures whole runs of the dpsdiag program, which a benchmark in one
// of its packages cannot do. ratios_test.go has what is promised.
package bench_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// command is a program's path and its arguments.
type command []string

// sample is what a command took, in milliseconds: by the clock, and of the processors.
type sample struct{ wall, cpu float64 }

// run starts the command with more variables in its environment, waits for it and reads its output: a
// program that searches would stop at the first hit if it wrote to /dev/null. Exit status 1 is no
// failure: grep that found nothing, or a log with faults, has it.
func (c command) run(tb testing.TB, env ...string) (sample, string) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), c[0], c[1:]...)
	cmd.Env = append(cmd.Environ(), env...)
	start := time.Now()
	out, err := cmd.Output()
	took := time.Since(start)
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) {
		tb.Fatalf("%q: %v", []string(c), err)
	}
	return sample{milliseconds(took), milliseconds(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime())}, string(out)
}

// build compiles a main package as `make build` does and returns the path of the program.
func build(tb testing.TB, pkg string) string {
	tb.Helper()
	program := filepath.Join(tb.TempDir(), "program")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-tags=nethttpomithttp2", "-o", program, pkg)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// median returns the middle value, or the upper of the two middle values. It needs at least
// one value.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
