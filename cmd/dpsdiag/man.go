package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/atomicfile"
)

const manLong = `man writes the manual page of every command into a folder that exists, as files
for man(1). Their date is that of SOURCE_DATE_EPOCH, or else that of the source
which the program was built from.`

const manExample = `  dpsdiag man /usr/local/share/man/man1`

// newManCmd is hidden: packages need it, people do not.
func newManCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "man DIR",
		Short:   "write the manual pages",
		Long:    manLong,
		Example: manExample,
		Hidden:  true,

		ValidArgsFunction: completeFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("name a folder that exists", "man needs one folder; %d given", len(args))
			}
			return a.writeMan(cmd.Root(), args[0])
		},
	}
	a.addFlags(cmd)
	return cmd
}

// writeMan writes the pages of a command and of all below it.
func (a *app) writeMan(cmd *cobra.Command, dir string) error {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			if err := a.writeMan(c, dir); err != nil {
				return err
			}
		}
	}
	date, err := a.manDate()
	if err != nil {
		return err
	}
	page := func(w io.Writer) error { _, err := io.WriteString(w, manPage(cmd, date)); return err }
	if err := atomicfile.Write(a.disk, filepath.Join(dir, manName(cmd)+".1"), 0o644, page); err != nil {
		return usagef("name a folder that exists", "man: %s", reason(err))
	}
	return nil
}

// manDate is the day of SOURCE_DATE_EPOCH (reproducible-builds.org: source-date-epoch) or
// of the source that the program was built from, "" if neither is known.
func (a *app) manDate() (string, error) {
	const variable = "SOURCE_DATE_EPOCH"
	if text := a.getenv(variable); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return "", usagef("it is the number of seconds since 1970", "%s: %q is not a number", variable, text)
		}
		return time.Unix(seconds, 0).UTC().Format(time.DateOnly), nil
	}
	day, _, _ := strings.Cut(buildVersion().Time, "T")
	return day, nil
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is a page in the macros of man(7).
func manPage(cmd *cobra.Command, date string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %q 1 %q %q\n", strings.ToUpper(manName(cmd)), date, cmd.Root().Name())
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	b.WriteString(".SH SYNOPSIS\n")
	for i, form := range synopsis(cmd) {
		if i > 0 {
			b.WriteString(".br\n")
		}
		b.WriteString(manForm(form) + "\n")
	}
	b.WriteString(".SH DESCRIPTION\n")
	for paragraph := range strings.SplitSeq(cmd.Long, "\n\n") {
		manParagraph(&b, paragraph)
	}
	manOptions(&b, "OPTIONS", cmd.NonInheritedFlags())
	manOptions(&b, "GLOBAL OPTIONS", globalFlagsOf(cmd))
	if cmd.Name() == "probe" {
		b.WriteString(".SH ENVIRONMENT\n")
		for paragraph := range strings.SplitSeq(strings.TrimSuffix(environmentHelp(), "\n"), "\n\n") {
			manParagraph(&b, paragraph)
		}
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(cmd.Example))
	}
	manSeeAlso(&b, cmd)
	return b.String()
}

// manForm formats a form of a command for a man page: literal text in bold, placeholders in italics.
func manForm(form string) string {
	word := regexp.MustCompile(`[A-Za-z0-9-]+`)
	return word.ReplaceAllStringFunc(strings.ReplaceAll(form, "[flags]", "[OPTIONS]"), func(w string) string {
		font := `\fB`
		if w != "-" && w == strings.ToUpper(w) {
			font = `\fI`
		}
		return font + roff(w) + `\fR`
	})
}

// manParagraph keeps the lines of a paragraph that is a table, and fills any other.
func manParagraph(b *strings.Builder, paragraph string) {
	if strings.Contains(paragraph, "\n  ") {
		fmt.Fprintf(b, ".PP\n.nf\n%s\n.fi\n", roff(paragraph))
		return
	}
	fmt.Fprintf(b, ".PP\n%s\n", roff(paragraph))
}

func manOptions(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		name, usage := pflag.UnquoteUsage(f)
		b.WriteString(".TP\n")
		if f.Shorthand != "" {
			fmt.Fprintf(b, "\\fB\\-%s\\fR, ", f.Shorthand)
		}
		fmt.Fprintf(b, "\\fB%s\\fR", roff("--"+f.Name))
		if name != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(name))
		}
		fmt.Fprintf(b, "\n%s%s\n", roff(usage), roff(manDefault(f)))
	})
}

// manDefault returns the default of a flag as the manual shows it, "" for a zero value.
func manDefault(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "[]", "0", "false":
		return ""
	}
	return fmt.Sprintf(" (default %s)", f.DefValue)
}

func manSeeAlso(b *strings.Builder, cmd *cobra.Command) {
	var names []string
	for _, c := range cmp.Or(cmd.Parent(), cmd).Commands() {
		if c.IsAvailableCommand() && c != cmd {
			names = append(names, fmt.Sprintf("\\fB%s\\fR(1)", roff(manName(c))))
		}
	}
	if cmd.HasParent() {
		names = append([]string{fmt.Sprintf("\\fB%s\\fR(1)", roff(cmd.Root().Name()))}, names...)
	}
	fmt.Fprintf(b, ".SH SEE ALSO\n%s\n", strings.Join(names, ", "))
}

// roff escapes text for troff, so that it is printed as it is and no line of it is a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
