package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/plan"
	"dpsdiag/internal/report"
)

const planLong = `plan simulates what many devices do to the documented limits of the service
before they do it: when the last one is assigned, how many calls are refused
with 429, how many devices wait, and over how long they have to be spread so
that none is refused. It sends nothing.

The devices begin all at once, or at random times within --over (with --spread
even at equal intervals, as dpsdiag fleet does). Each registers and polls until
it is assigned. An instance accepts --per-minute register calls in any minute
and 5 polls of each device in any 10 seconds. It tells a refused device in
Retry-After how long to wait until another call is accepted.

The same --seed gives the same answer.`

const planExample = `  dpsdiag plan --devices 10000 --at-once
  dpsdiag plan --devices 10000 --over 30m
  dpsdiag plan --devices 200000 --over 2h --retry fixed --retry-after off -o html=plan.html
  dpsdiag plan --devices 10000 --over 20m --spread even --instances 2`

// planOptions are the flags of plan.
type planOptions struct {
	question   plan.Question
	atOnce     bool
	spread     string
	retry      string
	retryAfter string
}

// The values of --retry-after.
const (
	switchOn  = "on"
	switchOff = "off"
)

func newPlanCmd(a *app) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:     "plan",
		Short:   "simulate what many devices do to the limits of the service",
		Long:    planLong,
		Example: planExample,
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runPlan(a, &o, cmd.Flags()) },
	}
	a.addFlags(cmd, flagGroup{"The devices", o.deviceFlags()}, flagGroup{"The service", o.serviceFlags()})
	complete(cmd, "spread", func() []cobra.Completion { return []cobra.Completion{report.SpreadRandom, report.SpreadEven} })
	complete(cmd, "retry", func() []cobra.Completion { return retryNames() })
	complete(cmd, "retry-after", func() []cobra.Completion { return []cobra.Completion{switchOn, switchOff} })
	return cmd
}

func (o *planOptions) deviceFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("devices", pflag.ContinueOnError)
	flags.IntVar(&o.question.Devices, "devices", 0, "`NUMBER` of devices")
	addDuration(flags, &o.question.Over, "over", 0, "`DURATION` within which they begin")
	flags.BoolVar(&o.atOnce, "at-once", false, "all devices begin at once, as after a power failure")
	flags.StringVar(&o.spread, "spread", report.SpreadRandom, "`HOW` they begin within --over: "+report.SpreadRandom+" or "+report.SpreadEven)
	flags.IntVar(&o.question.Polls, "polls", plan.DefaultPolls, "`NUMBER` of polls until a device is assigned, at equal intervals within --assign-time")
	addDuration(flags, &o.question.AssignTime, "assign-time", plan.DefaultAssignTime, "`DURATION` from the accepted register call to the assignment")
	flags.StringVar(&o.retry, "retry", string(plan.RetryBackoffJitter), "`WAY` in which a refused device tries again: "+strings.Join(retryNames(), ", "))
	flags.StringVar(&o.retryAfter, "retry-after", switchOn, "whether the devices wait as long as Retry-After says: `"+switchOn+"|"+switchOff+"`")
	flags.Uint64Var(&o.question.Seed, "seed", 1, "`NUMBER` that determines the random times")
	return flags
}

func (o *planOptions) serviceFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("service", pflag.ContinueOnError)
	flags.IntVar(&o.question.PerMinute, "per-minute", plan.DefaultPerMinute, "`NUMBER` of register calls that an instance accepts in a minute")
	flags.IntVar(&o.question.Instances, "instances", 1, "`NUMBER` of instances that the devices are divided among")
	return flags
}

func retryNames() []string {
	var names []string
	for _, r := range plan.Retries() {
		names = append(names, string(r))
	}
	return names
}

// slowPlan is how long a simulation may take before standard error says that it runs.
const slowPlan = time.Second

func runPlan(a *app, o *planOptions, flags *pflag.FlagSet) error {
	if err := o.check(flags); err != nil {
		return err
	}
	q := o.question
	q.Even, q.Retry, q.IgnoreRetryAfter = o.spread == report.SpreadEven, plan.Retry(o.retry), o.retryAfter == switchOff
	if err := q.Check(); err != nil {
		return usagef("ask for fewer devices, or for a shorter time", "%v", err)
	}
	defer a.sayIfSlow(slowPlan, "simulating %d devices", q.Devices)()
	answer := plan.Simulate(q)
	var smallest *time.Duration
	if spread, ok := plan.SmallestSpread(q); ok {
		smallest = &spread
	}
	doc := report.NewPlan(q, &answer, smallest, report.Tool{Version: buildVersion().Version})
	return a.write(doc, a.textOptions())
}

// check checks what can be checked from the flags alone.
func (o *planOptions) check(flags *pflag.FlagSet) error {
	if err := noEmptyValue(flags); err != nil {
		return err
	}
	switch {
	case !flags.Changed("devices"):
		return usagef("such as --devices 10000 --over 1h", "--devices is missing")
	case flags.Changed("over") && o.atOnce:
		return usagef("leave one of them out", "--over and --at-once exclude each other")
	case !flags.Changed("over") && !o.atOnce:
		return usagef("give --over DURATION or --at-once", "--over or --at-once is missing")
	case o.spread != report.SpreadRandom && o.spread != report.SpreadEven:
		return usagef("it can be "+report.SpreadRandom+" or "+report.SpreadEven, "--spread: %q is not possible", o.spread)
	case !slices.Contains(retryNames(), o.retry):
		return usagef("it can be "+strings.Join(retryNames(), ", "), "--retry: %q is not possible", o.retry)
	case o.retryAfter != switchOn && o.retryAfter != switchOff:
		return usagef("it can be "+switchOn+" or "+switchOff, "--retry-after: %q is not possible", o.retryAfter)
	}
	return o.checkNumbers()
}

// The largest numbers that plan takes.
const (
	maxInstances  = 100
	maxPerMinute  = 1_000_000
	maxPlanPolls  = 1000
	maxPlanPeriod = 366 * 24 * time.Hour
)

func (o *planOptions) checkNumbers() error {
	for _, n := range []struct {
		flag        string
		value, most int
	}{
		{"--devices", o.question.Devices, plan.MaxDevices},
		{"--instances", o.question.Instances, maxInstances},
		{"--per-minute", o.question.PerMinute, maxPerMinute},
		{"--polls", o.question.Polls, maxPlanPolls},
	} {
		if n.value < 1 || n.value > n.most {
			return usagef(fmt.Sprintf("give a number from 1 to %d", n.most), "%s: %d is not possible", n.flag, n.value)
		}
	}
	for _, d := range []struct {
		flag        string
		value, most time.Duration
	}{{"--over", o.question.Over, maxPlanPeriod}, {"--assign-time", o.question.AssignTime, time.Hour}} {
		if d.value < 0 || d.value > d.most || d.value == 0 && (d.flag != "--over" || !o.atOnce) {
			return usagef("give a duration such as 30s or 2h", "%s: %s is not possible", d.flag, (*durationFlag)(&d.value))
		}
	}
	return nil
}
