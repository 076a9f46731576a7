// Command gen compiles the error catalogue: it reads catalogue.json in the current
// folder, writes it back in its stable format and writes catalogue_gen.go, the same rows
// as a Go array that the linker lays out, so that a program pays nothing for it at start.
package main

import (
	"fmt"
	"os"
)

const (
	jsonFile = "catalogue.json"
	goFile   = "catalogue_gen.go"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate() error {
	data, err := os.ReadFile(jsonFile)
	if err != nil {
		return fmt.Errorf("read %s: %w", jsonFile, err)
	}
	rows, err := parse(data)
	if err != nil {
		return err
	}
	formatted, err := formatJSON(rows)
	if err != nil {
		return err
	}
	source, err := formatGo(rows)
	if err != nil {
		return err
	}
	if err := write(jsonFile, formatted); err != nil {
		return err
	}
	return write(goFile, source)
}

func write(name string, data []byte) error {
	if err := os.WriteFile(name, data, 0o644); err != nil { //nolint:gosec // source files are for everyone to read
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
