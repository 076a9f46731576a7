package report

import (
	"strings"

	"dpsdiag/internal/codes"
)

// Common is the table of the codes that the service's documentation lists: each with its
// meaning and what to do.
type Common struct {
	Explain

	entries []*codes.Entry
}

// NewCommon makes the table of the entries.
func NewCommon(entries []*codes.Entry) *Common {
	doc := &Common{newExplain(ViewCommon), entries}
	doc.addEntries(entries)
	return doc
}

// drawText draws a line for each code or, if the text is verbose, the whole table.
func (d *Common) drawText(p *page) {
	if p.opts.Verbose {
		d.drawTable(p)
	} else {
		d.drawLines(p)
	}
	p.heading("More")
	p.fields("  ",
		field{"dpsdiag explain CODE", "causes, remedies and retry advice for a code of any kind"},
		field{"dpsdiag explain --all", "every code that dpsdiag knows"},
		field{"dpsdiag probe", "register a device and find out why it fails"})
}

// drawLines draws the name of each code and its first remedy.
func (d *Common) drawLines(p *page) {
	const code, name = 6, 24
	p.line(span{pad("Code", code) + pad("HTTP status", name) + "What to do", faint})
	for _, e := range d.entries {
		lead := pad(p.text(Clean(e.Code)), code) + pad(p.text(Clean(titleOf(e))), name)
		p.line(span{lead, plain}, span{firstClause(p.text(Clean(e.Remedies[0])), p.width-columns(lead)), plain})
	}
}

// firstClause returns text if it fits the width, or else its first clause, or else its first
// words.
func firstClause(text string, width int) string {
	if columns(text) <= width {
		return text
	}
	for _, mark := range []string{";", ":", " ("} {
		if clause, _, found := strings.Cut(text, mark); found && columns(clause) <= width {
			return clause
		}
	}
	return shorten(text, width)
}

func (d *Common) drawTable(p *page) {
	rows := make([][]string, 0, len(d.entries))
	for _, e := range d.entries {
		rows = append(rows, []string{e.Code, titleOf(e), e.Meaning, e.Remedies[0]})
	}
	p.table([]column{
		{title: "Code", width: 4},
		{title: "HTTP status", width: 12},
		{title: "Meaning", share: 1},
		{title: "What to do", share: 1},
	}, rows, ruled)
}

func (d *Common) drawMarkdown(m *markdown) {
	rows := make([][]inline, 0, len(d.entries))
	for _, e := range d.entries {
		rows = append(rows, []inline{escape(Clean(e.Code)), escape(Clean(titleOf(e))), escape(Clean(e.Meaning)), escape(Clean(e.Remedies[0]))})
	}
	m.table([]string{"Code", "HTTP status", "Meaning", "What to do"}, rows)
}
