//go:build unix

package main

import (
	"errors"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestShellOfThePagesRuns runs what the pages show for a shell and needs neither a device
// nor a cloud, pipes and redirections included: every line that calls dpsdiag.
func TestShellOfThePagesRuns(t *testing.T) {
	t.Parallel()
	ran := 0
	for page, block := range shellBlocks(t) {
		if isScript(block) {
			continue
		}
		for line := range strings.Lines(block) {
			command := strings.TrimSpace(line)
			if strings.HasPrefix(command, "dpsdiag ") && !needsMore(command) {
				ran++
				runShell(t, page, command)
			}
		}
	}
	if ran < 8 {
		t.Errorf("only %d commands ran", ran)
	}
}

// TestScriptsOfThePagesRun runs the blocks whose lines belong together. They read JSON with
// jq, which a developer may lack and CI may not.
func TestScriptsOfThePagesRun(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("jq"); err != nil {
		if os.Getenv("DPSDIAG_TEST_ALL") != "" {
			t.Fatal("DPSDIAG_TEST_ALL is set and there is no jq: install it")
		}
		t.Skip("there is no jq, so that no script of the pages is tried: install it") //nolint:forbidigo // make test needs nothing but Go; CI sets DPSDIAG_TEST_ALL
	}
	ran := 0
	for page, block := range shellBlocks(t) {
		if isScript(block) {
			ran++
			runShell(t, page, block)
		}
	}
	if ran == 0 {
		t.Error("no script was found")
	}
}

// shellBlocks are the blocks of shell that the pages show, each with its page.
func shellBlocks(t *testing.T) iter.Seq2[string, string] {
	t.Helper()
	block := regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```")
	return func(yield func(page, block string) bool) {
		for _, page := range pages(t, "../..") {
			for _, m := range block.FindAllStringSubmatch(readPage(t, page), -1) {
				if (m[1] == "" || m[1] == "sh") && !yield(page, m[2]) {
					return
				}
			}
		}
	}
}

// isScript reports whether the lines of a block belong together: it ends what it started, or
// draws what it saved.
func isScript(block string) bool {
	return strings.Contains(block, "$!") || strings.Contains(block, "dpsdiag report ")
}

// needsMore reports commands that need a device, a file of the reader or an end by hand.
func needsMore(command string) bool {
	emulates := strings.HasPrefix(command, "dpsdiag emulate") && !strings.Contains(command, "--list-scenarios")
	return emulates || strings.HasPrefix(command, "dpsdiag diff") || strings.HasPrefix(command, "dpsdiag logs") || regexp.MustCompile(`--id-scope|--key-file|--service-env|--file|--from|\s-(\s|$)`).MatchString(command)
}

// runShell runs a script in an empty folder. It must not end as wrong usage does, nor
// because the shell knows no such command.
func runShell(t *testing.T, page, script string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		if status := failed.ExitCode(); status == 0 || status == 1 || status >= 3 && status <= 5 {
			return
		}
	}
	if err != nil {
		t.Errorf("%s: %v of %s\n%s", filepath.Base(page), err, script, out)
	}
}
