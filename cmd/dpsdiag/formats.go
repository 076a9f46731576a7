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
	case "fleet":
		return report.FormatsFor(&report.Fleet{})
	case "plan":
		return report.FormatsFor(&report.Plan{})
	case "explain":
		return report.FormatsFor(&report.Answers{})
	case "logs":
		return report.FormatsFor(&report.ResourceLogs{})
	case "report":
		return slices.DeleteFunc(report.FormatsFor(&report.Probe{}), func(f report.Format) bool { return f.FileOnly })
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

// formatHelp lists the formats: those of every command, and those of some commands only.
func formatHelp() string {
	var all, explain, fleet, drawn, probe []string
	for _, f := range report.Formats() {
		switch {
		case f.Fits(&report.Version{}):
			all = append(all, f.Name)
		case f.Fits(&report.Answers{}):
			explain = append(explain, f.Name)
		case f.Fits(&report.Fleet{}):
			fleet = append(fleet, f.Name)
		case !f.FileOnly:
			drawn = append(drawn, f.Name)
		default:
			probe = append(probe, f.Name+"=FILE")
		}
	}
	return fmt.Sprintf("output `FORMAT`: %s; for explain, fleet, logs, plan, probe and report also %s; for fleet, probe and report also %s; for probe and report also %s; for probe also %s. FORMAT=FILE writes to a file. May be repeated, at most once without a file (default %s)",
		strings.Join(all, ", "), strings.Join(explain, ", "), strings.Join(fleet, ", "), strings.Join(drawn, ", "), strings.Join(probe, ", "), report.Formats()[0].Name)
}

// completeFormats offers the formats of the command that is typed, and then the files that
// there are.
func completeFormats(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(typed, "=") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return formatNames(formatsOf(cmd)), cobra.ShellCompDirectiveNoFileComp
}
