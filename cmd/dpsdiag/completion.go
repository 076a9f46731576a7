package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const completionLong = `completion writes a script that lets a shell complete commands, flags,
scenarios, codes and causes with the Tab key.`

const completionExample = `  dpsdiag completion bash > /etc/bash_completion.d/dpsdiag
  dpsdiag completion zsh > "${fpath[1]}/_dpsdiag"
  dpsdiag completion fish > ~/.config/fish/completions/dpsdiag.fish
  dpsdiag completion powershell | Out-String | Invoke-Expression`

// shell is a shell for which completion can be written.
type shell struct {
	name  string
	write func(root *cobra.Command, a *app) error
}

func shells() []shell {
	return []shell{
		{"bash", func(_ *cobra.Command, a *app) error {
			_, err := io.WriteString(a.stdout, bashCompletion)
			return err
		}},
		{"zsh", func(root *cobra.Command, a *app) error { return root.GenZshCompletion(a.stdout) }},
		{"fish", func(root *cobra.Command, a *app) error { return root.GenFishCompletion(a.stdout, true) }},
		{"powershell", func(root *cobra.Command, a *app) error { return root.GenPowerShellCompletionWithDesc(a.stdout) }},
	}
}

func newCompletionCmd(a *app) *cobra.Command {
	var names []string
	for _, s := range shells() {
		names = append(names, s.name)
	}
	choices := strings.Join(names, ", ")
	cmd := &cobra.Command{
		Use:       "completion SHELL",
		Short:     "completion script for a shell",
		Long:      completionLong,
		Example:   completionExample,
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("the shells are "+choices, "completion needs the name of one shell; %d given", len(args))
			}
			for _, s := range shells() {
				if s.name == args[0] {
					return s.write(cmd.Root(), a)
				}
			}
			return usagef("the shells are "+choices, "completion: %q is not a shell known here", args[0])
		},
	}
	a.addFlags(cmd)
	return cmd
}

// prepareCompletion prepares a command and its subcommands for completion in a shell. It removes the
// back quotes from the descriptions of flags, and offers files only if a file is expected.
func prepareCompletion(cmd *cobra.Command) {
	if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	plain := func(f *pflag.Flag) {
		var value string
		value, f.Usage = pflag.UnquoteUsage(f)
		if _, offered := cmd.GetFlagCompletionFunc(f.Name); !offered && f.NoOptDefVal == "" {
			completeWith(cmd, f.Name, completeValue(value))
		}
	}
	cmd.LocalFlags().VisitAll(plain)
	for _, c := range cmd.Commands() {
		prepareCompletion(c)
	}
}

// completeValue offers what a flag takes, by the name that its help has for the value.
func completeValue(name string) cobra.CompletionFunc {
	switch name {
	case "FILE", "PATH":
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	case "DIR":
		return completeFolder
	}
	return cobra.NoFileCompletions
}

// completeFolder offers folders.
func completeFolder(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}
