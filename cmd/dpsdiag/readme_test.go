package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateReadme = flag.Bool("update-readme", false, "rewrite the output shown in the README")

const readme = "README.md"

// TestReadme runs every dpsdiag command that the README shows and compares what it prints
// with what is shown there.
func TestReadme(t *testing.T) {
	t.Chdir("../..") // where a reader of the README stands
	text, err := os.ReadFile(readme)
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
			if diff := cmp.Diff(mask(step.output), mask(output)); diff != "" && !*updateReadme {
				t.Errorf("$ %s (-README +now):\n%s", step.command, diff)
			}
			ran.WriteString("$ " + step.command + "\n" + output)
		}
		return "```console\n" + ran.String() + "```"
	})
	if commands < 5 {
		t.Errorf("only %d commands found in the README", commands)
	}
	if *updateReadme {
		if err := os.WriteFile(readme, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
	}
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
		{`\b\d{4}-\d\d-\d\d\b`, "DATE"},
		{` *\b\d+(\.\d+)? m?s\b`, " TIME"},
	} {
		output = regexp.MustCompile(m.pattern).ReplaceAllString(output, m.with)
	}
	return output
}
