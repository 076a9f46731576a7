package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/report"
)

// commands are the root and all below it, with the words that call each.
func commands() map[string]*cobra.Command {
	root := newRootCmd(&newWorld().app)
	root.InitDefaultHelpCmd()
	all := map[string]*cobra.Command{"": root}
	for _, c := range root.Commands() {
		all[c.Name()] = c
	}
	return all
}

func TestEveryCommandAndFlagIsDocumented(t *testing.T) {
	t.Parallel()
	for name, c := range commands() {
		if c.Short == "" || c.Long == "" {
			t.Errorf("command %q lacks help", name)
		}
		if name != "help" && c.Example == "" {
			t.Errorf("command %q lacks an example", name)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s lacks help", name, f.Name)
			}
		})
	}
}

// maxExample is the longest line that an example may have: a command is not broken.
const maxExample = 100

func TestHelpShowsEveryFlagAndFits(t *testing.T) {
	t.Parallel()
	for name, c := range commands() {
		w := newWorld()
		if got := w.run(t, append(strings.Fields(name), "--help")...); got != report.ExitOK {
			t.Errorf("%q --help: exit status %d", name, got)
		}
		help := w.out.String()
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(help, "--"+f.Name+" ") {
				t.Errorf("%q --help does not show --%s", name, f.Name)
			}
		})
		for line := range strings.Lines(help) {
			line = strings.TrimRight(line, "\n")
			if len(line) > report.DefaultWidth && !strings.HasPrefix(line, "  dpsdiag ") || len(line) > maxExample {
				t.Errorf("%q --help: %d columns: %s", name, len(line), line)
			}
		}
	}
}

// TestProbeHelpBeginsShort: the first screen has the forms and the flags that matter, and
// the explanation comes after it.
func TestProbeHelpBeginsShort(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.run(t, "probe", "--help")
	lines := strings.Split(w.out.String(), "\n")
	screen := strings.Join(lines[:24], "\n")
	for _, want := range []string{"dpsdiag probe: register a device", "Usage:", "--key-file FILE", "dpsdiag probe --preflight", "In short:", "--transport all", "--sandbox healthy", "Examples:"} {
		if !strings.Contains(screen, want) {
			t.Errorf("the first screen lacks %q:\n%s", want, screen)
		}
	}
	if i := strings.Index(w.out.String(), probeLong); i < len(screen) {
		t.Errorf("the explanation begins at %d", i)
	}
}
