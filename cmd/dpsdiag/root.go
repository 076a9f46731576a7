package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// run executes one command line and returns the exit status.
func run(ctx context.Context, a *app, args []string) int {
	root := newRootCmd(a) //nolint:contextcheck // cobra hands the context of ExecuteContext to the commands
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		prepareCompletion(root)
	}
	args = numbersLast(args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		if _, _, notFound := root.Find(args); notFound != nil {
			err = unknownCommand(root, quotedIn(notFound, args))
		}
	}
	err = cmp.Or(err, a.helpUnwritten)
	return conclude(a.stderr, err)
}

// numbersLast puts the negative numbers among the codes to explain after "--", since
// mbedTLS and others print their errors in this form (-0x2700) and no flag is a number.
func numbersLast(args []string) []string {
	if len(args) == 0 || args[0] != "explain" || slices.Contains(args, "--") {
		return args
	}
	negative := regexp.MustCompile(`^-(0[xX][0-9A-Fa-f]+|[0-9]+)$`)
	others := slices.DeleteFunc(slices.Clone(args), negative.MatchString)
	if len(others) == len(args) {
		return args
	}
	numbers := slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return !negative.MatchString(arg) })
	return slices.Concat(others, []string{"--"}, numbers)
}

const rootLong = `dpsdiag finds out why an IoT device does not provision through the Azure IoT Hub
Device Provisioning Service (DPS), and what to do next.

Exit status, the same for every output format:
  0    registered and nothing is wrong; explain: recognised
  1    a fault was found and is named; explain: nothing known in the input;
       diff: something differs; logs: a device fails
  2    wrong usage or unreadable input; nothing was sent
  3    no verdict: nothing could be concluded
  4    the service asked to come back later; nothing to fix on the device
  5    registered with warnings, and --fail-on warning was given
  130  interrupted; what was learned until then is printed`

const rootExample = `  dpsdiag explain 401002
  dpsdiag probe --sandbox healthy
  dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --key-file key.txt`

func newRootCmd(a *app) *cobra.Command {
	var version bool
	cmd := &cobra.Command{
		Use:               "dpsdiag",
		Short:             "find out why a device does not provision",
		Long:              rootLong,
		Example:           rootExample,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, args []string) error { return a.noCommand(cmd, args, version) },
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error { return a.check(cmd, args) },
	}
	cmd.SetIn(a.stdin)
	cmd.SetOut(a.stdout)
	cmd.SetErr(a.stderr)
	cmd.SetFlagErrorFunc(flagError)
	cmd.PersistentFlags().AddFlagSet(globalFlags(&a.global))
	own := pflag.NewFlagSet("dpsdiag", pflag.ContinueOnError)
	own.BoolVar(&version, "version", false, "the same as dpsdiag version")
	a.addFlags(cmd, flagGroup{"Flags", own})
	cmd.AddCommand(newExplainCmd(a), newProbeCmd(a), newInspectCmd(a), newFleetCmd(a), newLogsCmd(a), newKQLCmd(a), newPlanCmd(a), newReportCmd(a), newEmulateCmd(a), newDiffCmd(a), newDeriveKeyCmd(a))
	cmd.AddCommand(newVersionCmd(a), newCompletionCmd(a), newManCmd(a))
	cmd.SetHelpCommand(newHelpCmd(a))
	completeWith(cmd, "output", completeFormats)
	return cmd
}

// noCommand answers a command line without a command.
func (a *app) noCommand(cmd *cobra.Command, args []string, version bool) error {
	switch {
	case len(args) > 0:
		return unknownCommand(cmd, args[0])
	case version:
		return a.write(buildVersion(), a.textOptions())
	case len(a.global.output) > 0:
		return usagef("name a command, such as dpsdiag probe --sandbox healthy", "-o: there is nothing to write without a command")
	}
	return cmd.Help()
}

func globalFlags(o *globalOptions) *pflag.FlagSet {
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.StringArrayVarP(&o.output, "output", "o", nil, formatHelp())
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "no progress on standard error")
	flags.BoolVar(&o.noColor, "no-color", false, "no colour; the default is colour on a terminal unless NO_COLOR is set")
	flags.BoolVar(&o.ascii, "ascii", false, "ASCII marks; the default is Unicode in a UTF-8 locale")
	flags.BoolP("help", "h", false, "this help")
	return flags
}

// complete offers fixed values for a flag.
func complete(cmd *cobra.Command, flag string, values func() []cobra.Completion) {
	completeWith(cmd, flag, func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return values(), cobra.ShellCompDirectiveNoFileComp
	})
}

// completeWith gives a flag its completion. It panics when the command has no such flag,
// which any run of the program would show.
func completeWith(cmd *cobra.Command, flag string, offer cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, offer); err != nil {
		panic(err)
	}
}

// noArguments refuses words after a command that takes none. It does not quote them: a
// stray word may be a key whose flag was forgotten.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef(fmt.Sprintf("run %q for what it takes", cmd.CommandPath()+" --help"),
		"%s takes no arguments, only flags; %d given", cmd.Name(), len(args))
}
