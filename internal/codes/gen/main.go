// Command gen compiles the catalogue of errors: it reads the files of catalogue/ in the current folder
// and writes catalogue_gen.go. That file has the same entries as a Go array of static data, so a program
// does no work for them at start. gen reports every mistake in the files with its file and line; if
// there is one, it writes nothing.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

const (
	entryFiles = "catalogue/*.toml"
	orderFile  = "catalogue/order.txt"
	goFile     = "catalogue_gen.go"
	// causesFile declares the constants of package cause.
	causesFile = "../cause/id.go"
)

func main() {
	if err := generate(os.DirFS(".")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(folder fs.FS) error {
	source, err := compile(folder)
	if err != nil {
		return err
	}
	if err := os.WriteFile(goFile, source, 0o644); err != nil { //nolint:gosec // source files are readable by everyone
		return fmt.Errorf("write %s: %w", goFile, err)
	}
	return nil
}

// compile returns the Go source for the catalogue in a folder.
func compile(folder fs.FS) ([]byte, error) {
	entries, err := read(folder)
	if err != nil {
		return nil, err
	}
	constants, err := causeConstants(causesFile)
	if err != nil {
		return nil, err
	}
	return formatGo(entries, constants)
}

// read returns the entries of all files in the order of the catalogue. The error has every
// mistake in the files.
func read(folder fs.FS) ([]*entry, error) {
	names, err := fs.Glob(folder, entryFiles)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", entryFiles, err)
	}
	r := newReader()
	for _, name := range append(names, orderFile) {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
		if name == orderFile {
			r.readOrder(data)
		} else {
			r.readFile(name, data)
		}
	}
	if len(r.problems) > 0 {
		return nil, errors.Join(r.problems...)
	}
	return r.inOrder(), nil
}
