package report

import "strings"

// drawMarkdown draws what the text format draws of a log, with the steps that would decide.
func (l *log) drawMarkdown(m *markdown, decide []Decider) {
	l.markRead(m)
	telling, others := l.split()
	l.markRows(m, l.ending.errorsTitle(), telling)
	l.markRows(m, "Around them", others)
	markEntries(m, "Nearest known errors", l.nearest)
	if len(l.facts) > 0 {
		m.heading(4, "What the text tells")
		m.fields(l.facts...)
	}
	markCauses(m, l.causes)
	l.markExclusions(m)
	markDecide(m, decide)
	l.markCollect(m)
}

func (l *log) markRead(m *markdown) {
	if l.nothing() {
		m.heading(3, "dpsdiag explain: nothing known")
		m.paragraph(escape("Nothing known to dpsdiag is in the text (" + strings.Join(l.read(), "; ") + ")."))
		return
	}
	m.heading(3, "dpsdiag explain")
	l.ending.drawMarkdown(m)
	m.paragraph(escape("Read: " + strings.Join(l.read(), "; ")))
}

func (l *log) markRows(m *markdown, title string, rows []logRow) {
	if len(rows) == 0 {
		return
	}
	m.heading(4, escape(title))
	shown, left := l.shown(rows)
	table := make([][]inline, 0, len(shown))
	for i := range shown {
		table = append(table, []inline{escape(shown[i].where()), escape(shown[i].name()), code(shown[i].id), code(shown[i].quote())})
	}
	m.table([]string{"Where", "Error", "Id", "As it stands there"}, table)
	m.paragraph(escape(left))
}

func (l *log) markExclusions(m *markdown) {
	if len(l.ruledOut) == 0 {
		return
	}
	m.heading(4, "Ruled out")
	list := make([]inline, 0, len(l.ruledOut))
	for _, e := range l.ruledOut {
		list = append(list, escape(strings.Join(e.titles, "; ")+": "+e.reason))
	}
	m.bullets("", list)
}

func (l *log) markCollect(m *markdown) {
	if len(l.collect) == 0 {
		return
	}
	m.heading(4, "To get a log that tells more")
	list := make([]inline, 0, len(l.collect))
	for _, f := range l.collect {
		list = append(list, strongText(f.name)+" "+escape(f.value))
	}
	m.bullets("", list)
}
