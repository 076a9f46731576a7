package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dpsdiag/internal/report"
)

// underLimit starts the program in a folder under RLIMIT_FSIZE: the system cuts each file after a number of blocks of 512 or
// 1024 bytes, depending on the shell, as a full disk does.
func underLimit(t *testing.T, dir, blocks string, args ...string) *process {
	t.Helper()
	return startShell(t, append([]string{`cd "$0" && ulimit -f "$1" && shift && exec dpsdiag "$@"`, dir, blocks}, args...)...)
}

// finish waits for a process, and returns its exit status and what it wrote on standard error.
func (p *process) finish(t *testing.T) (status int, told string) {
	t.Helper()
	errs := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(p.err)
		errs <- string(text)
	}()
	if _, err := io.Copy(io.Discard, p.out); err != nil {
		t.Fatal(err)
	}
	told = <-errs
	_ = p.Wait() // the status is what the caller compares
	return p.ProcessState.ExitCode(), told
}

func TestFilesThatCannotGrow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"report": {[]string{"explain", "--all", "-o", "text", "-o", "json=kept"}, report.ExitNoVerdict, `cannot write "kept": file too large`},
		"page":   {[]string{"explain", "401002", "-o", "html=kept"}, report.ExitNoVerdict, `cannot write "kept": file too large`},
		"bundle": {[]string{"probe", "--sandbox", "healthy", "-o", "bundle=kept"}, report.ExitNoVerdict, `cannot write "kept": file too large`},
		"state":  {[]string{"emulate", "--state-dir", "state"}, report.ExitUsage, "file too large"},
		"manual": {[]string{"man", "."}, report.ExitUsage, "file too large"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "kept"), []byte("earlier"), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, told := underLimit(t, dir, "1", c.args...).finish(t); status != c.status || !strings.Contains(told, c.says) {
			t.Errorf("%s: exit status %d, want %d: %s", name, status, c.status, told)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "kept")); string(got) != "earlier" {
			t.Errorf("%s: the earlier file has %q, %v", name, got, err)
		}
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if strings.Contains(path, ".dpsdiag-") {
				t.Errorf("%s: %s is left behind", name, path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestFullDevice: everything that is written on standard output says so if that is full.
func TestFullDevice(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"explain 429", "explain 429 -o json", "explain --all -o markdown", "probe --sandbox healthy -q", "probe --sandbox healthy -q -o html",
		"plan --devices 10 --at-once", "kql --list", "version", "completion bash", "emulate -o json", "emulate --print-config",
		"", "probe --help", "kql -h", "help logs", "help environment",
	} {
		p := startShell(t, append([]string{`exec dpsdiag "$@" > /dev/full`, "sh"}, strings.Fields(args)...)...)
		if status, told := p.finish(t); status != report.ExitNoVerdict || !strings.Contains(told, "no space left on device") {
			t.Errorf("%s: exit status %d: %s", args, status, told)
		}
	}
}
