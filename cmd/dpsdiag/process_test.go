//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/report"
)

// process is a running dpsdiag.
type process struct {
	*exec.Cmd
	out, err *bufio.Reader
	errPipe  io.Closer
}

// startProcess starts dpsdiag; the end of the test kills it if it still runs.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	return startProcessIn(t, os.TempDir(), args...)
}

// startProcessIn starts dpsdiag with a folder for its temporary files.
func startProcessIn(t *testing.T, temporary string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), "dpsdiag", args...)}
	p.Env = append(os.Environ(), "TMPDIR="+temporary)
	p.begin(t)
	return p
}

// startShell starts a shell script, with its arguments.
func startShell(t *testing.T, script ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), "sh", append([]string{"-c"}, script...)...)}
	p.begin(t)
	return p
}

func (p *process) begin(t *testing.T) {
	t.Helper()
	p.WaitDelay = time.Minute // so that Wait does not hang
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out, p.err, p.errPipe = bufio.NewReader(out), bufio.NewReader(errs), errs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
}

// end sends a signal and returns the rest of standard output and the exit status.
func (p *process) end(t *testing.T, signal os.Signal) (string, int) {
	t.Helper()
	if err := p.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, p.err)
	out, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // the status is what the caller compares
	return string(out), p.ProcessState.ExitCode()
}

func TestInterruptedProbeReportsWhatItLearned(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p := startProcess(t, "probe", "--sandbox", "never-assigned", "-o", "json")
		if line, err := p.err.ReadString('\n'); err != nil || !strings.Contains(line, "assigning, asking again") {
			t.Fatalf("standard error: %q, %v", line, err)
		}
		out, status := p.end(t, signal)
		if status != report.ExitInterrupted {
			t.Errorf("%s: exit status %d", signal, status)
		}
		var doc report.Probe
		if err := json.Unmarshal([]byte(out), &doc); err != nil {
			t.Fatalf("%s: %v in %q", signal, err, out)
		}
		if doc.Verdict != "interrupted" || doc.ExitCode != report.ExitInterrupted || doc.Runs[0].Reply.Status != "assigning" {
			t.Errorf("%s: %+v", signal, doc)
		}
	}
}
