package report

import (
	"fmt"
	"strings"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
)

// drawMarkdown draws what the text format draws, with the verdict first and, in folded blocks,
// what only some readers want.
func (d *Probe) drawMarkdown(m *markdown) {
	m.heading(3, escape("dpsdiag probe: "+d.verdictWord()))
	m.paragraph(strongText(upperFirst(d.verdictText())) + inline(fmt.Sprintf(" (exit status %d, %s)", d.ExitCode, duration.Text(fromMilliseconds(d.DurationMS)))))
	m.fields(
		field{"endpoint", d.Target.Endpoint},
		field{"id scope", d.Target.IDScope},
		field{"registration id", d.Target.RegistrationID},
		field{"attestation", d.Target.Attestation},
		field{"proxy", strings.Join(d.Target.Proxies, ", ")},
		field{"started", d.StartedAt},
		field{"dpsdiag", d.Tool.Version})
	if len(d.Runs) > 1 {
		d.markComparison(m)
	}
	for i := range d.Runs {
		d.Runs[i].drawMarkdown(m, len(d.Runs) > 1)
	}
	if d.Service != nil {
		d.Service.drawMarkdown(m)
	}
	markCauses(m, d.Causes)
	markDecide(m, d.Decide)
	d.markWarnings(m)
	d.markRuledOut(m)
}

// drawMarkdown draws a run as the text format does: if it was compared with others, without
// what the comparison has shown.
func (r *Run) drawMarkdown(m *markdown, compared bool) {
	m.heading(4, escape("Stages over "+r.Transport))
	var rows [][]inline
	for _, s := range r.told(compared) {
		rows = append(rows, s.markdownRow())
	}
	m.table([]string{"Stage", "Outcome", "Time", "Detail"}, rows)
	if !compared || m.verbose {
		r.Reply.drawMarkdown(m)
	}
	r.markFacts(m)
	if m.verbose {
		r.markExchanges(m)
	}
}

func (s *Stage) markdownRow() []inline {
	outcome := escape(s.Outcome)
	if s.Outcome == string(probe.Failed) || s.Outcome == string(probe.Warned) {
		outcome = strongText(s.Outcome)
	}
	return []inline{escape(s.ID), outcome, escape(s.took()), escape(s.detail())}
}

func (r *Reply) drawMarkdown(m *markdown) {
	if r.empty() {
		return
	}
	m.heading(4, "Answer of the service")
	m.fields(r.fields()...)
}

// markFacts folds the facts of the stages that have any.
func (r *Run) markFacts(m *markdown) {
	var rows [][]inline
	for i := range r.Stages {
		for _, f := range r.Stages[i].facts() {
			rows = append(rows, []inline{escape(r.Stages[i].ID), escape(f.name), code(f.value)})
		}
	}
	if len(rows) == 0 {
		return
	}
	m.details("Facts of each stage over "+r.Transport, func() {
		m.table([]string{"Stage", "Fact", "Value"}, rows)
	})
}

// markCauses ranks causes, the less likely ones folded.
func markCauses(m *markdown, causes []Cause) {
	if len(causes) == 0 {
		return
	}
	m.heading(4, "Causes, the most likely first")
	likely := min(len(causes), fullCauses)
	if m.verbose {
		likely = len(causes)
	}
	for i := range causes[:likely] {
		causes[i].drawMarkdown(m, i+1)
	}
	if likely == len(causes) {
		return
	}
	m.details(fmt.Sprintf("Less likely (%d)", len(causes)-likely), func() {
		for i := likely; i < len(causes); i++ {
			causes[i].drawMarkdown(m, i+1)
		}
	})
}

func (c *Cause) drawMarkdown(m *markdown, number int) {
	m.heading(5, inline(fmt.Sprintf("%d. %s (%s)", number, escape(c.Title), code(c.ID))))
	m.bullets(upperFirst(strengthText(c.Strength)), escapeAll(c.Because))
	m.numbered("What to do", escapeAll(c.Remedies))
	if c.Explain != "" {
		m.fence("sh", c.Explain)
	}
}

func markDecide(m *markdown, steps []Decider) {
	if len(steps) == 0 {
		return
	}
	m.heading(4, "What would decide between them")
	for _, s := range steps {
		m.paragraph(escape(s.How))
		if s.Command != "" {
			m.fence("sh", s.Command)
		}
	}
}

func (d *Probe) markWarnings(m *markdown) {
	if len(d.Warnings) == 0 {
		return
	}
	m.heading(4, "Warnings")
	var list []inline
	for _, w := range d.Warnings {
		text := escape(w.Detail)
		if w.ID != "" {
			text += " (" + escape(w.ID) + ")"
		}
		list = append(list, text)
	}
	m.bullets("", list)
}

func (d *Probe) markRuledOut(m *markdown) {
	if len(d.RuledOut) == 0 {
		return
	}
	m.details(fmt.Sprintf("Ruled out (%d)", len(d.RuledOut)), func() {
		var list []inline
		for _, c := range d.RuledOut {
			list = append(list, escape(c.ID+": "+strings.Join(c.Because, "; ")))
		}
		m.bullets("", list)
	})
}

// upperFirst makes the beginning of a sentence of ASCII text.
func upperFirst(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
