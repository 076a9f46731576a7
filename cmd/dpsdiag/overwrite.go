package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// namedFile is a file that the command line names.
type namedFile struct {
	by   string // the flag, or what the argument is
	path string
	info fs.FileInfo // nil if there is no such file
}

func fileNamed(by, path string) namedFile {
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	return namedFile{by, path, info}
}

// check is what holds for every command, before anything is done.
func (a *app) check(cmd *cobra.Command, args []string) error {
	if err := a.checkOutputs(cmd); err != nil {
		return err
	}
	return a.checkOverwrites(cmd, args)
}

// issuedFlag is the flag of the file that gets the issued certificate.
const issuedFlag = "issued-cert-out"

// checkOverwrites refuses, before anything is done, to write over a file that the same command line gives
// as an input, such as the key of the device.
func (a *app) checkOverwrites(cmd *cobra.Command, args []string) error {
	list, err := a.global.outputs()
	if err != nil {
		return err
	}
	issued := cmd.Flags().Lookup(issuedFlag)
	toFile := func(out output) bool { return out.file != "" }
	if (issued == nil || !issued.Changed) && !slices.ContainsFunc(list, toFile) {
		return nil
	}
	inputs := slices.Concat(flagFiles(cmd.Flags()), argumentFiles(args), a.redirected())
	for _, out := range list {
		if !toFile(out) {
			continue
		}
		if err := overwrites(fileNamed("-o "+out.format.Name, out.file), inputs); err != nil {
			return err
		}
	}
	if issued == nil || !issued.Changed {
		return nil
	}
	// The certificate that the device has now may be replaced by the issued one.
	kept := slices.DeleteFunc(inputs, func(f namedFile) bool {
		return slices.Contains([]string{"--" + issuedFlag, "--cert", "--chain"}, f.by)
	})
	return overwrites(fileNamed("--"+issuedFlag, issued.Value.String()), kept)
}

// overwrites returns a usage error if a file that is written is one of the inputs.
func overwrites(out namedFile, inputs []namedFile) error {
	for _, in := range inputs {
		if out.same(in) {
			return usagef("name another file", "%s: %q is the file of %s, which would be lost", out.by, out.path, in.by)
		}
	}
	return nil
}

// flagFiles returns the files that flags name: with the placeholder FILE, or after @.
func flagFiles(flags *pflag.FlagSet) []namedFile {
	var files []namedFile
	flags.Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		placeholder, _ := pflag.UnquoteUsage(f)
		for _, value := range values {
			if path, isFile := strings.CutPrefix(value, "@"); isFile || placeholder == "FILE" {
				files = append(files, fileNamed("--"+f.Name, path))
			}
		}
	})
	return files
}

// argumentFiles returns the files that arguments name, also by a pattern.
func argumentFiles(args []string) []namedFile {
	var files []namedFile
	for _, arg := range args {
		for _, path := range findFiles(arg) {
			files = append(files, fileNamed("the argument "+arg, path))
		}
	}
	return files
}

// redirected returns the file that the shell gave as standard input.
func (a *app) redirected() []namedFile {
	in, ok := a.stdin.(*os.File)
	if !ok {
		return nil
	}
	info, err := in.Stat()
	if err != nil {
		return nil
	}
	return []namedFile{{"standard input", in.Name(), info}}
}

// same reports whether both are one regular file, or would be if it was there.
func (f namedFile) same(other namedFile) bool {
	if f.info == nil && other.info == nil {
		path, err := filepath.Abs(f.path)
		otherPath, otherErr := filepath.Abs(other.path)
		return err == nil && otherErr == nil && path == otherPath
	}
	return f.info != nil && other.info != nil && f.info.Mode().IsRegular() && os.SameFile(f.info, other.info)
}
