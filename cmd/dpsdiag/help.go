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
	long := "\n" + cmd.Long + "\n"
	short := cmd.Annotations[shortHelp]
	if short == "" {
		b.WriteString(long[1:])
	} else {
		fmt.Fprintf(&b, "%s: %s\n", cmd.CommandPath(), cmd.Short)
	}
	b.WriteString("\nUsage:\n")
	for _, form := range synopsis(cmd) {
		fmt.Fprintf(&b, "  %s\n", form)
	}
	if short != "" {
		fmt.Fprintf(&b, "\nIn short:\n%s\n", short)
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if short != "" {
		b.WriteString(long)
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-11s %s\n", c.Name(), c.Short)
			}
		}
	}
	for _, g := range append(groups, flagGroup{"Global flags", globalFlagsOf(cmd)}) {
		fmt.Fprintf(&b, "\n%s:\n%s", g.title, g.flags.FlagUsagesWrapped(min(width, report.MaxWidth)))
	}
	_, a.helpUnwritten = io.WriteString(a.stdout, b.String())
}

// Annotations of a command: shortHelp is what its help begins with; the long text then comes below.
// forms are its forms, one a line, if the usual one does not show them.
const (
	shortHelp = "short"
	forms     = "forms"
)

// synopsis are the forms in which a command is called.
func synopsis(cmd *cobra.Command) []string {
	if own := cmd.Annotations[forms]; own != "" {
		return strings.Split(own, "\n")
	}
	if cmd.HasAvailableSubCommands() {
		return []string{cmd.CommandPath() + " COMMAND [flags]"}
	}
	return []string{cmd.UseLine()}
}

func newHelpCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "help [COMMAND|" + environmentTopic + "]",
		Short: "help for a command",
		Long:  "help shows what a command does and which flags it takes, or the environment\nvariables that are read.",
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			list := []cobra.Completion{cobra.CompletionWithDesc(environmentTopic, "the environment variables that are read")}
			for _, c := range cmd.Root().Commands() {
				if c.IsAvailableCommand() {
					list = append(list, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return list, cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && args[0] == environmentTopic {
			_, err := io.WriteString(a.stdout, environmentHelp())
			return err
		}
		found, _, err := cmd.Root().Find(args)
		if err != nil {
			return unknownCommand(cmd.Root(), quotedIn(err, args))
		}
		return found.Help()
	}
	a.addFlags(cmd)
	return cmd
}
