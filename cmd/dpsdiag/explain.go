package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/report"
)

const explainLong = `explain says what an error code means, what causes it, what to do and whether
to try again. It knows HTTP statuses, the six-digit codes of DPS and IoT Hub,
MQTT and AMQP refusals, TLS errors, names and messages of the SDKs and of IoT
Edge, and the causes and warnings of dpsdiag (such as wrong-id-scope).

An argument that is the path of a file, or a pattern such as '*.log', is read as
a log; one that is a code, in any usual spelling, is looked up; quote it if it
has spaces. Codes, files and texts can be mixed. Without an argument explain
shows the nine codes that the service documents, and 403.

A text with spaces that is not a code is read as a log too, as is standard input
("-"). explain lists every known error in a log with its line, ranks the causes
of all of them, and says which step would decide between them.

Exit status: 0 if at least one of the codes is known (the others are listed on
standard error) or a text contains anything known; 1 if nothing is known, with
the nearest known codes; 2 if an input cannot be read.`

const explainExample = `  dpsdiag explain
  dpsdiag explain 429
  dpsdiag explain 401002 "CONNACK 5" amqp:unauthorized-access
  dpsdiag explain wrong-id-scope -o json
  dpsdiag explain 'HTTP request failed: [401 Unauthorized] {"errorCode":401002}'
  journalctl -u aziot-identityd | dpsdiag explain -
  dpsdiag explain 401002 agent.log --file '*.txt'
  dpsdiag explain --all --kind mqtt`

// shownNearest is how many known codes are shown for an unknown one.
const shownNearest = 5

type explainOptions struct {
	all   bool
	kind  string
	files []string

	verbose bool
}

func newExplainCmd(a *app) *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:     "explain [CODE...|FILE...|TEXT|-]",
		Short:   "what an error code means and what to do",
		Long:    explainLong,
		Example: explainExample,
		RunE:    func(cmd *cobra.Command, args []string) error { return runExplain(cmd.Context(), a, o, args) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return explainCompletions(), cobra.ShellCompDirectiveDefault
		},
	}
	flags := pflag.NewFlagSet("explain", pflag.ContinueOnError)
	flags.BoolVar(&o.all, "all", false, "list every known code, with the id that explains it")
	flags.StringArrayVar(&o.files, "file", nil, "read the log `FILE`, or the files of a pattern; may be given several times")
	flags.StringVar(&o.kind, "kind", "", "only codes of this `KIND`: "+strings.Join(kindNames(), ", ")+"; without a code, list them")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "show everything: all causes, remedies and sources, and of a text every error with the words that show it")
	a.addFlags(cmd, flagGroup{"Flags", flags})
	complete(cmd, "kind", kindNames)
	return cmd
}

func runExplain(ctx context.Context, a *app, o explainOptions, args []string) error {
	if err := o.validate(args); err != nil {
		return err
	}
	arguments := classify(args, findFiles)
	inputs, err := o.texts(a, arguments)
	if err != nil {
		return err
	}
	codesGiven := slices.DeleteFunc(arguments, func(arg argument) bool { return arg.isText() })
	if len(inputs) > 0 {
		return o.explainTexts(ctx, a, inputs, codesGiven)
	}
	answers := o.answers(codesGiven)
	err = o.writeExplained(a, o.document(answers), answers)
	if whole := unquoted(args, answers); whole != "" {
		tell(a.stderr, "hint: quote a code that has spaces: dpsdiag explain %q", whole)
	}
	return err
}

// unquoted returns the arguments as one code, if they are one together and some of them are unknown
// alone; "" otherwise.
func unquoted(args []string, answers []report.Answer) string {
	unknown := func(answer report.Answer) bool { _, ok := answer.(*report.UnknownAnswer); return ok }
	whole := strings.Join(args, " ")
	if len(args) < 2 || !slices.ContainsFunc(answers, unknown) || len(classifyWords(whole).entries) == 0 {
		return ""
	}
	return whole
}

