package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/report"
)

// output is one value of -o: a format, and the file that it goes to.
type output struct {
	format report.Format
	file   string // "" for standard output
}

// outputs are the values of -o, or text on standard output if it was not given.
func (o *globalOptions) outputs() ([]output, error) {
	if len(o.output) == 0 {
		return []output{{format: report.Formats()[0]}}, nil
	}
	list := make([]output, 0, len(o.output))
	for _, value := range o.output {
		name, file, hasFile := strings.Cut(value, "=")
		format, ok := report.FormatNamed(name)
		switch {
		case !ok:
			return nil, usagef("", "-o: %q is not an output format", report.Clean(name))
		case hasFile && file == "":
			return nil, usagef("is a shell variable empty?", "-o %s=: the name of the file is missing", name)
		case format.FileOnly && !hasFile:
			return nil, usagef(fmt.Sprintf("give a file: -o %s=report.%s", name, format.Extension), "-o: a %s is not written to standard output", name)
		}
		list = append(list, output{format, file})
	}
	return list, nil
}

// onStdout is the name of the format that goes to standard output, "" for none.
func (o *globalOptions) onStdout() string {
	return o.find(func(out output) bool { return out.file == "" })
}

// wants reports whether a format is asked for.
func (o *globalOptions) wants(format string) bool {
	return o.find(func(out output) bool { return out.format.Name == format }) != ""
}

// find is the name of the format of the first output that fits, "" for none.
func (o *globalOptions) find(fits func(output) bool) string {
	list, err := o.outputs()
	if i := slices.IndexFunc(list, fits); err == nil && i >= 0 {
		return list[i].format.Name
	}
	return ""
}

// checkOutputs refuses, before anything is done, a format that does not exist or that the
// command cannot write, two formats for one place, and a file that cannot be written.
func (a *app) checkOutputs(cmd *cobra.Command) error {
	names := formatNames(formatsOf(cmd.Name()))
	if len(names) == 0 {
		if len(a.global.output) > 0 {
			return usagef("leave -o out", "-o: %s writes no report", cmd.Name())
		}
		return nil
	}
	hint := fmt.Sprintf("the formats of %s are %s", cmd.Name(), strings.Join(names, ", "))
	list, err := a.global.outputs()
	if usage, ok := errors.AsType[*usageError](err); ok && usage.hint == "" {
		usage.hint = hint
	}
	if err != nil {
		return err
	}
	taken := map[string]string{}
	for _, out := range list {
		name := out.format.Name
		if !slices.Contains(names, name) {
			return usagef(hint, "-o: %s cannot be written as %s", cmd.Name(), name)
		}
		file := out.file
		if file != "" {
			file = filepath.Clean(file)
		}
		other, twice := taken[file]
		switch {
		case twice && out.file == "":
			return usagef(fmt.Sprintf("write one of them to a file: -o %s=report.%s", name, out.format.Extension), "-o: %s and %s cannot both be written to standard output", other, name)
		case twice:
			return usagef("give each format a file of its own", "-o: %s and %s cannot both be written to %q", other, name, out.file)
		case out.file != "" && cmd.Name() == "emulate":
			return usagef("redirect standard output: -o json > FILE", "-o: emulate writes to standard output only")
		}
		taken[file] = name
		if err := checkWritable(out.file); err != nil {
			return cannotWrite("-o "+name, out.file, err)
		}
	}
	return nil
}

// write writes a document to every output, to standard output first: the user gets the report
// even if the disk is full.
func (a *app) write(doc report.Document, opts report.Options) error {
	list, err := a.global.outputs()
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(x, y output) int { return strings.Compare(x.file, y.file) })
	var failed []error
	for _, out := range list {
		if out.file == "" {
			failed = append(failed, out.format.Write(a.stdout, doc, opts))
			continue
		}
		if err := a.writeOutput(out, doc, opts); err != nil {
			failed = append(failed, fmt.Errorf("cannot write %q: %w", out.file, err))
		}
	}
	return errors.Join(failed...)
}

// writeOutput writes a document to a file as it would be written to a pipe: the terminal does
// not determine its width and colours.
func (a *app) writeOutput(out output, doc report.Document, opts report.Options) error {
	opts.Width, opts.Color = 0, false
	if out.format.FileOnly {
		for _, file := range report.BundleFiles(opts) {
			tell(a.stderr, "dpsdiag: into %s: %s, %s", out.file, file.Name, file.About)
		}
	}
	return writeFile(a.disk, out.file, func(w io.Writer) error { return out.format.Write(w, doc, opts) })
}

// cannotWrite is the usage error of a file of a flag that cannot be written.
func cannotWrite(flag, path string, err error) error {
	hint := "name a file in a folder that exists and that you may write to"
	if errors.Is(err, atomicfile.ErrReadOnly) {
		hint = "make it writable if it is not to be kept, or name another file"
	}
	return usagef(hint, "%s: cannot write %q: %s", flag, path, reason(err))
}

// checkWritable reports why a file could not be written; "" is standard output.
func checkWritable(path string) error {
	if path == "" {
		return nil
	}
	path, special, err := destination(path)
	if err != nil || special {
		return err
	}
	if err := atomicfile.CheckMode(path); err != nil {
		return err
	}
	trial, err := os.CreateTemp(filepath.Dir(path), atomicfile.Pattern)
	if err != nil {
		return err
	}
	return errors.Join(trial.Close(), os.Remove(trial.Name()))
}

// destination follows links. A special file, such as /dev/null or a pipe, is not replaced
// but written to.
func destination(path string) (resolved string, special bool, err error) {
	if followed, err := filepath.EvalSymlinks(path); err == nil {
		path = followed
	}
	info, err := os.Stat(path)
	switch target, notLink := os.Readlink(path); {
	case errors.Is(err, os.ErrNotExist) && notLink == nil: // yet, where it leads
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		return destination(target)
	case errors.Is(err, os.ErrNotExist):
		return path, false, nil
	case err != nil:
		return "", false, err
	case info.IsDir():
		return "", false, syscall.EISDIR
	}
	return path, !info.Mode().IsRegular(), nil
}

// writeFile writes a file whole or not at all. Only its owner may read it, since reports
// name devices.
func writeFile(disk atomicfile.Disk, path string, write func(io.Writer) error) error {
	path, special, err := destination(path)
	if err != nil {
		return err
	}
	if special {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(file), file.Close())
	}
	return atomicfile.Write(disk, path, 0o600, write)
}
