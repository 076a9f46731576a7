package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/report"
)

const reportLong = `report draws a document that probe, explain, inspect, fleet, logs or plan saved
with -o json again, in any format: nothing is sent, and the result is the same
as if that format had been asked for then. "-" reads the document from standard
input.

Exit status: 0 if the document was drawn, whatever it says; exit_code in it is
the status of the original run. 2 if it cannot be read.`

const reportExample = `  dpsdiag report probe.json
  dpsdiag report probe.json -o html=probe.html -o junit=probe.xml
  jq .probe evidence.json | dpsdiag report - -o markdown`

type reportOptions struct{ verbose bool }

func newReportCmd(a *app) *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:     "report FILE|-",
		Short:   "draw a saved JSON document again, in any format",
		Long:    reportLong,
		Example: reportExample,
		RunE:    func(_ *cobra.Command, args []string) error { return runReport(a, o, args) },
	}
	flags := pflag.NewFlagSet("report", pflag.ContinueOnError)
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "leave nothing out of text and markdown, as probe --verbose")
	a.addFlags(cmd, flagGroup{"Flags", flags})
	return cmd
}

func runReport(a *app, o reportOptions, args []string) error {
	if len(args) != 1 {
		return usagef(`name the file that -o json=FILE wrote, or "-" for standard input`, "report needs one document; %d given", len(args))
	}
	doc, err := a.readReport(args[0])
	if err != nil {
		return err
	}
	if err := a.fitsOutputs(doc); err != nil {
		return err
	}
	opts := a.textOptions()
	opts.Verbose = o.verbose
	return a.write(doc, opts)
}

// readReport reads a saved document; "-" is standard input.
func (a *app) readReport(path string) (report.Document, error) {
	name, source := fmt.Sprintf("%q", path), a.stdin
	if path == "-" {
		name = "standard input"
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, usagef("check the path and its permissions", "cannot open %s: %s", name, reason(err))
		}
		defer file.Close()
		source = file
	}
	return readDocument(name, source)
}

func readDocument(name string, source io.Reader) (report.Document, error) {
	doc, err := report.Read(source)
	if err == nil {
		return doc, nil
	}
	if problem, ok := errors.AsType[*report.ReadError](err); ok {
		return nil, usagef(problem.Hint, "%s is %v", name, problem)
	}
	return nil, usagef("name the file that -o json=FILE wrote", "cannot read %s: %s", name, reason(err))
}

// fitsOutputs refuses a format that makes no sense for the document, before anything is
// written.
func (a *app) fitsOutputs(doc report.Document) error {
	list, err := a.global.outputs()
	if err != nil {
		return err
	}
	for _, out := range list {
		if !out.format.Fits(doc) {
			names := strings.Join(formatNames(report.FormatsFor(doc)), ", ")
			return usagef("its formats are "+names, "-o: this document cannot be written as %s", out.format.Name)
		}
	}
	return nil
}
