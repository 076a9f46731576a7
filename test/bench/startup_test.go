// Package bench_test measures whole runs of the dpsdiag program, which a
// benchmark inside one of its packages cannot see.
package bench_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkStartup compares the wall time of `dpsdiag explain 429` with that
// of a Go program that does nothing. Both run once in every iteration, taking
// turns to go first, so that a change in the machine's load meets both alike.
// It reports the median of the paired ratios, and the median times in
// milliseconds.
func BenchmarkStartup(b *testing.B) {
	explain := command{build(b, "dpsdiag/cmd/dpsdiag"), "explain", "429"}
	empty := command{build(b, "./testdata/empty")}

	var explainMS, emptyMS, ratios []float64
	for b.Loop() {
		var explainTime, emptyTime float64
		if len(ratios)%2 == 0 {
			explainTime, emptyTime = explain.run(b), empty.run(b)
		} else {
			emptyTime, explainTime = empty.run(b), explain.run(b)
		}
		explainMS = append(explainMS, explainTime)
		emptyMS = append(emptyMS, emptyTime)
		ratios = append(ratios, explainTime/emptyTime)
	}

	b.ReportMetric(0, "ns/op") // the time of a pair says nothing
	b.ReportMetric(median(explainMS), "explain-ms")
	b.ReportMetric(median(emptyMS), "empty-ms")
	b.ReportMetric(median(ratios), "ratio-to-empty")
}

// command is a program's path and its arguments.
type command []string

// run starts the command, waits for it and returns the time both took, in
// milliseconds. Its output is thrown away.
func (c command) run(b *testing.B) float64 {
	b.Helper()
	start := time.Now()
	if err := exec.CommandContext(b.Context(), c[0], c[1:]...).Run(); err != nil {
		b.Fatalf("%q: %v", []string(c), err)
	}
	return milliseconds(time.Since(start))
}

// build compiles a main package the way `make build` does and returns the
// path of the program.
func build(b *testing.B, pkg string) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "program")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-o", program, pkg)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// median returns the middle value, the upper one of two. It needs at least one
// value and reorders its argument.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
