package bench_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/codes"
)

// logSize is the size of the log that is read, in bytes.
const logSize = 100 << 20

// BenchmarkLog compares the wall time of `dpsdiag explain --file` on a log of 100 MiB with
// that of `grep -c -F -f` with the same messages. It reports the median of the paired
// ratios, grep's time to that of dpsdiag: 1 means the speed of grep, and a third of it is
// promised.
func BenchmarkLog(b *testing.B) {
	folder := b.TempDir()
	log := filepath.Join(folder, "big.log")
	writeLog(b, log)
	patterns := filepath.Join(folder, "patterns.txt")
	writePatterns(b, patterns)
	explain := command{build(b, "dpsdiag/cmd/dpsdiag"), "explain", "--file", log, "-o", "json"}
	grep := command{"grep", "-c", "-F", "-f", patterns, log}

	var explainMS, grepMS, ratios []float64
	for b.Loop() {
		grepTime, explainTime := grep.runAnyway(b), explain.run(b)
		grepMS = append(grepMS, grepTime)
		explainMS = append(explainMS, explainTime)
		ratios = append(ratios, grepTime/explainTime)
	}
	b.ReportMetric(0, "ns/op") // the total time of a pair is meaningless
	b.ReportMetric(median(explainMS), "explain-ms")
	b.ReportMetric(median(grepMS), "grep-ms")
	b.ReportMetric(median(ratios), "speed-to-grep")
}

// runAnyway runs a command that may end with exit status 1, as grep does if it finds
// nothing. The output goes to a reader: with /dev/null grep would stop at the first match.
func (c command) runAnyway(b *testing.B) float64 {
	b.Helper()
	start := time.Now()
	_, err := exec.CommandContext(b.Context(), c[0], c[1:]...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) {
		b.Fatalf("%q: %v", []string(c), err)
	}
	return milliseconds(time.Since(start))
}

// writeLog writes the journal of a machine with ten programs, one of them the identity
// service, which is refused once an hour.
func writeLog(b *testing.B, path string) {
	b.Helper()
	lines := []string{
		"nginx[733]: 10.4.0.%d - - [03/Jun/2024:06:00:03 +0000] \"GET /api/items HTTP/1.1\" 200 512 \"-\" \"curl/7.88.1\"",
		"sshd[2230]: Accepted publickey for admin from 192.0.2.%d port 50122 ssh2",
		"dockerd[1022]: time=\"2024-06-03T06:00:07Z\" level=info msg=\"ignoring event\" container=%d module=libcontainerd",
		"postgres[1410]: LOG:  checkpoint complete: wrote %d buffers (0.4%%); write=6.5 s, sync=0.01 s",
		"grafana[1500]: logger=context level=info msg=\"Request Completed\" method=GET path=/api/ds/%d status=200",
		"kernel: [ %d.123456] usb 1-1: new high-speed USB device number 4 using xhci_hcd",
		"java[1800]: java.lang.NullPointerException: Cannot invoke \"Object.toString()\" at com.example.Foo.bar(Foo.java:%d)",
		"NetworkManager[600]: <info>  [1650000%d.3211] device (eth0): state change: activated -> failed",
		"CRON[2201]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly %d)",
		"systemd[1]: Started Session %d of user admin.",
	}
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(file)
	for written, n := 0, 0; written < logSize; n++ {
		text := fmt.Sprintf(lines[n%len(lines)], n%90+10)
		if n%36_000 == 18_000 {
			text = "aziot-identityd[812]: 2024-06-03T06:00:13Z [ERR!] - caused by: Signing certificate info did not match chain elements."
		}
		size, err := fmt.Fprintf(w, "Jun 03 %02d:%02d:%02d gw-21 %s\n", n/36_000%24, n/600%60, n/10%60, text)
		if err != nil {
			b.Fatal(err)
		}
		written += size
	}
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		b.Fatal(err)
	}
}

// writePatterns writes every message of the catalogue on its own line.
func writePatterns(b *testing.B, path string) {
	b.Helper()
	var messages []string
	for e := range codes.All() {
		messages = append(messages, e.Messages...)
	}
	if err := os.WriteFile(path, []byte(strings.Join(messages, "\n")+"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
}
