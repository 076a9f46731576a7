// Package bench_test measures whole runs of the dpsdiag program, which a benchmark in one
// of its packages cannot do.
package bench_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkStartup compares the wall time of `dpsdiag explain 429` with that of a Go
// program that does nothing. Every iteration runs both, in alternating order, so that a
// change in the machine's load affects both. It reports the median of the paired ratios,
// and the median times in milliseconds.
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

	b.ReportMetric(0, "ns/op") // the total time of a pair is meaningless
	b.ReportMetric(median(explainMS), "explain-ms")
	b.ReportMetric(median(emptyMS), "empty-ms")
	b.ReportMetric(median(ratios), "ratio-to-empty")
}

// tenLines is a text as people paste it: the output of IoT Edge until it gave up, mixed
// with lines of other programs.
const tenLines = `Jun 03 06:00:01 gw-21 systemd[1]: Started Azure IoT Identity Service.
Jun 03 06:00:02 gw-21 aziot-identityd[812]: 2024-06-03T06:00:02Z [INFO] - Starting service...
Jun 03 06:00:02 gw-21 aziot-identityd[812]: 2024-06-03T06:00:02Z [INFO] - Version - 1.4.8
Jun 03 06:00:03 gw-21 aziot-identityd[812]: 2024-06-03T06:00:03Z [INFO] - Provisioning with DPS, scope 0ne00ABCDEF, registration id gw-21.
Jun 03 06:00:04 gw-21 kernel: [ 41.123456] usb 1-1: new high-speed USB device number 4 using xhci_hcd
Jun 03 06:00:05 gw-21 aziot-identityd[812]: 2024-06-03T06:00:05Z [INFO] - --> PUT /0ne00ABCDEF/registrations/gw-21/register?api-version=2018-11-01
Jun 03 06:00:06 gw-21 aziot-identityd[812]: 2024-06-03T06:00:06Z [INFO] - <-- 401 {"content-type": "application/json; charset=utf-8"}
Jun 03 06:00:06 gw-21 aziot-identityd[812]: 2024-06-03T06:00:06Z [ERR!] - service encountered an error
Jun 03 06:00:06 gw-21 aziot-identityd[812]: 2024-06-03T06:00:06Z [ERR!] - caused by: {"errorCode":401002,"trackingId":"0a1b2c3d-1111-2222-3333-444455556666","message":"Unauthorized"}
Jun 03 06:00:06 gw-21 systemd[1]: aziot-identityd.service: Main process exited, code=exited, status=1/FAILURE`

// BenchmarkExplain compares the wall times of "dpsdiag explain 429" and of "dpsdiag explain
// TEXT" for a text of ten lines with that of a skeleton: a program that starts Cobra,
// prints a line in colour and draws a table. The order of the three alternates. It reports
// the medians of the paired ratios; 1.5 and 5 are promised.
func BenchmarkExplain(b *testing.B) {
	dpsdiag := build(b, "dpsdiag/cmd/dpsdiag")
	commands := []command{{build(b, "./testdata/skeleton"), "explain", "429"}, {dpsdiag, "explain", "429"}, {dpsdiag, "explain", tenLines}}
	times := make([][]float64, len(commands))
	for first := 0; b.Loop(); first++ {
		for i := range commands {
			i = (i + first) % len(commands)
			times[i] = append(times[i], commands[i].run(b))
		}
	}
	b.ReportMetric(0, "ns/op") // the total time of the three is meaningless
	b.ReportMetric(median(ratios(times[1], times[0])), "code-to-skeleton")
	b.ReportMetric(median(ratios(times[2], times[0])), "text-to-skeleton")
	for i, unit := range []string{"skeleton-ms", "code-ms", "text-ms"} {
		b.ReportMetric(median(times[i]), unit)
	}
}

// ratios divides the times of one command by the paired times of another.
func ratios(times, others []float64) []float64 {
	list := make([]float64, len(times))
	for i := range times {
		list[i] = times[i] / others[i]
	}
	return list
}

// command is a program's path and its arguments.
type command []string

// run starts the command, waits for it and returns the total time in milliseconds. It
// discards the output.
func (c command) run(b *testing.B) float64 {
	b.Helper()
	start := time.Now()
	if err := exec.CommandContext(b.Context(), c[0], c[1:]...).Run(); err != nil {
		b.Fatalf("%q: %v", []string(c), err)
	}
	return milliseconds(time.Since(start))
}

// build compiles a main package as `make build` does and returns the path of the program.
func build(b *testing.B, pkg string) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "program")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-tags=nethttpomithttp2", "-o", program, pkg)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// median returns the middle value, or the upper of the two middle values. It needs at least
// one value and sorts its argument.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
