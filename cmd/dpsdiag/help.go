package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"dpsdiag/internal/report"
)

// help writes what there is to know of a command, no wider than the terminal.
func (a *app) help(cmd *cobra.Command, groups []flagGroup) {
	width, terminal := a.terminal(a.stdout)
	if !terminal {
		width = report.DefaultWidth
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage:\n  %s\n", cmd.Long, cmd.UseLine())
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-11s %s\n", c.Name(), c.Short)
			}
		}
	}
	global := cmd.Root().PersistentFlags()
	for _, g := range append(groups, flagGroup{"Global flags", global}) {
		fmt.Fprintf(&b, "\n%s:\n%s", g.title, g.flags.FlagUsagesWrapped(min(width, report.MaxWidth)))
	}
	_, _ = io.WriteString(a.stdout, b.String()) // cobra's help cannot fail
}

func newHelpCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "help for a command",
		Long:  "help shows what a command does and which flags it takes.",
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, _, err := cmd.Root().Find(args)
		if err != nil {
			return unknownCommand(cmd.Root(), quotedIn(err, args))
		}
		return found.Help()
	}
	return cmd
}
