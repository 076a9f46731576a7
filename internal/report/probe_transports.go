package report

import (
	"cmp"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
)

// drawComparison compares the transports: one line each, with a mark for every stage and the
// result.
func (d *Probe) drawComparison(p *page) {
	p.heading("Transports")
	lead := 2 + d.transportWidth() + 2
	heads, widest := strings.Repeat(" ", lead), 0
	for _, s := range d.Runs[0].Stages {
		heads += pad(s.ID, p.markColumn(s.ID))
	}
	for i := range d.Runs {
		widest = max(widest, columns(d.Runs[i].result()))
	}
	if columns(heads)+widest > p.width {
		p.fields("  ", d.results()...)
		return
	}
	p.line(span{strings.TrimRight(heads, " "), faint})
	for i := range d.Runs {
		r := &d.Runs[i]
		row := []span{{"  " + pad(r.Transport, d.transportWidth()) + "  ", strong}}
		for j := range r.Stages {
			mark, look := r.Stages[j].mark(p)
			row = append(row, span{mark, look}, span{strings.Repeat(" ", p.markColumn(r.Stages[j].ID)-columns(mark)), plain})
		}
		p.line(append(row, span{r.result(), plain})...)
	}
}

// results returns the result of each run, for a page that is too narrow for the marks.
func (d *Probe) results() []field {
	list := make([]field, 0, len(d.Runs))
	for i := range d.Runs {
		list = append(list, field{d.Runs[i].Transport, d.Runs[i].result()})
	}
	return list
}

// markComparison is drawComparison in Markdown.
func (d *Probe) markComparison(m *markdown) {
	header := []string{"Transport"}
	for _, s := range d.Runs[0].Stages {
		header = append(header, s.ID)
	}
	var rows [][]inline
	for i := range d.Runs {
		r := &d.Runs[i]
		row := []inline{strongText(r.Transport)}
		for j := range r.Stages {
			row = append(row, markOf(r.Stages[j].Outcome))
		}
		rows = append(rows, append(row, escape(r.result())))
	}
	m.heading(4, "Transports")
	m.table(append(header, "Verdict"), rows)
}

// markOf returns the mark of an outcome. The tables below it have the outcome as a word.
func markOf(outcome string) inline {
	marks := marksFor(false)
	switch probe.Outcome(outcome) {
	case probe.Passed:
		return inline(marks.passed)
	case probe.Warned:
		return strongText(marks.warned)
	case probe.Failed:
		return strongText(marks.failed)
	case probe.Skipped:
		return inline(marks.skipped)
	}
	return inline(marks.notApplicable)
}

// result returns the result of a run in a few words. The stages have the details.
func (r *Run) result() string {
	switch advice.Verdict(r.Verdict) {
	case advice.Registered:
		return "registered"
	case advice.NoVerdict:
		return "no verdict"
	case advice.RetryLater:
		return "come back later"
	}
	return cmp.Or(r.Verdict, "not run")
}

func (d *Probe) transportWidth() int {
	width := 0
	for i := range d.Runs {
		width = max(width, columns(d.Runs[i].Transport))
	}
	return width
}

// markColumn is the width of the column under the name of a stage.
func (p *page) markColumn(stage string) int { return max(columns(stage), columns(p.marks.passed)) + 1 }
