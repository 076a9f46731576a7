package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/likeness"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/report"
)

// textInput is a text to explain: what somebody pasted, standard input or a file.
type textInput struct {
	name string // in messages
	open func() (io.ReadCloser, error)
}

// texts returns the inputs that are texts.
func (o *explainOptions) texts(a *app, arguments []argument) ([]textInput, error) {
	var inputs []textInput
	stdinGiven := false
	for _, arg := range arguments {
		switch arg.kind {
		case fileArgument:
			inputs = append(inputs, fileInput("", arg.text))
		case textArgument:
			inputs = append(inputs, textInput{fmt.Sprintf("argument %d", arg.position), func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(arg.text)), nil }})
		case stdinArgument:
			if !stdinGiven {
				inputs = append(inputs, textInput{"standard input", a.openStdin})
			}
			stdinGiven = true
		case codeArgument, causeArgument, noticeArgument: // not read
		}
	}
	for _, pattern := range o.files {
		paths := findFiles(pattern)
		if len(paths) == 0 {
			paths = []string{pattern} // opening it tells what is wrong
		}
		for _, path := range paths {
			inputs = append(inputs, fileInput("--file: ", path))
		}
	}
	if len(inputs) > 0 && (o.all || o.kind != "") {
		return nil, usagef("leave out --all and --kind", "--all and --kind are for codes, not for texts")
	}
	return inputs, nil
}

// fileInput is a file to explain; source is as for openText.
func fileInput(source, path string) textInput {
	return textInput{path, func() (io.ReadCloser, error) { return openText(source, path) }}
}

// openStdin returns standard input. On a terminal it first says what it waits for.
func (a *app) openStdin() (io.ReadCloser, error) {
	if _, terminal := a.terminal(a.stdin); terminal {
		end := "Ctrl-D"
		if runtime.GOOS == "windows" {
			end = "Ctrl-Z and Enter"
		}
		tell(a.stderr, "dpsdiag: paste the log, then %s", end)
	}
	return io.NopCloser(a.stdin), nil
}

// openText opens a file to explain. source is the beginning of messages: the flag that gave the
// path, if one did. A file that cannot be read is a usage error.
func openText(source, path string) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, usagef("check the path and its permissions", "%scannot open %q: %s", source, path, reason(err))
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		_ = file.Close()
		return nil, usagef("name the files in it, each with --file", "%s%q is a directory", source, path)
	}
	return file, nil
}

// explainTexts reads the texts and writes one report of all of them. After an interruption the report
// is about what was read until then. A text that consists only of a code, for example from echo, is
// treated as the code. codesGiven are explained in the same report.
func (o explainOptions) explainTexts(ctx context.Context, a *app, inputs []textInput, codesGiven []argument) error {
	ctx, stop := a.interruptible(ctx)
	defer stop()
	inputs, records, err := splitRecords(ctx, inputs)
	if err != nil && ctx.Err() == nil {
		return err
	}
	if len(records) > 0 && len(inputs) == 0 {
		return o.explainRecords(ctx, a, records, codesGiven)
	}
	for _, in := range records {
		tell(a.stderr, "dpsdiag: %s has resource logs of Azure Monitor and is left out here; dpsdiag logs reads them", in.name)
	}
	var begins beginning
	all, err := scanTexts(ctx, a, inputs, &begins)
	interrupted := ctx.Err() != nil
	a.endInterruptedLine(ctx)
	if err != nil && !interrupted {
		return err
	}
	if interrupted && len(all) == 0 {
		return exitError(report.ExitInterrupted)
	}
	found := logtext.Join(all...)
	doc := report.NewLog(found, advice.DiagnoseText(found, likeness.Default()))
	if interrupted {
		doc.ExitCode = report.ExitInterrupted
		tell(a.stderr, "dpsdiag: interrupted; this is what was read until then")
	}
	if list := begins.codes(); len(list) > 0 && (doc.ExitStatus() == report.ExitUnknown || allNumbers(list)) {
		answers := o.answers(append(codesGiven, list...))
		return o.writeExplained(a, o.document(answers), answers)
	}
	answers := o.answers(codesGiven)
	if len(answers) == 0 {
		return o.writeExplained(a, doc, nil)
	}
	return o.writeExplained(a, report.NewParts(report.NewAnswers(answers), doc), answers)
}

// beginning keeps the first bytes of what is written to it.
type beginning struct {
	kept [100]byte
	n    int
	more bool
}

// Write implements io.Writer.
func (b *beginning) Write(p []byte) (int, error) {
	n := copy(b.kept[b.n:], p)
	b.n += n
	b.more = b.more || n < len(p)
	return len(p), nil
}

// codes returns the codes and causes of a text that consists of nothing else; none for any other.
func (b *beginning) codes() []argument {
	text := strings.TrimSpace(string(b.kept[:b.n]))
	if b.more || text == "" {
		return nil
	}
	list := classify([]string{text}, func(string) []string { return nil })
	if slices.ContainsFunc(list, func(a argument) bool { return a.isText() }) {
		return nil
	}
	return list
}

// allNumbers reports whether only numbers of known codes were given. A log reader knows some of them, too,
// but the message that a number may have with it decides more.
func allNumbers(list []argument) bool {
	return !slices.ContainsFunc(list, func(a argument) bool {
		return len(a.entries) == 0 || strings.Trim(a.entries[0].Code, "0123456789") != ""
	})
}

// scanTexts reads the texts one after the other, copies them to begins, and returns what it
// found before an error.
func scanTexts(ctx context.Context, a *app, inputs []textInput, begins io.Writer) ([]*logtext.Findings, error) {
	scanner := logtext.NewScanner()
	scanner.Now = a.now
	var all []*logtext.Findings
	for _, in := range inputs {
		name := in.name
		if len(inputs) == 1 {
			name = ""
		}
		found, err := scanText(ctx, scanner, in, name, begins)
		if err != nil {
			return all, err
		}
		all = append(all, found)
	}
	return all, nil
}

// scanText reads one text, as far as it comes before the context ends. What cannot be read
// as text is a usage error.
func scanText(ctx context.Context, scanner *logtext.Scanner, in textInput, name string, begins io.Writer) (*logtext.Findings, error) {
	source, err := untilDone(ctx, in.open)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	found, err := scanner.Scan(context.WithoutCancel(ctx), io.TeeReader(&endableReader{ctx: ctx, source: source}, begins), name)
	if err == nil {
		return found, nil
	}
	if errors.Is(err, logtext.ErrEmpty) {
		return nil, usagef("is it the right file, and was it written to the end?", "%s is empty", in.name)
	}
	if errors.Is(err, logtext.ErrDamaged) {
		return nil, usagef("fetch it again, or read what is left of it: gzip -dc FILE | dpsdiag explain -", "%s is %v", in.name, logtext.ErrDamaged)
	}
	if binary, ok := errors.AsType[*logtext.BinaryError](err); ok {
		return nil, usagef(cmp.Or(binary.Hint, "explain reads logs and other text in UTF-8 or UTF-16"), "%s is %v", in.name, binary)
	}
	return nil, usagef("check the path and its permissions", "%s: %s", in.name, reason(errors.Unwrap(err)))
}
