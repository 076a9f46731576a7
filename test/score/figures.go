package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/corpus"
)

// tally counts reports and how many were right.
type tally struct{ reports, first, three, silent int }

func (t *tally) add(o *outcome, causes []named) {
	t.reports++
	rank := o.rank(causes)
	if rank == 1 {
		t.first++
	}
	if rank >= 1 && rank <= 3 {
		t.three++
	}
	if len(causes) == 0 {
		t.silent++
	}
}

func percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

// unseen reports whether no rule was written from the report.
func unseen(o *outcome) bool { return o.Set != "dev-1" }

// figures are the tables of a page: Markdown.
func figures(outcomes []outcome) string {
	var b strings.Builder
	b.WriteString(table("Held-out reports that no rule was written from:", outcomes, unseen, original))
	b.WriteString(table("The same in other words:", outcomes, unseen, func(o *outcome) []named { return o.reworded }))
	b.WriteString(table("Reports that the rules were written from (held out from the model alone):", outcomes, func(o *outcome) bool { return !unseen(o) }, original))
	reliability(&b, outcomes)
	perCause(&b, outcomes)
	return b.String()
}

func everything(*outcome) bool    { return true }
func original(o *outcome) []named { return o.causes }

// table says how often the causes of the selected outcomes are right.
func table(title string, outcomes []outcome, kept func(*outcome) bool, causes func(*outcome) []named) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| the text | reports | first cause right | one of the first three | silent |\n|---|---:|---:|---:|---:|\n", title)
	for _, d := range corpus.Decidabilities() {
		var t tally
		for i := range outcomes {
			if o := &outcomes[i]; o.Decidable == d && kept(o) {
				t.add(o, causes(o))
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s |\n", d, t.reports, percent(t.first, t.reports), percent(t.three, t.reports), percent(t.silent, t.reports))
	}
	b.WriteString("\n")
	return b.String()
}

// reliability says how many of the first causes were right at each strength.
func reliability(b *strings.Builder, outcomes []outcome) {
	b.WriteString("How far a strength can be relied on (held-out reports that no rule was written from, whatever the text decides):\n\n| the first cause is called | reports | right |\n|---|---:|---:|\n")
	for _, s := range []advice.Strength{advice.Proves, advice.Suggests, advice.Allows} {
		named, right := 0, 0
		for i := range outcomes {
			o := &outcomes[i]
			if unseen(o) && len(o.causes) > 0 && o.causes[0].strength == s {
				named++
				if o.rank(o.causes) == 1 {
					right++
				}
			}
		}
		fmt.Fprintf(b, "| %s | %d | %s |\n", s, named, percent(right, named))
	}
	b.WriteString("\n")
}

// perCause says how often the reports of each cause were right, for those whose text decides the
// cause.
func perCause(b *strings.Builder, outcomes []outcome) {
	tallies := map[cause.ID]*tally{}
	for i := range outcomes {
		o := &outcomes[i]
		if o.Decidable != corpus.FromText || !unseen(o) {
			continue
		}
		if tallies[o.Cause] == nil {
			tallies[o.Cause] = &tally{}
		}
		tallies[o.Cause].add(o, o.causes)
	}
	ids := make([]cause.ID, 0, len(tallies))
	for id := range tallies {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b cause.ID) int {
		return cmp.Or(cmp.Compare(tallies[b].reports, tallies[a].reports), cmp.Compare(a.String(), b.String()))
	})
	b.WriteString("By the confirmed cause, where the text decides it:\n\n| confirmed cause | reports | first | in three |\n|---|---:|---:|---:|\n")
	for _, id := range ids {
		t := tallies[id]
		fmt.Fprintf(b, "| `%s` | %d | %d | %d |\n", id, t.reports, t.first, t.three)
	}
}

// The marks around the figures in a page.
const (
	beginMark = "<!-- figures of make score -->\n"
	endMark   = "<!-- end of the figures -->\n"
)

// errStale says that a page has other figures.
var errStale = errors.New("the page has other figures: run make score-write and look at what changed")

func splitPage(page string) (before, figures, after string, err error) {
	data, err := os.ReadFile(page)
	if err != nil {
		return "", "", "", fmt.Errorf("read the page: %w", err)
	}
	before, rest, found := strings.Cut(string(data), beginMark)
	figures, after, ended := strings.Cut(rest, endMark)
	if !found || !ended {
		return "", "", "", fmt.Errorf("%s: the marks around the figures are missing", page)
	}
	return before, figures, after, nil
}

func writePage(page, text string) error {
	before, _, after, err := splitPage(page)
	if err != nil {
		return err
	}
	if err := os.WriteFile(page, []byte(before+beginMark+"\n"+text+"\n"+endMark+after), 0o644); err != nil { //nolint:gosec // a page of the documentation
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

func checkPage(page, text string) error {
	_, figures, _, err := splitPage(page)
	if err != nil {
		return err
	}
	if strings.TrimSpace(figures) != strings.TrimSpace(text) {
		return fmt.Errorf("%s: %w", page, errStale)
	}
	return nil
}
