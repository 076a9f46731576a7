package main

import (
	"strings"

	"github.com/spf13/cobra"
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
		{"bash", func(root *cobra.Command, a *app) error { return root.GenBashCompletionV2(a.stdout, true) }},
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
	return &cobra.Command{
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
}
