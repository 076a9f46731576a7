// Command score measures how well dpsdiag explains reports that it has not seen: it trains the
// likeness model without the reports that it tests on, has the text of each of these judged, and
// compares the resulting causes with the confirmed one.
//
//	go run ./test/score [-write docs/judgement.md]
//
// The reports are in testdata/corpus. A fold contains whole threads, and catalogue entries that cite a
// thread do not train the model that is tested on it. The reports of dev-1 were known to those who
// wrote the rules, so they are counted separately.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/corpus"
	"dpsdiag/internal/likeness"
	"dpsdiag/internal/likeness/learn"
	"dpsdiag/internal/logtext"
)

func main() {
	var o options
	flag.StringVar(&o.testdata, "testdata", "testdata", "`folder` of the corpus and the logs")
	flag.StringVar(&o.write, "write", "", "page to write the figures to, between its markers")
	flag.StringVar(&o.check, "check", "", "page that must contain these figures")
	flag.StringVar(&o.list, "list", "", "file for the result of each report")
	flag.BoolVar(&o.rulesOnly, "rules", false, "judge without the likeness model")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

type options struct {
	testdata, write, check, list string
	rulesOnly                    bool
}

// folds is the number of parts into which the reports are divided.
const folds = 8

func run(ctx context.Context, w io.Writer, o options) error {
	reports, messages, err := corpus.Everything(o.testdata)
	if err != nil {
		return err
	}
	outcomes, err := judgeAll(ctx, reports, messages, o.rulesOnly)
	if err != nil {
		return err
	}
	fresh, err := judgeFresh(ctx, filepath.Join(o.testdata, "fresh"))
	if err != nil {
		return err
	}
	text := figures(outcomes) + "\n" + table("Reports that were collected after all of this was frozen, judged by the model in the program:", fresh, everything, original)
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	if o.list != "" {
		if err := listTo(o.list, outcomes); err != nil {
			return err
		}
	}
	switch {
	case o.write != "":
		return writePage(o.write, text)
	case o.check != "":
		return checkPage(o.check, text)
	}
	return nil
}

// outcome is the result for a report.
type outcome struct {
	*corpus.Report
	causes   []named // most likely first
	reworded []named // the same for the text in other words
}

// named is a cause in the result, with its strength.
type named struct {
	id       cause.ID
	strength advice.Strength
}

// rank is the position of the first acceptable cause, from 1; 0 if there is none.
func (o *outcome) rank(causes []named) int {
	for i, c := range causes {
		if o.Accepts(c.id) {
			return i + 1
		}
	}
	return 0
}

// foldOf is the fold of a report: that of its thread.
func foldOf(r *corpus.Report) int {
	h := fnv.New32a()
	h.Write([]byte(r.Thread())) // never fails
	return int(h.Sum32() % folds)
}

// judgeAll judges every report with a model that was trained without its fold.
func judgeAll(ctx context.Context, reports []corpus.Report, messages []corpus.Message, rulesOnly bool) ([]outcome, error) {
	outcomes := make([]outcome, len(reports))
	problems := make([]error, folds)
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	scanner := newScanner()
	var tasks sync.WaitGroup
	for fold := range folds {
		tasks.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			problems[fold] = judgeFold(ctx, scanner, fold, reports, messages, rulesOnly, outcomes)
		})
	}
	tasks.Wait()
	return outcomes, errors.Join(problems...)
}

func judgeFold(ctx context.Context, scanner *logtext.Scanner, fold int, reports []corpus.Report, messages []corpus.Message, rulesOnly bool, outcomes []outcome) error {
	var rest, held []corpus.Report
	for i := range reports {
		if foldOf(&reports[i]) == fold {
			held = append(held, reports[i])
		} else {
			rest = append(rest, reports[i])
		}
	}
	var model *likeness.Model
	if !rulesOnly {
		packed, err := learn.Model(learn.Documents(rest, messages, held))
		if err != nil {
			return fmt.Errorf("fold %d: %w", fold, err)
		}
		if model, err = likeness.Open(string(packed)); err != nil {
			return fmt.Errorf("fold %d: %w", fold, err)
		}
	}
	for i := range reports {
		r := &reports[i]
		if foldOf(r) != fold {
			continue
		}
		causes, err := judge(ctx, scanner, model, r.Input)
		if err != nil {
			return fmt.Errorf("%s: %w", r.ID, err)
		}
		reworded, err := judge(ctx, scanner, model, reword(r.Input))
		if err != nil {
			return fmt.Errorf("%s in other words: %w", r.ID, err)
		}
		outcomes[i] = outcome{r, causes, reworded}
	}
	return nil
}

func judge(ctx context.Context, scanner *logtext.Scanner, model *likeness.Model, text string) ([]named, error) {
	found, err := scanner.Scan(ctx, strings.NewReader(text), "")
	if err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	var causes []named
	for _, c := range advice.DiagnoseText(found, model).Causes {
		causes = append(causes, named{c.ID, c.Strength})
	}
	return causes, nil
}

// judgeFresh judges reports that were not used for training, with the model in the program.
func judgeFresh(ctx context.Context, dir string) ([]outcome, error) {
	reports, err := corpus.Reports(dir)
	if err != nil {
		return nil, err
	}
	scanner := newScanner()
	var outcomes []outcome
	for i := range reports {
		causes, err := judge(ctx, scanner, likeness.Default(), reports[i].Input)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", reports[i].ID, err)
		}
		outcomes = append(outcomes, outcome{Report: &reports[i], causes: causes})
	}
	return outcomes, nil
}

// newScanner returns a scanner for which it is always the same day.
func newScanner() *logtext.Scanner {
	s := logtext.NewScanner()
	s.Now = func() time.Time { return time.Date(2026, time.November, 29, 0, 0, 0, 0, time.UTC) }
	return s
}

// listTo writes the result for each report, to find the wrong ones.
func listTo(file string, outcomes []outcome) error {
	type line struct {
		ID, Set, Decidable string
		Accepted, Named    []string
		Rank, Reworded     int
	}
	var lines []line
	for i := range outcomes {
		o := &outcomes[i]
		l := line{ID: o.ID, Set: o.Set, Decidable: string(o.Decidable), Rank: o.rank(o.causes), Reworded: o.rank(o.reworded)}
		for _, a := range o.Acceptable {
			l.Accepted = append(l.Accepted, a.String())
		}
		for _, c := range o.causes {
			l.Named = append(l.Named, c.id.String()+" "+c.strength.String())
		}
		lines = append(lines, l)
	}
	data, err := json.MarshalIndent(lines, "", " ")
	if err != nil {
		return fmt.Errorf("list the outcomes: %w", err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return fmt.Errorf("list the outcomes: %w", err)
	}
	return nil
}
