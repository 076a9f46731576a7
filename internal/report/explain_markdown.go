package report

import (
	"fmt"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// drawMarkdown draws what the text format draws.
func (d *Explain) drawMarkdown(m *markdown) {
	switch {
	case d.list != nil:
		d.list.drawMarkdown(m)
		return
	case d.log != nil:
		d.log.drawMarkdown(m, d.Decide)
		return
	}
	for i := range d.answers {
		d.answers[i].drawMarkdown(m)
	}
	d.markTogether(m)
}

func (a *Answer) drawMarkdown(m *markdown) {
	switch {
	case a.Rule != nil:
		markRule(m, a.Rule)
	case len(a.Entries) > 0:
		markEntry(m, a.Entries[0])
		markMore(m, a.causes)
		markEntries(m, "Also under this name", a.Entries[1:])
	default:
		a.markUnknown(m)
	}
}

func markEntry(m *markdown, e *codes.Entry) {
	title := Clean(e.Code)
	if e.Name != "" && e.Name != e.Code {
		title += " " + Clean(e.Name)
	}
	m.heading(3, escape(title))
	m.paragraph(escape(entryFacts(e)))
	m.paragraph(escape(Clean(e.Meaning)))
	m.numbered("Likely causes, the most likely first", escapeAll(cleanAll(e.Causes)))
	m.numbered("What to do", escapeAll(cleanAll(e.Remedies)))
	m.paragraph(strongText("Try again?") + " " + escape(retryText(e.Retry)))
	if e.Conflict != "" {
		m.paragraph(strongText("Sources disagree") + " " + escape(Clean(e.Conflict)))
	}
	m.bullets("Sources", escapeAll(sourcesOf(e)))
}

// markMore points to the causes behind a code and to the sandbox.
func markMore(m *markdown, causes []*cause.Definition) {
	list := moreOf(causes)
	if len(list) == 0 {
		return
	}
	rows := make([][]inline, 0, len(list))
	for _, f := range list {
		rows = append(rows, []inline{code(f.name), escape(f.value)})
	}
	m.paragraph(strongText("More"))
	m.table([]string{"Command", "tells"}, rows)
}

// markEntries lists entries with the id that explains each.
func markEntries(m *markdown, title string, entries []*codes.Entry) {
	if len(entries) == 0 {
		return
	}
	m.paragraph(strongText(title))
	rows := make([][]inline, 0, len(entries))
	for _, e := range entries {
		rows = append(rows, []inline{code(e.ID), escape(Clean(e.Code)), escape(Clean(e.Name))})
	}
	m.table([]string{"Id", "Code", "Name"}, rows)
}

func markRule(m *markdown, rule *cause.Definition) {
	m.heading(3, escape(Clean(rule.Title)))
	m.paragraph(escape("kind " + KindCause + ", id " + rule.ID.String()))
	m.paragraph(escape(Clean(rule.Meaning)))
	m.numbered("How to make sure", escapeAll(cleanAll(rule.Confirm)))
	m.numbered("What to do", escapeAll(cleanAll(rule.Remedies)))
	if rule.Decide != nil {
		m.paragraph(strongText("What would decide it") + " " + escape(Clean(rule.Decide.How)))
		if rule.Decide.Command != "" {
			m.fence("sh", Clean(rule.Decide.Command))
		}
	}
	entries := codes.ByCause(rule.ID)
	markEntries(m, "Codes and messages it shows as", entries[:min(len(entries), maxShownCodes)])
	if left := len(entries) - maxShownCodes; left > 0 {
		m.paragraph(escape(fmt.Sprintf("and %d more", left)))
	}
	m.paragraph(strongText("In the sandbox"))
	if rule.Scenario == "" {
		m.paragraph(escape("There is no scenario: " + Clean(rule.NoScenario)))
		return
	}
	m.fence("sh", rule.SandboxCommand())
}

func (a *Answer) markUnknown(m *markdown) {
	m.heading(3, escape(Clean(a.Query)))
	m.paragraph("It is not known to dpsdiag.")
	if a.Class != 0 {
		m.paragraph(strongText("Its class") + " " + escape(Clean(a.classText())))
	}
	markEntries(m, "Nearest known codes", a.Nearest)
}

// markTogether ranks the causes of several answers in one list.
func (d *Explain) markTogether(m *markdown) {
	if !d.together() {
		return
	}
	m.heading(3, "Causes of all of them together, the most likely first")
	for i, c := range d.Causes {
		m.heading(5, inline(fmt.Sprintf("%d. %s (%s)", i+1, escape(c.Title), code(c.ID))))
		m.bullets(upperFirst(strengthText(c.Strength)), escapeAll(c.Because))
		m.numbered("What to do", escapeAll(c.Remedies))
	}
}

func (l *list) drawMarkdown(m *markdown) {
	rows := make([][]inline, 0, len(l.entries))
	header := []string{"Code", "Kind", "Meaning"}
	if l.common {
		header = []string{"Code", "HTTP status", "Meaning", "What to do"}
	}
	for _, e := range l.entries {
		row := []inline{escape(Clean(e.Code)), escape(string(e.Kind)), escape(Clean(firstSentence(e.Meaning)))}
		if l.common {
			row = []inline{escape(Clean(e.Code)), escape(Clean(titleOf(e))), escape(Clean(e.Meaning)), escape(Clean(e.Remedies[0]))}
		}
		rows = append(rows, row)
	}
	m.table(header, rows)
}
