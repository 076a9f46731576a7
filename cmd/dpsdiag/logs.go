package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/logtext"
	"dpsdiag/internal/monitor"
	"dpsdiag/internal/report"
)

const logsLong = `logs reads the resource logs of DPS in Azure Monitor and shows which devices
fail, since when, with what and why: clusters of failures with their causes,
what operators changed before, and the load against the limits.

FILE is a file, a pattern such as '*.json' or a folder, for example a container
that was downloaded from a storage account; "-" is standard input. It does not
matter how the records were exported: to a storage account or Event Hubs, by az
monitor log-analytics query, the query API, a data export rule or as CSV from
the portal, packed with gzip or not. Damaged lines and records of other services
are counted and left out. Nothing is sent.

Exit status: 0 if no device fails now; 1 if one does; 2 if no input has a record
of DPS or one cannot be read; 130 after Ctrl-C, with what was read until then.`

const logsExample = `  dpsdiag logs PT1H.json
  dpsdiag logs insights-logs-deviceoperations insights-logs-serviceoperations
  dpsdiag logs - < query.json
  dpsdiag logs query_data.csv -o html=fleet.html`

type logsOptions struct{ verbose bool }

func newLogsCmd(a *app) *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:     "logs FILE...|-",
		Short:   "which devices fail, since when and why, from resource logs",
		Long:    logsLong,
		Example: logsExample,
		RunE:    func(cmd *cobra.Command, args []string) error { return runLogs(cmd.Context(), a, o, args) },
	}
	flags := pflag.NewFlagSet("logs", pflag.ContinueOnError)
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "leave nothing out of text and markdown: all clusters, causes and devices")
	a.addFlags(cmd, flagGroup{"Flags", flags})
	return cmd
}

func runLogs(ctx context.Context, a *app, o logsOptions, args []string) error {
	inputs, err := a.logInputs(args)
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	collector := monitor.NewCollector()
	for _, in := range inputs {
		err := collectLog(ctx, collector, in.textInput)
		if binary, ok := errors.AsType[*logtext.BinaryError](err); ok && in.found {
			tell(a.stderr, "dpsdiag: left out: %s is %v", in.name, binary)
			continue
		}
		if err != nil {
			return logProblem(in.name, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	summary := collector.Summary()
	interrupted := ctx.Err() != nil
	a.endInterruptedLine(ctx)
	if interrupted {
		tell(a.stderr, "dpsdiag: interrupted; this is what was read until then")
	} else if err := holdsRecords(summary); err != nil {
		return err
	}
	doc := report.NewResourceLogs(summary, interrupted)
	opts := a.textOptions()
	opts.Verbose = o.verbose
	if err := a.write(doc, opts); err != nil {
		return err
	}
	return exitWith(doc.ExitStatus())
}

// logInput is a file of resource logs, or standard input.
type logInput struct {
	textInput
	found bool // in a folder, not named itself
}

// logInputs are the inputs that the arguments name, each once.
func (a *app) logInputs(args []string) ([]logInput, error) {
	if len(args) == 0 {
		return nil, usagef(`name the files of the resource logs, or "-" for standard input`, "logs needs a file")
	}
	var inputs []logInput
	named := map[string]bool{}
	for _, arg := range args {
		if arg == "-" {
			if !named[arg] {
				inputs = append(inputs, logInput{textInput: textInput{"standard input", a.openStdin}})
			}
			named[arg] = true
			continue
		}
		paths, err := logFiles(arg)
		if err != nil {
			return nil, err
		}
		for _, in := range paths {
			if clean := filepath.Clean(in.name); !named[clean] {
				named[clean] = true
				inputs = append(inputs, in)
			}
		}
	}
	return inputs, nil
}

// logFiles are the files that an argument names: itself, those of a pattern, or those in a folder and
// its folders.
func logFiles(arg string) ([]logInput, error) {
	paths := []string{arg}
	if _, err := os.Stat(arg); err != nil {
		if matches, globErr := filepath.Glob(arg); globErr == nil && len(matches) > 0 {
			paths = matches
		}
	}
	var files []logInput
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, usagef("check the path and its permissions", "cannot open %q: %s", path, reason(err))
		}
		if !info.IsDir() {
			files = append(files, logInput{textInput: fileInput("", path)})
			continue
		}
		inside, err := filesIn(path)
		if err != nil {
			return nil, usagef("check the path and its permissions", "cannot read the folder %q: %s", path, reason(err))
		}
		if len(inside) == 0 {
			return nil, usagef("is it the right folder, and is the download complete?", "there is no file in %q", path)
		}
		for _, path := range inside {
			files = append(files, logInput{fileInput("", path), true})
		}
	}
	return files, nil
}

// filesIn are the files in a folder and in its folders, in the order of their names: those of storage
// accounts are by time.
func filesIn(folder string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && !strings.HasPrefix(entry.Name(), ".") {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// collectLog reads one input, or as much of it as can be read before the context ends. logProblem explains its error.
func collectLog(ctx context.Context, collector *monitor.Collector, in textInput) error {
	source, err := untilDone(ctx, in.open)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer source.Close()
	err = collector.Read(&endableReader{ctx: ctx, source: source}, in.name)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// logProblem says why an input cannot be read.
func logProblem(name string, err error) error {
	if _, told := errors.AsType[*usageError](err); told {
		return err
	}
	if binary, ok := errors.AsType[*logtext.BinaryError](err); ok {
		return usagef("logs reads JSON and CSV, plain or packed with gzip", "%s is %v", name, binary)
	}
	return usagef("check the path and its permissions", "%s: %s", name, reason(err))
}

// holdsRecords is an error if no input has a record of DPS.
func holdsRecords(s *monitor.Summary) error {
	foreign := 0
	for _, in := range s.Inputs {
		if in.Records > 0 {
			return nil
		}
		foreign += in.Foreign
	}
	what := "the inputs hold"
	if len(s.Inputs) == 1 {
		what = s.Inputs[0].Name + " holds"
		if err := whyNoRecord(&s.Inputs[0]); err != nil {
			return err
		}
	}
	if foreign > 0 {
		return usagef("the records wanted are those of the categories DeviceOperations and ServiceOperations of a provisioning service",
			"%s no resource log of DPS, only of other services or categories", what)
	}
	return usagef("a device's own log is for dpsdiag explain; how to get resource logs: docs/logs.md", "%s no resource log of DPS", what)
}

// whyNoRecord is an error if an input without a record of DPS is empty or damaged.
func whyNoRecord(in *monitor.Input) error {
	switch {
	case in.BadGzip:
		return usagef("download it again, or wait until it is written to the end", "%s is packed with gzip and damaged: no record of it can be read", in.Name)
	case in.Lines == 0:
		return usagef("is it the right file, and was it written to the end?", "%s is empty", in.Name)
	case in.Unreadable > 0 && in.Foreign == 0 && in.Shape != monitor.ShapeOther:
		return usagef("download it again, or wait until it is written to the end", "%s is damaged or cut: it holds no whole record", in.Name)
	}
	return nil
}
