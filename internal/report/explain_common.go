package report

import "dpsdiag/internal/codes"

// Common is the table of the codes that the service documents for itself: each with its
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

func (d *Common) drawText(p *page) {
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
	p.heading("More")
	p.fields("  ",
		field{"dpsdiag explain CODE", "causes, remedies and retry advice for a code of any kind"},
		field{"dpsdiag explain --all", "every code that dpsdiag knows"},
		field{"dpsdiag probe", "register a device and find out why it fails"})
}

func (d *Common) drawMarkdown(m *markdown) {
	rows := make([][]inline, 0, len(d.entries))
	for _, e := range d.entries {
		rows = append(rows, []inline{escape(Clean(e.Code)), escape(Clean(titleOf(e))), escape(Clean(e.Meaning)), escape(Clean(e.Remedies[0]))})
	}
	m.table([]string{"Code", "HTTP status", "Meaning", "What to do"}, rows)
}
