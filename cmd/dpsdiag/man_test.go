package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestManualHasEveryCommandAndFlag(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld()
	w.lookupEnv = func(name string) (string, bool) { return "1795339800", name == "SOURCE_DATE_EPOCH" }
	if got := w.run(t, "man", dir); got != 0 {
		t.Fatalf("exit status %d: %s", got, w.err.String())
	}
	for name, cmd := range commands() {
		if !cmd.IsAvailableCommand() || name == "help" {
			continue
		}
		page, err := os.ReadFile(filepath.Join(dir, manName(cmd)+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.HasPrefix(string(page), `.TH "`+strings.ToUpper(manName(cmd))+`" 1 "2026-11-22" "dpsdiag"`) {
			t.Errorf("%s begins with %.60q", manName(cmd), page)
		}
		for _, f := range flagNames(cmd) {
			if !strings.Contains(string(page), `\fB`+roff("--"+f)+`\fR`) {
				t.Errorf("%s lacks --%s", manName(cmd), f)
			}
		}
	}
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	for _, flags := range []*pflag.FlagSet{cmd.NonInheritedFlags(), globalFlagsOf(cmd)} {
		flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	}
	return names
}

// TestManualSynopsis: every form of a command has its line, what is typed in bold and what
// stands for something else in italics.
func TestManualSynopsis(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":        `\fBdpsdiag\fR \fICOMMAND\fR [\fIOPTIONS\fR]`,
		"explain": `\fBdpsdiag\fR \fBexplain\fR [\fICODE\fR...|\fIFILE\fR...|\fITEXT\fR|\fB\-\fR] [\fIOPTIONS\fR]`,
		"probe":   `\fBdpsdiag\fR \fBprobe\fR \fB\-\-id\-scope\fR \fIID\fR \fB\-\-registration\-id\fR \fIID\fR \fB\-\-key\-file\fR \fIFILE\fR [\fIOPTIONS\fR]` + "\n.br\n",
	} {
		page := manPage(commands()[name], "")
		if _, synopsis, _ := strings.Cut(page, ".SH SYNOPSIS\n"); !strings.HasPrefix(synopsis, want) {
			t.Errorf("%s: the synopsis begins with %.200s", name, synopsis)
		}
	}
}

func TestManualNeedsADateAndAFolder(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		epoch string
		args  []string
		want  string
	}{
		"no folder": {"", []string{"man"}, "dpsdiag: man needs one folder; 0 given\nhint: name a folder that exists\n"},
		"a folder that does not exist": {
			"",
			[]string{"man", filepath.Join(t.TempDir(), "none")},
			"dpsdiag: man: no such file or directory\nhint: name a folder that exists\n",
		},
		"a date that is none": {
			"today",
			[]string{"man", t.TempDir()},
			"dpsdiag: SOURCE_DATE_EPOCH: \"today\" is not a number\nhint: it is the number of seconds since 1970\n",
		},
	} {
		w := newWorld()
		w.lookupEnv = func(variable string) (string, bool) {
			return test.epoch, variable == "SOURCE_DATE_EPOCH" && test.epoch != ""
		}
		if got := w.run(t, test.args...); got != 2 || w.err.String() != test.want {
			t.Errorf("%s: exit status %d, %q", name, got, w.err.String())
		}
	}
}

func TestRoff(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain":            "plain",
		"--flag":           `\-\-flag`,
		`a\b`:              `a\eb`,
		".TH\n'so file":    "\\&.TH\n\\&'so file",
		"middle . and ' x": "middle . and ' x",
	} {
		if got := roff(text); got != want {
			t.Errorf("roff(%q) = %q, want %q", text, got, want)
		}
	}
}