// answers returns the answers about codes, causes and warnings.
func (o explainOptions) answers(arguments []argument) []report.Answer {
	answers := make([]report.Answer, 0, len(arguments))
	for _, arg := range arguments {
		answers = append(answers, o.answer(arg))
	}
	return answers
}

// writeExplained writes a document with the answers in it.
func (o explainOptions) writeExplained(a *app, doc report.Document, answers []report.Answer) error {
	if err := a.write(doc, o.textOptions(a)); err != nil {
		return err
	}
	nameUnknown(a.stderr, answers, doc.ExitStatus() == report.ExitOK)
	return exitWith(doc.ExitStatus())
}

func (o explainOptions) textOptions(a *app) report.Options {
	text := a.textOptions()
	text.Verbose = o.verbose
	return text
}

// nameUnknown reports which of several codes are unknown, for scripts that see exit status 0, and
// hints that a code may have been meant as a path.
func nameUnknown(stderr io.Writer, answers []report.Answer, others bool) {
	for _, answer := range answers {
		unknown, ok := answer.(*report.UnknownAnswer)
		if !ok {
			continue
		}
		if others {
			tell(stderr, "dpsdiag: not known: %s", unknown.Query)
		}
		if hint := pathHint(unknown.Query); hint != "" {
			tell(stderr, "hint: %s", hint)
		}
	}
}

func (o explainOptions) validate(args []string) error {
	if o.kind != "" && !slices.Contains(kindNames(), o.kind) {
		hint := didYouMean("%s", o.kind, kindNames(), "the kinds are "+strings.Join(kindNames(), ", "))
		return usagef(hint, "--kind: %q is not a kind of code", o.kind)
	}
	if o.all && len(args) > 0 {
		return usagef("leave out --all or the codes", "--all lists every code and takes none")
	}
	for _, arg := range args {
		if strings.TrimSpace(arg) == "" {
			return usagef(`give a code such as 429, or none for the common ones`, "one of the codes is empty")
		}
	}
	return nil
}

func (o explainOptions) document(answers []report.Answer) report.Document {
	switch {
	case len(answers) > 0:
		return report.NewAnswers(answers)
	case o.all || o.kind != "":
		return report.NewCatalogue(o.filter(slices.Collect(codes.All())))
	}
	return report.NewCommon(codes.Common())
}

// answer returns the answer about a code, a cause or a warning; with --kind all are codes.
func (o explainOptions) answer(arg argument) report.Answer {
	switch {
	case o.kind != "":
	case arg.cause != nil:
		return &report.CauseAnswer{Definition: arg.cause}
	case arg.notice != nil:
		return &report.NoticeAnswer{Notice: arg.notice}
	}
	if entries := o.filter(arg.entries); len(entries) > 0 {
		return &report.CodeAnswer{Entries: entries}
	}
	class, _ := arg.query.Class()
	return &report.UnknownAnswer{Query: hideKeys(arg.text), Class: class, Nearest: arg.query.Nearest(shownNearest)}
}

// filter keeps the entries of the kind that was asked for.
func (o explainOptions) filter(entries []*codes.Entry) []*codes.Entry {
	if o.kind == "" {
		return entries
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e *codes.Entry) bool { return string(e.Kind) != o.kind })
}

func kindNames() []string {
	var names []string
	for _, k := range codes.Kinds() {
		names = append(names, string(k))
	}
	return names
}

// explainCompletions are the codes that are one plain word, each once, the causes and the
// warnings.
func explainCompletions() []cobra.Completion {
	var list []cobra.Completion
	offered := map[string]bool{}
	for e := range codes.All() {
		if !offered[e.Code] && !strings.ContainsAny(e.Code, " \t\n:'\"$") {
			offered[e.Code] = true
			list = append(list, cobra.CompletionWithDesc(e.Code, e.Name))
		}
	}
	for _, r := range cause.Definitions() {
		list = append(list, cobra.CompletionWithDesc(r.ID.String(), r.Title))
	}
	for _, n := range cause.Notices() {
		list = append(list, cobra.CompletionWithDesc(string(n.Name), n.Title))
	}
	return list
}
