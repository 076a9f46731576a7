package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dpsdiag/internal/report"
)

// formatsOf lists the output formats that make sense for what a command writes.
func formatsOf(cmd *cobra.Command) []report.Format {
	switch cmd.Name() {
	case "probe":
		return report.FormatsFor(&report.Probe{})
	case "explain":
		return report.FormatsFor(&report.Answers{})
	}
	return report.FormatsFor(&report.Version{})
}

// formatNames are the names of formats.
func formatNames(formats []report.Format) []string {
	names := make([]string, 0, len(formats))
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}

// checkFormat refuses an output format that does not exist, and one that the command
// cannot write, before anything is done.
func (a *app) checkFormat(cmd *cobra.Command) error {
	names := formatNames(formatsOf(cmd))
	if slices.Contains(names, a.global.format) {
		return nil
	}
	hint := fmt.Sprintf("the formats of %s are %s", cmd.Name(), strings.Join(names, ", "))
	if _, exists := report.FormatNamed(a.global.format); exists {
		return usagef(hint, "-o: %s cannot be written as %s", cmd.Name(), a.global.format)
	}
	return usagef(hint, "-o: %q is not an output format", report.Clean(a.global.format))
}

// formatHelp tells which formats there are: those of every command, and those that only
// explain or probe have.
func formatHelp() string {
	all := formatNames(report.FormatsFor(&report.Version{}))
	more := func(doc report.Document, known []string) []string {
		return slices.DeleteFunc(formatNames(report.FormatsFor(doc)), func(name string) bool { return slices.Contains(known, name) })
	}
	explain := more(&report.Answers{}, all)
	probe := more(&report.Probe{}, append(slices.Clone(all), explain...))
	return fmt.Sprintf("output `FORMAT`: %s; of explain and probe also %s; of probe also %s",
		strings.Join(all, ", "), strings.Join(explain, ", "), strings.Join(probe, ", "))
}

// completeFormats offers the formats of the command that is typed.
func completeFormats(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return formatNames(formatsOf(cmd)), cobra.ShellCompDirectiveNoFileComp
}
