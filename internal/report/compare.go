package report

import (
	"cmp"
	"strings"

	"dpsdiag/internal/advice"
)

// drawComparison sets the transports side by side: a row each, with a mark for each stage
// and what came of it.
func (d *Probe) drawComparison(p *page) {
	p.heading("Transports")
	lead := 2 + d.transportWidth() + 2
	heads := span{strings.Repeat(" ", lead), faint}
	for _, s := range d.Runs[0].Stages {
		heads.text += pad(s.ID, p.markColumn(s.ID))
	}
	p.line(heads)
	for i := range d.Runs {
		r := &d.Runs[i]
		row := []span{{"  " + pad(r.Transport, d.transportWidth()) + "  ", strong}}
		for j := range r.Stages {
			mark, look := r.Stages[j].mark(p)
			row = append(row, span{mark, look}, span{strings.Repeat(" ", p.markColumn(r.Stages[j].ID)-columns(mark)), plain})
		}
		p.line(append(row, span{r.upshot(), plain})...)
	}
}

// upshot says in a few words what came of a run; the stages below tell the rest.
func (r *Run) upshot() string {
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
