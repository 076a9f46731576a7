package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/duration"
)

// flagGroup is a block of flags in a command's help.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// addFlags gives a command its flags, and help that shows them in their groups.
func (a *app) addFlags(cmd *cobra.Command, groups ...flagGroup) {
	for _, g := range groups {
		g.flags.SortFlags = false
		cmd.Flags().AddFlagSet(g.flags)
	}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { a.help(cmd, groups) })
}

// globalFlagsOf are the flags of every command that a command reads: -o is for those that write a
// document.
func globalFlagsOf(cmd *cobra.Command) *pflag.FlagSet {
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "output" || len(formatsOf(cmd.Name())) > 0 {
			flags.AddFlag(f)
		}
	})
	return flags
}

// noEmptyValue refuses flags with an empty value, which most often comes from a shell
// variable that is not set. A command that ignored such a flag would do something else than
// was meant.
func noEmptyValue(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" && err == nil {
			err = usagef("is a shell variable empty?", "--%s: the value is empty", f.Name)
		}
	})
	return err
}

// listFlag is the value of a flag that takes several values, separated by commas or each
// with the flag repeated. The first use replaces the default.
type listFlag struct {
	values []string
	given  bool
}

// String implements pflag.Value.
func (l *listFlag) String() string { return strings.Join(l.values, ",") }

// Set implements pflag.Value.
func (l *listFlag) Set(text string) error {
	if !l.given {
		l.values, l.given = nil, true
	}
	l.values = append(l.values, strings.Split(text, ",")...)
	return nil
}

// Type implements pflag.Value. A list looks like a text in help.
func (*listFlag) Type() string { return "string" }

// durationFlag is the value of a flag that takes a duration, such as 90s or 30d.
type durationFlag time.Duration

// addDuration adds a flag for a duration.
func addDuration(flags *pflag.FlagSet, to *time.Duration, name string, value time.Duration, usage string) {
	*to = value
	flags.Var((*durationFlag)(to), name, usage)
	if value == 0 {
		flags.Lookup(name).DefValue = "" // no default, for the help
	}
}

// String implements pflag.Value.
func (d *durationFlag) String() string { return duration.Notation(time.Duration(*d)) }

// Set implements pflag.Value.
func (d *durationFlag) Set(text string) error {
	value, err := duration.Parse(text)
	if err != nil {
		return err
	}
	*d = durationFlag(value)
	return nil
}

// Type implements pflag.Value.
func (*durationFlag) Type() string { return "duration" }
