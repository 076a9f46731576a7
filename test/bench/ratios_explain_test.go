//go:build bench && linux

package bench_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dpsdiag/internal/codes"
)

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

// measureExplain compares "dpsdiag explain" with a program that starts Cobra, prints a line in colour and
// draws a table. The order of the three changes from round to round.
func measureExplain(t *testing.T, b *board, dpsdiag string) {
	const rounds = 61
	commands := []command{{build(t, "./testdata/skeleton"), "explain", "429"}, {dpsdiag, "explain", "429"}, {dpsdiag, "explain", tenLines}}
	samples := make([][]sample, len(commands))
	for round := range rounds {
		for i := range commands {
			i = (i + round) % len(commands)
			s, _ := commands[i].run(t)
			samples[i] = append(samples[i], s)
		}
	}
	for i, row := range []ratio{{name: "explain CODE to the skeleton", limit: 1.5}, {name: "explain TEXT of ten lines to the skeleton", limit: 5}} {
		wall, cpu := quotients(samples[i+1], samples[0])
		row.value = median(wall)
		row.how = fmt.Sprintf("wall, median of %d pairs; processor time %.2f", rounds, median(cpu))
		b.add(row)
	}
}

// quotients divides the samples of one command by the paired samples of another.
func quotients(samples, others []sample) (wall, cpu []float64) {
	for i := range samples {
		wall, cpu = append(wall, samples[i].wall/others[i].wall), append(cpu, samples[i].cpu/others[i].cpu)
	}
	return wall, cpu
}

// logSize is the size of the log that is read, in bytes.
const logSize = 100 << 20

// measureLogs compares "dpsdiag explain FILE" with a search for the same messages, with ripgrep or, where
// there is none, with grep, both on one processor; then itself on two with itself on one.
func measureLogs(t *testing.T, b *board, dpsdiag string) {
	const pairs = 5
	folder := t.TempDir()
	log, patterns := filepath.Join(folder, "big.log"), filepath.Join(folder, "patterns.txt")
	writeLog(t, log)
	writePatterns(t, patterns)
	search, name := command{"grep", "-c", "-F", "-f", patterns, log}, "grep"
	unpackAndSearch := command{"sh", "-c", `gzip -dc "$1" | grep -c -F -f "$2"`, "sh", log + ".gz", patterns}
	if path, err := exec.LookPath("rg"); err == nil {
		search, name = command{path, "-j1", "-c", "-F", "-f", patterns, log}, "ripgrep"
		unpackAndSearch = command{path, "-z", "-j1", "-c", "-F", "-f", patterns, log + ".gz"}
	}
	explain := command{dpsdiag, "explain", "--file", log, "-o", "json"}
	packed := command{dpsdiag, "explain", "--file", log + ".gz", "-o", "json"}
	compareSearch(t, b, "log of 100 MiB on one processor, speed to "+name, explain, search, pairs)
	compareProcessors(t, b, "log of 100 MiB, speed on two processors to one", explain, pairs)
	b.add(ratio{name: "log of 100 MiB, memory", value: peakOf(t, explain), limit: 64, unit: " MB", how: "most that the process had at a time"})

	pack(t, log)
	if out, err := exec.CommandContext(t.Context(), packed[0], packed[1:]...).CombinedOutput(); err != nil && strings.Contains(string(out), "gzip") {
		why := "explain takes no gzip: " + strings.TrimSpace(string(out))
		b.add(ratio{name: "the same in gzip, speed to gzip and " + name, limit: 1, least: true, unknown: why})
		b.add(ratio{name: "the same in gzip, speed on two processors to one", limit: 1.7, least: true, unknown: why})
		return
	}
	compareSearch(t, b, "the same in gzip, speed to gzip and "+name, packed, unpackAndSearch, pairs)
	compareProcessors(t, b, "the same in gzip, speed on two processors to one", packed, pairs)
}

// oneProcessor limits a program of Go, and variables that other programs do not know do no harm.
const oneProcessor = "GOMAXPROCS=1"

func compareSearch(t *testing.T, b *board, name string, explain, search command, pairs int) {
	t.Helper()
	var searched, explained []sample
	for range pairs {
		s, _ := search.run(t, "LC_ALL=C")
		e, _ := explain.run(t, "LC_ALL=C", oneProcessor)
		searched, explained = append(searched, s), append(explained, e)
	}
	wall, cpu := quotients(searched, explained)
	b.add(ratio{name: name, value: median(cpu), limit: 1, least: true, how: fmt.Sprintf("processor time, median of %d pairs; wall %.2f", pairs, median(wall))})
}

func compareProcessors(t *testing.T, b *board, name string, explain command, pairs int) {
	t.Helper()
	var one, two []float64
	for range pairs {
		s, first := explain.run(t, oneProcessor)
		one = append(one, s.wall)
		s, second := explain.run(t, "GOMAXPROCS=2")
		two = append(two, s.wall)
		if first != second {
			t.Error("the answers on one and on two processors differ")
		}
	}
	how := fmt.Sprintf("wall, best of %d each, since others use the processors too; median of the pairs %.2f", pairs, median(divided(one, two)))
	b.add(ratio{name: name, value: least(one) / least(two), limit: 1.7, least: true, how: how})
}

func divided(values, by []float64) []float64 {
	list := make([]float64, len(values))
	for i := range values {
		list[i] = values[i] / by[i]
	}
	return list
}

func least(values []float64) float64 {
	smallest := values[0]
	for _, v := range values {
		smallest = min(smallest, v)
	}
	return smallest
}

// peakOf runs a command and returns the most memory that it had, in megabytes.
func peakOf(t *testing.T, c command) float64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c[0], c[1:]...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := watchPeak(cmd.Process.Pid)
	_ = cmd.Wait() // its exit status does not matter
	return <-peak
}

// pack compresses a file with gzip, into the same folder.
func pack(t *testing.T, path string) {
	t.Helper()
	from, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(path + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	packer := gzip.NewWriter(to)
	_, err = io.Copy(packer, from)
	if err := errors.Join(err, packer.Close(), to.Close()); err != nil {
		t.Fatal(err)
	}
}

// writeLog writes the journal of a machine with ten programs, one of them the identity
// service, which is refused once an hour.
func writeLog(t *testing.T, path string) {
	t.Helper()
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
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	for written, n := 0, 0; written < logSize; n++ {
		text := fmt.Sprintf(lines[n%len(lines)], n%90+10)
		if n%36_000 == 18_000 {
			text = "aziot-identityd[812]: 2024-06-03T06:00:13Z [ERR!] - caused by: Signing certificate info did not match chain elements."
		}
		size, err := fmt.Fprintf(w, "Jun 03 %02d:%02d:%02d gw-21 %s\n", n/36_000%24, n/600%60, n/10%60, text)
		if err != nil {
			t.Fatal(err)
		}
		written += size
	}
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
}

// writePatterns writes every message of the catalogue on its own line.
func writePatterns(t *testing.T, path string) {
	t.Helper()
	var messages []string
	for e := range codes.All() {
		messages = append(messages, e.Messages...)
	}
	if err := os.WriteFile(path, []byte(strings.Join(messages, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
