package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/likeness"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/report"
)

// textInput is a text to explain: what somebody pasted, standard input or a file.
type textInput struct {
	name string // what messages call it
	open func() (io.ReadCloser, error)
}

// texts returns the inputs if they are texts, and none if they are codes.
func (o *explainOptions) texts(a *app, arguments []argument) ([]textInput, error) {
	var inputs []textInput
	codesGiven, stdinGiven := false, false
	for _, arg := range arguments {
		switch arg.kind {
		case codeArgument, causeArgument:
			codesGiven = true
		case fileArgument:
			inputs = append(inputs, textInput{arg.text, func() (io.ReadCloser, error) { return openText("", arg.text) }})
		case textArgument:
			inputs = append(inputs, textInput{fmt.Sprintf("argument %d", arg.position), func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(arg.text)), nil }})
		case stdinArgument:
			if !stdinGiven {
				inputs = append(inputs, textInput{"standard input", func() (io.ReadCloser, error) { return io.NopCloser(a.stdin), nil }})
			}
			stdinGiven = true
		}
	}
	for _, path := range o.files {
		inputs = append(inputs, textInput{path, func() (io.ReadCloser, error) { return openText("--file: ", path) }})
	}
	switch {
	case len(inputs) == 0:
		return nil, nil
	case codesGiven:
		return nil, usagef("explain the codes in a command of their own", "codes and texts cannot be explained together")
	case o.all || o.kind != "":
		return nil, usagef("leave out --all and --kind", "--all and --kind are for codes, not for texts")
	}
	if _, terminal := a.terminal(a.stdin); terminal && stdinGiven {
		return nil, usagef("pipe a log into it: journalctl -u aziot-identityd | dpsdiag explain -", "-: standard input is a terminal")
	}
	return inputs, nil
}

// openText opens a file to explain; source is how messages begin that name what gave its
// path. One that cannot be read is a usage error.
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

// explainTexts reads the texts and reports what they hold together. An interruption ends the
// reading, and what was read until then is reported. A text that is nothing but a code, as
// one that was echoed, is taken as the code.
func (o explainOptions) explainTexts(ctx context.Context, a *app, inputs []textInput) error {
	ctx, stop := a.interruptible(ctx)
	defer stop()
	var begins beginning
	all, err := scanTexts(ctx, a, inputs, &begins)
	interrupted := ctx.Err() != nil
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
	if list := begins.codes(); len(list) > 0 && doc.ExitStatus() == report.ExitUnknown {
		return o.explainCodes(a, list)
	}
	if err := a.write(doc, o.textOptions(a)); err != nil {
		return err
	}
	return exitWith(doc.ExitStatus())
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

// codes are what the whole text consists of if that is codes and causes, none otherwise.
func (b *beginning) codes() []argument {
	text := strings.TrimSpace(string(b.kept[:b.n]))
	if b.more || text == "" {
		return nil
	}
	list := classify([]string{text}, func(string) bool { return false })
	if slices.ContainsFunc(list, func(a argument) bool { return a.kind != codeArgument && a.kind != causeArgument }) {
		return nil
	}
	return list
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
	if binary, ok := errors.AsType[*logtext.BinaryError](err); ok {
		return nil, usagef(cmp.Or(binary.Hint, "explain reads logs and other text in UTF-8 or UTF-16"), "%s is %v", in.name, binary)
	}
	return nil, usagef("check the path and its permissions", "%s: %s", in.name, reason(errors.Unwrap(err)))
}
