//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// process is a running dpsdiag.
type process struct {
	*exec.Cmd
	out, err *bufio.Reader
}

// startProcess starts dpsdiag; the test ends it if it has not ended by itself.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), "dpsdiag", args...)}
	p.WaitDelay = time.Minute // against hangs
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out, p.err = bufio.NewReader(out), bufio.NewReader(errs)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// end sends a signal and returns what standard output still held, and the exit status.
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

func TestInterruptedProbeTellsWhatItLearned(t *testing.T) {
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

func TestEmulateServesUntilASignal(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "emulator.toml")
	if err := os.WriteFile(config, []byte("retry_after = 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, signal := range endings() {
		p := startProcess(t, "emulate", "-o", "json", "--config", config)
		line, err := p.out.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var ready emulator.Ready
		if err := json.Unmarshal(line, &ready); err != nil {
			t.Fatalf("ready line %q: %v", line, err)
		}
		for _, id := range ready.Identities {
			args := probeCommand(ready, id)[1:]
			probe := exec.CommandContext(t.Context(), "dpsdiag", append(args, "--timeout", "1m")...)
			if out, err := probe.CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", args, err, out)
			}
		}
		rest, status := p.end(t, signal)
		if status != report.ExitOK || rest != "" {
			t.Errorf("%s: exit status %d, further output %q", signal, status, rest)
		}
		if _, err := os.Stat(ready.StateDir); !os.IsNotExist(err) {
			t.Errorf("%s: the temporary state directory is left behind: %v", signal, err)
		}
	}
}

func TestEmulateTellsPeopleHowToReachIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startProcess(t, "emulate", "--scenario", "sas-token-expired", "--state-dir", dir)
	var text bytes.Buffer
	for !strings.Contains(text.String(), "Ctrl-C ends it.\n") {
		line, err := p.out.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q", err, text.String())
		}
		text.WriteString(line)
	}
	for _, want := range []string{
		"Ready: provisioning service on 127.0.0.1:", "scenario sas-token-expired\n", "\n  hub       127.0.0.1:",
		"--key-file " + dir, "--group-key-file " + dir, "--cert " + dir, "--sas-token-env TOKEN",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in:\n%s", want, text.String())
		}
	}
	if _, status := p.end(t, syscall.SIGTERM); status != report.ExitOK {
		t.Errorf("exit status %d", status)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		t.Errorf("the state directory that was given is not kept: %v", err)
	}
}
