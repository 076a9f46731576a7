package main

import (
	"time"

	"github.com/spf13/pflag"

	"dpsdiag/internal/duration"
)

// durationFlag is the value of a flag that takes a duration, days among them.
type durationFlag time.Duration

// addDuration adds a flag for a duration.
func addDuration(flags *pflag.FlagSet, to *time.Duration, name string, value time.Duration, usage string) {
	*to = value
	flags.Var((*durationFlag)(to), name, usage)
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
