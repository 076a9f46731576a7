package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/kql"
	"dpsdiag/internal/report"
	"dpsdiag/internal/spelling"
)

const kqlLong = `kql prints a query for the Logs page of a Log Analytics workspace (KQL): the
questions that dpsdiag logs answers for files, for logs that outgrow one
machine. Nothing is sent.

A TOPIC is one of those that --list shows. With an HTTP status, a six-digit code
or a cause, the query finds the devices that were refused so: 429, 401002,
enrollment-not-found. Those named alert-* are for log alert rules.

The queries read AzureDiagnostics, where a diagnostic setting of the DPS
instance sends the categories DeviceOperations and ServiceOperations.

Exit status: 0 if a query was printed; 2 if there is none for it.`

const kqlExample = `  dpsdiag kql --list
  dpsdiag kql devices
  dpsdiag kql failures --device sensor-17 --since 7d
  dpsdiag kql 401002 --instance mydps
  dpsdiag kql ca-not-verified
  dpsdiag kql alert-failing`

type kqlOptions struct {
	list     bool
	since    time.Duration
	device   string
	instance string
}

func newKQLCmd(a *app) *cobra.Command {
	var o kqlOptions
	cmd := &cobra.Command{
		Use:     "kql [TOPIC|CODE|CAUSE]",
		Short:   "queries for Log Analytics: who fails, since when, with what",
		Long:    kqlLong,
		Example: kqlExample,
		RunE:    func(cmd *cobra.Command, args []string) error { return runKQL(a, o, cmd.Flags(), args) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return kqlCompletions(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	flags := pflag.NewFlagSet("kql", pflag.ContinueOnError)
	flags.BoolVar(&o.list, "list", false, "list the topics; with -o json also their queries")
	addDuration(flags, &o.since, "since", 0, "look back this `DURATION`, such as 24h or 7d; each topic has its own default")
	flags.StringVar(&o.device, "device", "", "only the device with this registration `ID`")
	flags.StringVar(&o.instance, "instance", "", "only the DPS instance of this `NAME`")
	a.addFlags(cmd, flagGroup{"Flags", flags})
	return cmd
}

func runKQL(a *app, o kqlOptions, flags *pflag.FlagSet, args []string) error {
	if err := o.validate(flags); err != nil {
		return err
	}
	switch {
	case o.list && len(args) > 0:
		return usagef("leave out --list or the topic", "--list shows every topic and takes none")
	case o.list || len(args) == 0 && !o.narrowed(flags):
		return a.write(o.listed(), a.textOptions())
	case len(args) != 1:
		return usagef("dpsdiag kql --list shows the topics", "kql needs one topic, code or cause; %d given", len(args))
	}
	topic, err := kqlTopic(strings.TrimSpace(args[0]))
	if err != nil {
		return err
	}
	if o.device != "" && topic.NoDevice != "" {
		return usagef("leave out --device", "--device: %s: %s", topic.Name, topic.NoDevice)
	}
	return a.write(report.NewQueries(false, o.query(topic)), a.textOptions())
}

// narrowed reports whether a flag says what a query is to find.
func (*kqlOptions) narrowed(flags *pflag.FlagSet) bool {
	return flags.Changed("since") || flags.Changed("device") || flags.Changed("instance")
}

func (o *kqlOptions) validate(flags *pflag.FlagSet) error {
	if err := noEmptyValue(flags); err != nil {
		return err
	}
	if flags.Changed("since") && o.since <= 0 {
		return usagef("give how far to look back, such as 24h", "--since: must be more than nothing")
	}
	return nil
}

func (o *kqlOptions) query(t kql.Topic) report.KQLQuery {
	v := kql.Values{Since: o.since, Device: o.device, Instance: o.instance}
	if t.NoDevice != "" {
		v.Device = ""
	}
	return report.NewKQLQuery(t.Name, t.Title, t.Text(v))
}

func (o *kqlOptions) listed() *report.Queries {
	var list []report.KQLQuery
	for _, t := range kql.Topics() {
		list = append(list, o.query(t))
	}
	return report.NewQueries(true, list...)
}

// kqlTopic is the query that a word asks for.
func kqlTopic(word string) (kql.Topic, error) {
	if t, ok := kql.Named(word); ok {
		return t, nil
	}
	if code, err := strconv.Atoi(word); err == nil && isAnswerCode(code) {
		return kql.HitBy(code), nil
	}
	if def, ok := cause.Lookup(strings.ToLower(word)); ok {
		t, err := kql.HitByCause(def.ID)
		if errors.Is(err, kql.ErrNoRecord) {
			return t, usagef("dpsdiag kql alert-silence finds that no device arrives any more; dpsdiag explain "+def.ID.String()+" says how to make sure",
				"the service keeps no record of %s: a device with it does not reach the service, or fails after it", def.ID)
		}
		return t, err
	}
	entries := codes.Parse(word).Lookup()
	for _, e := range entries {
		if code, err := strconv.Atoi(e.Code); err == nil && isRecorded(e, code) {
			return kql.HitBy(code), nil
		}
	}
	if len(entries) > 0 {
		return kql.Topic{}, usagef("give one of these, a topic of dpsdiag kql --list or a cause", "%q is not a status or six-digit code of the service, which are all that it records", word)
	}
	return kql.Topic{}, usagef(didYouMean("dpsdiag kql %s", word, kqlWords(), nearestTopics(word)), "there is no query for %q", word)
}

// nearestTopics is the hint for a word that is like none: the topics that come closest to it.
func nearestTopics(word string) string {
	topics := kql.Topics()
	slices.SortStableFunc(topics, func(a, b kql.Topic) int {
		return cmp.Compare(spelling.Distance(word, a.Name), spelling.Distance(word, b.Name))
	})
	return fmt.Sprintf("the nearest topics are %s, %s and %s; dpsdiag kql --list shows all", topics[0].Name, topics[1].Name, topics[2].Name)
}

// isAnswerCode reports whether a number is the status or the code of a refusal.
func isAnswerCode(n int) bool { return n >= 400 && n <= 599 || n >= 400_000 && n <= 599_999 }

// isRecorded reports whether an entry of this number is a refusal that the service records.
func isRecorded(e *codes.Entry, code int) bool {
	return isAnswerCode(code) && (e.Kind == codes.KindDPS || e.Kind == codes.KindHTTP)
}

// kqlWords are what kql takes besides codes.
func kqlWords() []string {
	var words []string
	for _, t := range kql.Topics() {
		words = append(words, t.Name)
	}
	for _, id := range cause.All() {
		words = append(words, id.String())
	}
	return words
}

func kqlCompletions() []cobra.Completion {
	var list []cobra.Completion
	for _, t := range kql.Topics() {
		list = append(list, cobra.CompletionWithDesc(t.Name, t.Title))
	}
	for e := range codes.All() {
		if n, err := strconv.Atoi(e.Code); err == nil && isRecorded(e, n) && slices.Contains(e.AppliesTo, "device-api") {
			list = append(list, cobra.CompletionWithDesc(e.Code, fmt.Sprintf("devices refused with %s", e.Name)))
		}
	}
	for _, def := range cause.Definitions() {
		if _, err := kql.HitByCause(def.ID); err == nil {
			list = append(list, cobra.CompletionWithDesc(def.ID.String(), def.Title))
		}
	}
	return list
}
