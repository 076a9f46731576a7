// Command gen trains the likeness model and writes it into package likeness, with the reports that are
// quoted as precedents. It is run by "go generate ./internal/likeness", takes about a minute, and
// writes the same bytes each time.
package main

import (
	"fmt"
	"os"

	"dpsdiag/internal/corpus"
	"dpsdiag/internal/likeness"
	"dpsdiag/internal/likeness/learn"
)

// testdata is the path of the corpus from the folder of package likeness.
const testdata = "../../testdata"

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate() error {
	reports, messages, err := corpus.Everything(testdata)
	if err != nil {
		return err
	}
	model, err := learn.Model(learn.Documents(reports, messages, nil))
	if err != nil {
		return err
	}
	opened, err := likeness.Open(string(model))
	if err != nil {
		return err
	}
	precedents, err := likeness.PackPrecedents(opened, confirmed(reports))
	if err != nil {
		return fmt.Errorf("pack the precedents: %w", err)
	}
	for name, data := range map[string][]byte{"model.bin": model, "precedents.bin": precedents} {
		if err := os.WriteFile(name, data, 0o644); err != nil { //nolint:gosec // a source file
			return fmt.Errorf("write the model: %w", err)
		}
	}
	return nil
}

// confirmed are the reports whose cause was confirmed in public.
func confirmed(reports []corpus.Report) []likeness.Precedent {
	var found []likeness.Precedent
	for i := range reports {
		r := &reports[i]
		switch r.Evidence {
		case "reporter-confirmed", "maintainer-confirmed", "maintainer-stated", "service-message", "log-evident":
			found = append(found, likeness.Precedent{Source: r.Source, Cause: r.Cause, CauseText: r.CauseText, FixText: r.FixText, Text: r.Input})
		}
	}
	return found
}
