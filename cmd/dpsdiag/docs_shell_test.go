//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestShellOfThePagesRuns runs what the pages show for a shell and needs neither a device
// nor a cloud, pipes and redirections included. Whole blocks run where they are scripts.
func TestShellOfThePagesRuns(t *testing.T) {
	t.Parallel()
	ran := 0
	for page := range pages(t, "../..") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
			if block[1] != "" && block[1] != "sh" {
				continue
			}
			for _, script := range shellScripts(block[2]) {
				ran++
				runShell(t, page, script)
			}
		}
	}
	if ran < 8 {
		t.Errorf("only %d scripts ran", ran)
	}
}

// shellScripts are the parts of a block that can be run here: each line that calls dpsdiag,
// or the whole where its lines belong together.
func shellScripts(block string) []string {
	if strings.Contains(block, "$!") {
		if _, err := exec.LookPath("jq"); err != nil {
			return nil
		}
		return []string{block}
	}
	var scripts []string
	for line := range strings.Lines(block) {
		command := strings.TrimSpace(line)
		if strings.HasPrefix(command, "dpsdiag ") && !needsMore(command) {
			scripts = append(scripts, command)
		}
	}
	return scripts
}

// needsMore reports commands that need a device, a file of the reader or an end by hand.
func needsMore(command string) bool {
	emulates := strings.HasPrefix(command, "dpsdiag emulate") && !strings.Contains(command, "--list-scenarios")
	return emulates || regexp.MustCompile(`--id-scope|--file|--from|\s-(\s|$)`).MatchString(command)
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
