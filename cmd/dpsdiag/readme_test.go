package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateReadme = flag.Bool("update-readme", false, "rewrite the output shown in the README and in docs")

// pages are the README and everything in docs below the root of the repository.
func pages(t *testing.T, root string) []string {
	t.Helper()
	docs, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) < 5 {
		t.Errorf("only %d pages found in docs", len(docs))
	}
	return append(docs, filepath.Join(root, "README.md"))
}

// TestReadme runs every dpsdiag command that the README and the pages of docs show and
// compares what it prints with what is shown there.
func TestReadme(t *testing.T) {
	t.Chdir("../..") // where a reader of the pages stands
	commands := map[string]int{}
	for _, page := range pages(t, ".") {
		commands[page] = checkPage(t, page)
	}
	for page, least := range map[string]int{"README.md": 2, "docs/explain.md": 3, "docs/probe.md": 1, "docs/ci.md": 1, "docs/emulator.md": 1} {
		if commands[filepath.FromSlash(page)] < least {
			t.Errorf("only %d commands with their output found in %s", commands[page], page)
		}
	}
}

// checkPage runs the sessions of one page and returns how many commands it ran.
func checkPage(t *testing.T, page string) int {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	sessions := regexp.MustCompile("(?s)```console\n(.*?)```")
	commands := 0
	updated := sessions.ReplaceAllStringFunc(string(text), func(block string) string {
		shown := strings.TrimSuffix(strings.TrimPrefix(block, "```console\n"), "```")
		var ran strings.Builder
		for _, step := range splitSession(shown) {
			args, ok := dpsdiagArgs(step.command)
			if !ok {
				ran.WriteString("$ " + step.command + "\n" + step.output)
				continue
			}
			commands++
			output := runInMemory(t, args)
			switch diff := cmp.Diff(mask(step.output), mask(output)); {
			case diff == "":
				output = step.output // an update changes nothing but what is wrong
			case !*updateReadme:
				t.Errorf("%s: $ %s (-page +now):\n%s", page, step.command, diff)
			}
			ran.WriteString("$ " + step.command + "\n" + output)
		}
		return "```console\n" + ran.String() + "```"
	})
	if *updateReadme {
		if err := os.WriteFile(page, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return commands
}

type sessionStep struct{ command, output string }

// splitSession takes a terminal session apart into commands and what each printed.
func splitSession(session string) []sessionStep {
	var steps []sessionStep
	for line := range strings.Lines(session) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			steps = append(steps, sessionStep{command: strings.TrimSpace(command)})
			continue
		}
		if len(steps) > 0 {
			steps[len(steps)-1].output += line
		}
	}
	return steps
}

// dpsdiagArgs returns the arguments of a command line that runs dpsdiag alone.
func dpsdiagArgs(command string) ([]string, bool) {
	for _, name := range []string{"dpsdiag ", "go run ./cmd/dpsdiag "} {
		if rest, ok := strings.CutPrefix(command, name); ok && !strings.ContainsAny(rest, "|><;&") {
			return strings.Fields(rest), true
		}
	}
	return nil, false
}

// runInMemory runs a command as on a UTF-8 terminal without colour and returns all that it
// prints.
func runInMemory(t *testing.T, args []string) string {
	t.Helper()
	var out bytes.Buffer
	world := realWorld()
	world.stdin, world.stdout, world.stderr = strings.NewReader(""), &out, &out
	world.lookupEnv = func(name string) (string, bool) { return "C.UTF-8", name == "LC_ALL" }
	run(context.Background(), world, args)
	return out.String()
}

// mask blanks out what differs from run to run.
func mask(output string) string {
	for _, m := range []struct{ pattern, with string }{
		{`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "GUID"},
		{`\b4\.[0-9a-f]{16}\.GUID`, "OPERATION"},
		{`127\.0\.0\.1:\d+`, "127.0.0.1:PORT"},
		{`localhost:\d+`, "localhost:PORT"},
		{`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "TIME"},
		{`\b\d{4}-\d\d-\d\d\b`, "DATE"},
		{` *\b\d+(\.\d+)? m?s\b`, " TIME"},
	} {
		output = regexp.MustCompile(m.pattern).ReplaceAllString(output, m.with)
	}
	return output
}
