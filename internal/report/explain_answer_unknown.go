package report

import (
	"fmt"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/codes"
)

// UnknownAnswer is a query that is not known.
type UnknownAnswer struct {
	Query string
	// Class is the first half of an unknown six-digit code, which is an HTTP status; 0
	// for any other query.
	Class int
	// Nearest are the entries that come closest; for a Class, the last is its entry.
	Nearest []*codes.Entry
}

func (a *UnknownAnswer) addTo(doc *Explain) {
	for _, e := range a.Nearest {
		doc.addNearest(a.Query, e)
	}
}

func (a *UnknownAnswer) query() Query {
	return Query{Text: Clean(a.Query), IDs: idsOf(a.Nearest), Kind: queryUnknown, Class: a.Class}
}

func (a *UnknownAnswer) asked() []advice.Query { return nil }

// drawText says what the query may be.
func (a *UnknownAnswer) drawText(p *page) {
	p.hang(`"`+Clean(a.Query)+`" is not known to dpsdiag.`, span{strings.TrimSpace(p.marks.failed) + " ", bad})
	if a.Class != 0 {
		p.paragraph("Its class", a.classText())
	}
	if len(a.Nearest) > 0 {
		p.heading("Nearest known codes (dpsdiag explain ID)")
		drawEntries(p, a.Nearest)
	}
	p.heading("More")
	p.fields("  ", field{"dpsdiag explain --all", "every code that dpsdiag knows"})
}

func (a *UnknownAnswer) drawMarkdown(m *markdown) {
	m.heading(3, escape(Clean(a.Query)))
	m.paragraph("It is not known to dpsdiag.")
	if a.Class != 0 {
		m.paragraph(strongText("Its class") + " " + escape(Clean(a.classText())))
	}
	markEntries(m, "Nearest known codes", a.Nearest)
}

func (a *UnknownAnswer) classText() string {
	text := fmt.Sprintf("The first three digits of a six-digit code are the HTTP status it belongs to, here %d. DPS and IoT Hub both number their codes in this way: the code alone does not say which of them sent it.", a.Class)
	if len(a.Nearest) == 0 {
		return text
	}
	class := a.Nearest[len(a.Nearest)-1]
	return fmt.Sprintf("%s %s: %s", text, titleOf(class), class.Meaning)
}
