package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dpsdiag/internal/report"
)

// writer is a command and the document that it writes.
type writer struct {
	command string
	doc     report.Document
}

// writers are the commands that write a document, in the order of the alphabet. If a command writes
// several types of documents, the one with the most formats is here, and fitsOutputs refuses those
// that do not fit another one. What reads a document and draws it again (report) writes them all.
func writers() []writer {
	return []writer{
		{"derive-key", &report.DerivedKey{}},
		{"diff", &report.Diff{}},
		{"dpsdiag", &report.Version{}}, // with --version
		{"emulate", &report.Scenarios{}},
		{"explain", &report.Answers{}},
		{"fleet", &report.Fleet{}},
		{"inspect", &report.Inspection{}},
		{"kql", &report.Queries{}},
		{"logs", &report.ResourceLogs{}},
		{"plan", &report.Plan{}},
		{"probe", &report.Probe{}},
		{"report", &report.Probe{}},
		{"version", &report.Version{}},
	}
}

// formatsOf lists the output formats that make sense for what a command writes; none if it writes no
// document.
func formatsOf(command string) []report.Format {
	for _, w := range writers() {
		if w.command == command {
			return slices.DeleteFunc(report.Formats(), func(f report.Format) bool { return !w.writes(f) })
		}
	}
	return nil
}

// writes reports whether a format makes sense for what the command writes.
func (w writer) writes(f report.Format) bool {
	return f.Fits(w.doc) && (!f.FileOnly || w.command != "report")
}

// formatNames are the names of formats.
func formatNames(formats []report.Format) []string {
	names := make([]string, 0, len(formats))
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}

// formatHelp lists the formats: those of every command, and those of some commands only.
func formatHelp() string {
	var of []string
	all := writers()
	names := map[string][]string{} // of the formats that the same commands have
	for _, f := range report.Formats() {
		name, commands := f.Name, commandsWith(all, f)
		if f.FileOnly {
			name += "=FILE"
		}
		if len(names[commands]) == 0 {
			of = append(of, commands)
		}
		names[commands] = append(names[commands], name)
	}
	var b strings.Builder
	for i, commands := range of {
		list := strings.Join(names[commands], ", ")
		if i == 0 { // every command
			b.WriteString(list)
			continue
		}
		fmt.Fprintf(&b, "; for %s also %s", commands, list)
	}
	return fmt.Sprintf("output `FORMAT`: %s. FORMAT=FILE writes to a file. May be repeated, at most once without a file (default %s)", b.String(), report.Formats()[0].Name)
}

// commandsWith names the commands that write a format, as in "fleet, probe and report".
func commandsWith(all []writer, format report.Format) string {
	var names []string
	for _, w := range all {
		if w.writes(format) {
			names = append(names, w.command)
		}
	}
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// completeFormats offers the formats of the command that is typed, and then the files that
// there are.
func completeFormats(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(typed, "=") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return formatNames(formatsOf(cmd.Name())), cobra.ShellCompDirectiveNoFileComp
}
