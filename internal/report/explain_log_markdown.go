package report

import "strings"

// drawMarkdown draws what the text format draws.
func (d *Log) drawMarkdown(m *markdown) {
	d.markRead(m)
	telling, others := d.split()
	d.markRows(m, d.ending().errorsTitle(), telling)
	d.markRows(m, "Wrapping errors and progress", others)
	markEntries(m, "Nearest known errors", d.nearest())
	if facts := d.facts(); len(facts) > 0 {
		m.heading(4, "What the text says")
		m.fields(facts...)
	}
	if len(d.Notes) > 0 {
		m.heading(4, notesTitle)
		list := make([]inline, 0, len(d.Notes))
		for i := range d.Notes {
			list = append(list, escape(d.Notes[i].line()))
		}
		m.bullets("", list)
	}
	markCauses(m, d.Causes)
	d.markExclusions(m)
	markDecide(m, d.Decide)
	d.markCollect(m)
}

func (d *Log) markRead(m *markdown) {
	if d.nothing() {
		m.heading(3, "dpsdiag explain: nothing known")
		m.paragraph(escape("Nothing known to dpsdiag is in the text (" + strings.Join(d.read(), "; ") + ")."))
		return
	}
	m.heading(3, "dpsdiag explain")
	d.ending().drawMarkdown(m)
	m.paragraph(escape("Read: " + strings.Join(d.read(), "; ")))
}

func (d *Log) markRows(m *markdown, title string, rows []Match) {
	if len(rows) == 0 {
		return
	}
	m.heading(4, escape(title))
	shown, left := d.shown(rows)
	table := make([][]inline, 0, len(shown))
	for i := range shown {
		table = append(table, []inline{escape(shown[i].where()), escape(shown[i].name()), code(shown[i].ID), code(shown[i].quote())})
	}
	m.table([]string{"Where", "Error", "Id", "In the text"}, table)
	m.paragraph(escape(left))
}

func (d *Log) markExclusions(m *markdown) {
	if len(d.RuledOut) == 0 {
		return
	}
	m.heading(4, "Ruled out")
	list := make([]inline, 0, len(d.RuledOut))
	for _, e := range exclusions(d.RuledOut) {
		list = append(list, escape(strings.Join(e.titles, "; ")+": "+e.reason))
	}
	m.bullets("", list)
}

func (d *Log) markCollect(m *markdown) {
	if len(d.Collect) == 0 {
		return
	}
	m.heading(4, "To get a more detailed log")
	list := make([]inline, 0, len(d.Collect))
	for _, c := range d.Collect {
		list = append(list, strongText(c.Client)+" "+escape(c.How))
	}
	m.bullets("", list)
}
