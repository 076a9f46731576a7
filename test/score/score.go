// Command score tells how well dpsdiag explains real reports: it gives the text of each to
// the program as a user would, on standard input, and compares the causes that come back
// with the confirmed one.
//
//	go run ./test/score bin/dpsdiag testdata/cases/cases.json
//
// The cases and where each was published are in testdata/cases. Their field "context" is
// what the reporter told beside the text; it is no part of the input.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: score DPSDIAG CASES")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, program, file string) error {
	cases, err := loadCases(file)
	if err != nil {
		return err
	}
	alone, err := explainAll(ctx, program, cases, false)
	if err != nil {
		return err
	}
	withContext, err := explainAll(ctx, program, cases, true)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, summary("the text alone", alone)+"\n"+summary("the text and its context", withContext)+"\n"+misses(alone))
	return err
}

// reportedCase is one published report with its confirmed cause.
type reportedCase struct {
	ID         string   `json:"id"`
	Title      string   `json:"title"`
	Input      string   `json:"input"`
	Context    string   `json:"context"`
	Cause      string   `json:"cause"`
	Acceptable []string `json:"acceptable"` // causes that the text bears out as well
	Decidable  string   `json:"decidable"`
}

// decidabilities are how far a text decides its cause, in the order of the summary.
func decidabilities() []string { return []string{"from-text", "needs-probe", "ambiguous"} }

func loadCases(file string) ([]reportedCase, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the cases: %w", err)
	}
	var cases []reportedCase
	if err := json.Unmarshal(data, &cases); err != nil {
		return nil, fmt.Errorf("parse %s: %w", file, err)
	}
	return cases, nil
}

// outcome is what dpsdiag made of a case.
type outcome struct {
	reportedCase
	causes []string // ids, most likely first
}

func (o *outcome) acceptable(cause string) bool {
	return cause == o.Cause || slices.Contains(o.Acceptable, cause)
}

// first reports whether the first cause is acceptable, three whether one of the first
// three is, exact whether the first is the confirmed one.
func (o *outcome) first() bool { return len(o.causes) > 0 && o.acceptable(o.causes[0]) }

func (o *outcome) three() bool {
	return slices.ContainsFunc(o.causes[:min(len(o.causes), 3)], o.acceptable)
}
func (o *outcome) exact() bool { return len(o.causes) > 0 && o.causes[0] == o.Cause }

// explainAll runs the program on every case.
func explainAll(ctx context.Context, program string, cases []reportedCase, withContext bool) ([]outcome, error) {
	outcomes := make([]outcome, 0, len(cases))
	for _, c := range cases {
		input := c.Input
		if withContext {
			input = c.Context + "\n" + input
		}
		causes, err := explain(ctx, program, input)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.ID, err)
		}
		outcomes = append(outcomes, outcome{c, causes})
	}
	return outcomes, nil
}

// explain returns the causes that the program finds in a text.
func explain(ctx context.Context, program, input string) ([]string, error) {
	cmd := exec.CommandContext(ctx, program, "explain", "-", "-o", "json") //nolint:gosec // running the program that the user names is the purpose
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && (!isExit(err, 1) || stdout.Len() == 0) {
		return nil, fmt.Errorf("run %s: %w: %s", program, err, stderr.String())
	}
	var answer struct {
		Causes []struct {
			ID string `json:"id"`
		} `json:"causes"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &answer); err != nil {
		return nil, fmt.Errorf("parse the answer: %w", err)
	}
	var causes []string
	for _, c := range answer.Causes {
		causes = append(causes, c.ID)
	}
	return causes, nil
}

func isExit(err error, status int) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && exit.ExitCode() == status
}

// tally counts the outcomes of one decidability.
type tally struct{ cases, first, three, exact int }

func tallies(outcomes []outcome) map[string]tally {
	counts := map[string]tally{}
	for i := range outcomes {
		o := &outcomes[i]
		t := counts[o.Decidable]
		t.cases++
		t.first += one(o.first())
		t.three += one(o.three())
		t.exact += one(o.exact())
		counts[o.Decidable] = t
	}
	return counts
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (t tally) plus(o tally) tally {
	return tally{t.cases + o.cases, t.first + o.first, t.three + o.three, t.exact + o.exact}
}

func share(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

func summary(title string, outcomes []outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-26s %5s %14s %14s %14s\n", title, "cases", "first", "first three", "exact")
	counts := tallies(outcomes)
	var all tally
	line := func(name string, t tally) {
		fmt.Fprintf(&b, "%-26s %5d %5d %7.1f%% %5d %7.1f%% %5d %7.1f%%\n", name, t.cases,
			t.first, share(t.first, t.cases), t.three, share(t.three, t.cases), t.exact, share(t.exact, t.cases))
	}
	for _, d := range decidabilities() {
		line(d, counts[d])
		all = all.plus(counts[d])
	}
	line("all", all)
	return b.String()
}

// misses lists the cases whose first cause is not acceptable.
func misses(outcomes []outcome) string {
	var b strings.Builder
	for i := range outcomes {
		o := &outcomes[i]
		if o.first() {
			continue
		}
		where := "not among the first three"
		if o.three() {
			where = "among the first three"
		}
		fmt.Fprintf(&b, "%s (%s) %s: %s\n  confirmed %s, acceptable %s\n  found     %s\n", o.ID, o.Decidable, where, o.Title,
			o.Cause, strings.Join(o.Acceptable, ", "), strings.Join(o.causes, ", "))
	}
	return b.String()
}
