package main

import (
	"bytes"
	"context"
	"io"
	"strings"

	"dpsdiag/internal/monitor"
	"dpsdiag/internal/report"
	"dpsdiag/internal/shellword"
)

// recordsHead is how much of a text shows whether it is a resource log.
const recordsHead = 64 << 10

// splitRecords opens the texts and separates the resource logs of DPS from the others. The inputs
// that it returns begin at the beginning again.
func splitRecords(ctx context.Context, inputs []textInput) (texts, records []textInput, err error) {
	for _, in := range inputs {
		if strings.HasPrefix(in.name, "argument ") {
			texts = append(texts, in)
			continue
		}
		source, err := untilDone(ctx, in.open)
		if err != nil {
			return inputs, nil, err
		}
		head, found, err := detect(&endableReader{ctx: ctx, source: source})
		rest := io.Reader(source)
		if err != nil {
			rest = failing{err}
		}
		whole := readAgain{io.MultiReader(bytes.NewReader(head), rest), source}
		in.open = func() (io.ReadCloser, error) { return whole, nil }
		if found {
			records = append(records, in)
			continue
		}
		texts = append(texts, in)
	}
	return texts, records, nil
}

// detect reads as much of a text as it takes to tell whether it is a resource log. The error is one
// that the text ended with.
func detect(source io.Reader) (head []byte, found bool, err error) {
	head = make([]byte, 0, recordsHead)
	for undecided := true; undecided && !found && err == nil && len(head) < cap(head); {
		var n int
		n, err = source.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		found, undecided = monitor.Detect(head)
	}
	return head, found, err
}

// readAgain is a text whose beginning was read already.
type readAgain struct {
	io.Reader
	io.Closer
}

// failing is the end of a text that cannot be read.
type failing struct{ err error }

// Read implements [io.Reader].
func (f failing) Read([]byte) (int, error) { return 0, f.err }

// explainRecords answers for resource logs: the errors in them and their causes. dpsdiag logs shows
// which devices have them.
func (o explainOptions) explainRecords(ctx context.Context, a *app, inputs []textInput, codesGiven []argument) error {
	collector := monitor.NewCollector()
	command := []string{"dpsdiag logs"}
	for _, in := range inputs {
		if err := collectLog(ctx, collector, in); err != nil {
			return logProblem(in.name, err)
		}
		name := shellword.Quote(in.name)
		if in.name == "standard input" {
			name = "-"
		}
		command = append(command, name)
	}
	interrupted := ctx.Err() != nil
	a.endInterruptedLine(ctx)
	doc := report.NewRecordsLog(report.NewResourceLogs(collector.Summary(), interrupted), strings.Join(command, " "))
	if interrupted {
		doc.ExitCode = report.ExitInterrupted
		tell(a.stderr, "dpsdiag: interrupted; this is what was read until then")
	}
	answers := o.answers(codesGiven)
	if len(answers) == 0 {
		return o.writeExplained(a, doc, nil)
	}
	return o.writeExplained(a, report.NewParts(report.NewAnswers(answers), doc), answers)
}
