package bench_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/monitor/monitortest"
)

// BenchmarkResourceLogs runs `dpsdiag logs` on 1 GB of resource logs, a record a line: 100,000 devices,
// of whose attempts nine in ten succeed. It reports the speed by the clock, the speed by the time that
// one processor needs, which other programs disturb less, and the most memory that the process had.
// 500 MB/s on two processors and 150 MB are promised for the plain file. Of the packed one, the speed is
// that of what is in it; to unpack it keeps one processor busy.
func BenchmarkResourceLogs(b *testing.B) {
	path := filepath.Join(b.TempDir(), "PT1H.json")
	size := writeResourceLogs(b, path)
	dpsdiag := build(b, "dpsdiag/cmd/dpsdiag")
	b.Run("plain", func(b *testing.B) { benchmarkLogs(b, dpsdiag, path, size) })
	b.Run("gzip", func(b *testing.B) { benchmarkLogs(b, dpsdiag, packFile(b, path), size) })
}

func benchmarkLogs(b *testing.B, dpsdiag, path string, size float64) {
	b.Helper()
	var speeds, cpuSpeeds, memory []float64
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), dpsdiag, "logs", path, "-o", "json")
		start := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		peak := watchPeak(cmd.Process.Pid)
		err := cmd.Wait()
		took := time.Since(start)
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
			b.Fatalf("dpsdiag logs: %v", err)
		}
		busy := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		speeds = append(speeds, size/1e6/took.Seconds())
		cpuSpeeds = append(cpuSpeeds, size/1e6/busy.Seconds())
		memory = append(memory, <-peak)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(speeds), "MB/s")
	b.ReportMetric(median(cpuSpeeds), "MB/cpu-s")
	b.ReportMetric(median(memory), "peak-MB")
}

// watchPeak reads the most memory that a process had, in megabytes, until it ends. The figure that a
// parent gets afterwards would count the parent's own memory.
func watchPeak(pid int) <-chan float64 {
	result := make(chan float64, 1)
	go func() {
		peak := 0.0
		for range time.Tick(10 * time.Millisecond) {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, after, found := strings.Cut(string(status), "VmHWM:")
			if err != nil || !found { // it has ended
				result <- peak
				return
			}
			if kilobytes, err := strconv.ParseFloat(strings.Fields(after)[0], 64); err == nil {
				peak = kilobytes / 1e3
			}
		}
	}()
	return result
}

// packFile packs a file with gzip.
func packFile(b *testing.B, path string) (packed string) {
	b.Helper()
	packed = path + ".gz"
	in, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(packed)
	if err != nil {
		b.Fatal(err)
	}
	w := gzip.NewWriter(out)
	_, err = io.Copy(w, in)
	if err := errors.Join(err, w.Close(), out.Close()); err != nil {
		b.Fatal(err)
	}
	return packed
}

// writeResourceLogs writes about 1 GB and returns how much it is.
func writeResourceLogs(b *testing.B, path string) float64 {
	b.Helper()
	fleet := monitortest.Faulty()
	fleet.Devices, fleet.Every = 100_000, 82*time.Minute
	fleet.Faults = []monitortest.Fault{{Devices: 2_700, Protocol: "Http", Status: "401", Description: "401002: CA certificate not found."}}
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(monitortest.WriteLines(file, fleet.Events()), file.Close()); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size())
}
