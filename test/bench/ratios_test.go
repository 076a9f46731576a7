//go:build bench && linux

package bench_test

import (
	"fmt"
	"io"
	"os"
	"testing"
	"text/tabwriter"
)

// ratio is something that is promised, and what was measured.
type ratio struct {
	name  string
	value float64
	limit float64
	least bool // the limit is the least that is allowed; otherwise the most
	unit  string
	how   string
	// unknown says why it was not measured, "" if it was.
	unknown string
}

func (r ratio) met() bool {
	if r.least {
		return r.value >= r.limit
	}
	return r.value <= r.limit
}

// board collects the ratios of one run.
type board struct{ rows []ratio }

func (b *board) add(r ratio) { b.rows = append(b.rows, r) }

// TestRatios measures what is promised about speed, each as a ratio of pairs that ran in turn, and
// prints one table. It fails only if something cannot be run: a ratio that is not met on a busy machine
// is not a fault of the program.
func TestRatios(t *testing.T) {
	b := &board{}
	dpsdiag := build(t, "dpsdiag/cmd/dpsdiag")
	for _, part := range []struct {
		name    string
		measure func(t *testing.T, b *board, dpsdiag string)
	}{
		{"explain", measureExplain},
		{"logs", measureLogs},
		{"emulator", measureEmulator},
		{"connections", measureConnections},
		{"probe", measureProbe},
	} {
		t.Run(part.name, func(t *testing.T) { part.measure(t, b, dpsdiag) })
	}
	if err := b.print(os.Stdout); err != nil {
		t.Fatal(err)
	}
}

// print prints the table.
func (b *board) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range b.rows {
		bound, met := "<=", "met"
		if row.least {
			bound = ">="
		}
		if !row.met() {
			met = "NOT MET"
		}
		value := fmt.Sprintf("%.3g%s", row.value, row.unit)
		if row.unknown != "" {
			value, met, row.how = "-", "not measured", row.unknown
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s %.3g%s\t%s\t%s\n", row.name, value, bound, row.limit, row.unit, met, row.how); err != nil {
			return err
		}
	}
	return table.Flush()
}
