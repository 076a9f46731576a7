// Command gen compiles what package logtext looks for: it reads the compiled error catalogue and the
// tables of the package, and writes vocabulary.bin to the current folder, which a program uses in
// place.
package main

import (
	"fmt"
	"os"

	"dpsdiag/internal/logtext"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate() error {
	data, err := logtext.Compile()
	if err != nil {
		return fmt.Errorf("compile the vocabulary: %w", err)
	}
	if err := os.WriteFile("vocabulary.bin", data, 0o644); err != nil { //nolint:gosec // source files are readable by everyone
		return fmt.Errorf("write the vocabulary: %w", err)
	}
	return nil
}
