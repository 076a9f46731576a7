package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
)

// html makes the page of a probe: the verdict, the causes, a waterfall of the stages for
// each transport, and in folded blocks what only some readers want.
func (d *Probe) html() *htmlPage {
	page := &htmlPage{
		Title:   titled("dpsdiag: "+d.verdictWord(), d.Target.RegistrationID),
		Heading: titled(upperFirst(d.verdictWord()), d.Target.RegistrationID),
		Lead: []string{
			upperFirst(d.verdictText()),
			fmt.Sprintf("Exit status %d, after %s, begun at %s", d.ExitCode, duration.Text(fromMilliseconds(d.DurationMS)), d.StartedAt),
		},
		Footer: "Written by dpsdiag " + d.Tool.Version + ". This page is one file: it loads nothing and runs no script.",
	}
	page.Mark, page.Class = htmlLook(d.outcome())
	page.Blocks = slices.Concat(
		htmlCauses(d.Causes),
		htmlDecide(d.Decide),
		d.htmlWarnings(),
		d.htmlRuns(),
		d.Service.html(),
		[]htmlBlock{d.htmlTarget()},
		d.htmlRuledOut(),
	)
	return page
}

// outcome is the verdict as the outcome of a stage.
func (d *Probe) outcome() probe.Outcome {
	switch {
	case d.Verdict == string(advice.Registered) && !d.warned():
		return probe.Passed
	case d.Verdict == string(advice.Fault):
		return probe.Failed
	}
	return probe.Warned
}

// htmlLook is the mark and the class of an outcome.
func htmlLook(outcome probe.Outcome) (mark, class string) {
	marks := marksFor(false)
	switch outcome {
	case probe.Passed:
		return marks.passed, "passed"
	case probe.Warned:
		return marks.warned, "warned"
	case probe.Failed:
		return marks.failed, "failed"
	case probe.Skipped:
		return marks.skipped, "idle"
	}
	return marks.notApplicable, "idle"
}

func (d *Probe) htmlTarget() htmlBlock {
	block := htmlBlock{Title: "What was probed", Fields: fieldsOf(
		field{"endpoint", d.Target.Endpoint},
		field{"id scope", d.Target.IDScope},
		field{"registration id", d.Target.RegistrationID},
		field{"attestation", d.Target.Attestation},
		field{"proxy", strings.Join(d.Target.Proxies, ", ")},
		field{"settings from", d.Target.sources()},
		field{"endorsement key", d.endorsementKey()})}
	origins := make([]field, 0, len(d.Target.Origins))
	for _, o := range d.Target.Origins {
		origins = append(origins, field{o.Name, o.From})
	}
	if len(origins) > 0 {
		block.Blocks = []htmlBlock{{Title: "Where each setting comes from", Fold: true, Fields: fieldsOf(origins...)}}
	}
	return block
}

func (d *Probe) htmlWarnings() []htmlBlock {
	list := make([]string, 0, len(d.Warnings))
	for _, w := range d.Warnings {
		list = append(list, titled(w.Detail, w.ID))
	}
	return listBlock("Warnings", list)
}

func (d *Probe) htmlRuledOut() []htmlBlock {
	if len(d.RuledOut) == 0 {
		return nil
	}
	rows := make([][]string, 0, len(d.RuledOut))
	for _, c := range d.RuledOut {
		rows = append(rows, []string{cmp.Or(c.Title, c.ID), strings.Join(c.Because, "; ")})
	}
	return []htmlBlock{{
		Title: fmt.Sprintf("Ruled out (%d)", len(d.RuledOut)), Fold: true,
		Table: &htmlTable{Header: []string{"Cause", "Why not"}, Rows: rows},
	}}
}

// htmlRuns shows every run on one scale of time, so that they can be compared.
func (d *Probe) htmlRuns() []htmlBlock {
	longest := 0.0
	for i := range d.Runs {
		longest = max(longest, d.Runs[i].total())
	}
	list := make([]htmlBlock, 0, len(d.Runs))
	for i := range d.Runs {
		list = append(list, d.Runs[i].html(longest))
	}
	return list
}

// total is how long the stages of a run took, in milliseconds.
func (r *Run) total() float64 {
	total := 0.0
	for i := range r.Stages {
		total += r.Stages[i].DurationMS
	}
	return total
}

func (r *Run) html(longest float64) htmlBlock {
	block := htmlBlock{Title: fmt.Sprintf("Stages over %s: %s", r.Transport, r.result()), Stages: r.waterfall(longest)}
	if !r.Reply.empty() {
		block.Blocks = append(block.Blocks, htmlBlock{Title: "Answer of the service", Sub: true, Fields: fieldsOf(r.Reply.fields()...)})
	}
	var rows [][]string
	for i := range r.Stages {
		for _, f := range r.Stages[i].facts() {
			rows = append(rows, []string{r.Stages[i].ID, f.name, f.value})
		}
	}
	if len(rows) > 0 {
		block.Blocks = append(block.Blocks, htmlBlock{
			Title: "Facts of each stage over " + r.Transport, Fold: true,
			Table: &htmlTable{Header: []string{"Stage", "Fact", "Value"}, Rows: rows},
		})
	}
	if len(r.Exchanges) > 0 {
		block.Blocks = append(block.Blocks, r.htmlExchanges())
	}
	return block
}

// htmlExchanges shows every call folded.
func (r *Run) htmlExchanges() htmlBlock {
	block := htmlBlock{Title: "Exchange over " + r.Transport, Fold: true}
	for _, e := range r.Exchanges {
		block.Blocks = append(block.Blocks, htmlBlock{Title: e.Title, Sub: true, Blocks: []htmlBlock{
			{Title: "sent", Sub: true, Code: []string{strings.Join(e.Sent, "\n")}},
			{Title: "received", Sub: true, Code: []string{strings.Join(e.Received, "\n")}},
		}})
	}
	return block
}

// htmlStage is a row of the waterfall. Start and Width are of a scale of 1000.
type htmlStage struct {
	Name, Mark, Class, Outcome string
	Took, Detail               string
	Steps                      []string
	Start, Width               int
}

const (
	waterfallScale = 1000
	leastBar       = 4 // a bar that is narrower could not be seen
)

// waterfall shows when each stage ran and for how long. A stage begins when the one before
// it ends.
func (r *Run) waterfall(longest float64) []htmlStage {
	rows := make([]htmlStage, 0, len(r.Stages))
	begun := 0.0
	for i := range r.Stages {
		s := &r.Stages[i]
		row := htmlStage{Name: s.ID, Outcome: s.Outcome, Took: s.took(), Detail: s.detail()}
		row.Mark, row.Class = htmlLook(probe.Outcome(s.Outcome))
		if steps := s.steps(); len(steps) > 1 {
			row.Steps = steps
		}
		if longest > 0 {
			row.Start = min(int(begun/longest*waterfallScale), waterfallScale-leastBar)
			row.Width = max(int(s.DurationMS/longest*waterfallScale), leastBar)
		}
		begun += s.DurationMS
		rows = append(rows, row)
	}
	return rows
}
