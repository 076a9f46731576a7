//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// registrations is a log handler for an emulator. It counts the register calls that the emulator
// accepted, by device.
type registrations struct {
	slog.Handler
	mu       sync.Mutex
	accepted map[string]int // register calls by registration id
	total    int
	refused  int
	reached  map[int]chan struct{} // by total; closed when that total is reached
}

func (r *registrations) Enabled(context.Context, slog.Level) bool { return true }

func (r *registrations) Handle(_ context.Context, record slog.Record) error {
	at := map[string]string{}
	record.Attrs(func(a slog.Attr) bool {
		at[a.Key] = a.Value.String()
		return true
	})
	if record.Message != emulator.LogCall || at["operation"] != "register" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if at["status"] != "202" {
		r.refused++
		return nil
	}
	r.accepted[at["registration_id"]]++
	r.total++
	if reached, ok := r.reached[r.total]; ok {
		close(reached)
	}
	return nil
}

// after returns a channel that is closed once total registrations were accepted.
func (r *registrations) after(total int) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	reached := make(chan struct{})
	if r.total >= total {
		close(reached)
	} else {
		r.reached[total] = reached
	}
	return reached
}

// wantOnce checks that every device was registered once.
func (r *registrations) wantOnce(t *testing.T, devices int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.accepted) != devices {
		t.Errorf("%d devices were registered, want %d", len(r.accepted), devices)
	}
	for id, times := range r.accepted {
		if times != 1 {
			t.Errorf("%s was registered %d times", id, times)
		}
	}
}

// startFleetService starts an emulator and returns its count of registrations, and the arguments
// of a fleet command that registers that number of devices at it.
func startFleetService(t *testing.T, toml string, devices int) (*registrations, []string) {
	t.Helper()
	file, err := emulator.ParseFile("f.toml", []byte(toml), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	counted := &registrations{Handler: slog.DiscardHandler, accepted: map[string]int{}, reached: map[int]chan struct{}{}}
	e, err := emulator.Start(t.Context(), emulator.Config{File: file, Files: true, Log: slog.New(counted)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	list := "registration_id\n"
	for i := range devices {
		list += deviceName(i) + "\n"
	}
	path := filepath.Join(t.TempDir(), "devices.csv")
	if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	ready := e.Ready()
	return counted, []string{
		"fleet", "--devices", path, "--endpoint", ready.Endpoints.HTTPS, "--id-scope", ready.IDScope, "--ca-file", ready.CAFile,
		"--group-key-file", groupKeyFile(e),
	}
}

// groupKeyFile returns the file with the key of an emulator's enrollment group.
func groupKeyFile(e *emulator.Emulator) string {
	for _, id := range e.Ready().Identities {
		if id.GroupKeyFile != "" {
			return id.GroupKeyFile
		}
	}
	return ""
}

// deviceName returns the registration id of a device.
func deviceName(number int) string { return fmt.Sprintf("dev-%05d", number) }

// readFleet waits until a process ends and returns its report.
func (p *process) readFleet(t *testing.T) (doc report.Fleet) {
	t.Helper()
	errs := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(p.err)
		errs <- string(text)
	}()
	out, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	told := <-errs
	_ = p.Wait() // the status is in the document
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatalf("%v in %q; standard error: %q", err, out, told)
	}
	if got := p.ProcessState.ExitCode(); got != doc.ExitCode {
		t.Errorf("exit status %d, the document says %d", got, doc.ExitCode)
	}
	return doc
}

// killAndResume runs the same fleet command several times. For each number in kills it kills one
// run when that many devices in total were registered. It lets the last run end and returns its
// report.
func killAndResume(t *testing.T, counted *registrations, args []string, kills ...int) (*process, report.Fleet) {
	t.Helper()
	args = append(args, "--resume", filepath.Join(t.TempDir(), "run.jsonl"), "-o", "json")
	for _, after := range kills {
		p := startProcess(t, args...)
		<-counted.after(after)
		if _, status := p.end(t, syscall.SIGKILL); status != -1 {
			t.Fatalf("the fleet ended with status %d before it was killed", status)
		}
	}
	p := startProcess(t, args...)
	return p, p.readFleet(t)
}

// TestKilledFleetRegistersEachDeviceOnce: after kill -9 at any moment, the next run leaves no device
// out and registers none twice. The load test does the same with 10,000 devices.
func TestKilledFleetRegistersEachDeviceOnce(t *testing.T) {
	t.Parallel()
	const devices = 200
	counted, args := startFleetService(t, "retry_after = 0\n", devices)
	_, doc := killAndResume(t, counted, append(args, "--rate", "none", "--concurrency", "16"), 40, 41, 120)
	if doc.Totals.Registered != devices || doc.Totals.Resumed == 0 || doc.Verdict != "registered" {
		t.Errorf("%+v", doc.Totals)
	}
	counted.wantOnce(t, devices)
}

// TestInterruptedFleetWritesItsReport: after Ctrl-C a fleet writes the report of what it did, and
// the same command continues from there.
func TestInterruptedFleetWritesItsReport(t *testing.T) {
	t.Parallel()
	const devices = 60
	counted, args := startFleetService(t, "retry_after = 0\n", devices)
	args = append(args, "--rate", "100/s", "--resume", filepath.Join(t.TempDir(), "run.jsonl"), "-o", "json")
	p := startProcess(t, args...)
	<-counted.after(10)
	out, status := p.end(t, os.Interrupt)
	var doc report.Fleet
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	total := doc.Totals.Registered + doc.Totals.Interrupted + doc.Totals.NotStarted
	if status != report.ExitInterrupted || doc.ExitCode != status || doc.Totals.NotStarted == 0 || doc.Totals.NotStarted > devices-10 || total != devices {
		t.Errorf("exit status %d, %+v", status, doc.Totals)
	}
	if doc := startProcess(t, args...).readFleet(t); doc.Totals.Registered != devices {
		t.Errorf("%+v", doc.Totals)
	}
	counted.wantOnce(t, devices)
}

// TestFleetOnAFullDisk: if the journal cannot be written, one line on standard error says so, and
// the report still has the results until then.
func TestFleetOnAFullDisk(t *testing.T) {
	t.Parallel()
	const devices = 40
	counted, args := startFleetService(t, "retry_after = 0\n", devices)
	journal := filepath.Join(t.TempDir(), "run.jsonl")
	// A limit on the size of files has the effect of a full disk; 4 blocks are 2 or 4 KiB.
	words := []string{`ulimit -f 4; exec dpsdiag "$@"`, "sh"}
	words = append(append(words, args...), "--rate", "none", "--concurrency", "4", "--resume", journal, "-o", "json")
	p := startShell(t, words...)
	told := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(p.err)
		told <- string(text)
	}()
	out, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	text := <-told
	_ = p.Wait()
	var doc report.Fleet
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatalf("%v in %q; standard error: %q", err, out, text)
	}
	if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "dpsdiag: --resume: cannot write ") || p.ProcessState.ExitCode() != report.ExitNoVerdict {
		t.Errorf("exit status %d, standard error %q", p.ProcessState.ExitCode(), text)
	}
	if doc.Totals.Registered == 0 || doc.Totals.Registered != counted.total || doc.Totals.NotStarted == 0 {
		t.Errorf("%+v, the emulator registered %d", doc.Totals, counted.total)
	}
	if doc := startProcess(t, append(args, "--rate", "none", "--resume", journal, "-o", "json")...).readFleet(t); doc.Totals.Registered != devices {
		t.Errorf("%+v", doc.Totals)
	}
	counted.wantOnce(t, devices)
}
