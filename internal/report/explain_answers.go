package report

import (
	"fmt"
	"slices"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/codes"
)

// Answers is what is known of one or more codes and causes, each shown in full.
type Answers struct {
	Explain

	answers []Answer
}

// Answer is what was found for one query: a [CodeAnswer], a [CauseAnswer], a [NoticeAnswer]
// or an [UnknownAnswer].
type Answer interface {
	// addTo adds the answer to the JSON.
	addTo(doc *Explain)
	// query is what was asked for and how it was understood.
	query() Query
	// votes are the causes that the answer is evidence for, in order.
	asked() []advice.Query
	drawText(p *page)
	drawMarkdown(m *markdown)
	html() htmlBlock
}

// Kinds of queries.
const (
	queryCode    = "code"
	queryCause   = "cause"
	queryWarning = "warning"
	queryUnknown = "unknown"
)

func idsOf(entries []*codes.Entry) []string {
	ids := make([]string, 0, len(entries))
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

// NewAnswers makes the report on queries. Its exit status says whether anything at all was
// recognised.
func NewAnswers(answers []Answer) *Answers {
	doc := &Answers{Explain: newExplain(ViewAnswers), answers: slices.Clone(answers)}
	var queries []advice.Query
	for _, a := range answers {
		queries = append(queries, a.asked()...)
		a.addTo(&doc.Explain)
		doc.Queries = append(doc.Queries, a.query())
	}
	if len(doc.Matches) == 0 {
		doc.ExitCode = ExitUnknown
	}
	for _, c := range advice.Queried(queries) {
		doc.Causes = append(doc.Causes, newCause(c))
	}
	return doc
}

// drawText draws every answer in turn, and then the causes of all.
func (d *Answers) drawText(p *page) {
	d.drawEach(p)
	if d.together() {
		d.drawTogether(p)
	}
}

func (d *Answers) drawEach(p *page) {
	for i, a := range d.answers {
		if i > 0 {
			p.blank()
			p.separator()
			p.blank()
		}
		a.drawText(p)
	}
}

// drawMarkdown draws what the text format draws.
func (d *Answers) drawMarkdown(m *markdown) {
	d.markEach(m)
	if d.together() {
		d.markTogether(m)
	}
}

func (d *Answers) markEach(m *markdown) {
	for _, a := range d.answers {
		a.drawMarkdown(m)
	}
}

// together reports whether several answers have causes to be ranked in one list.
func (d *Answers) together() bool {
	known := 0
	for _, a := range d.answers {
		if _, unknown := a.(*UnknownAnswer); !unknown {
			known++
		}
	}
	return known > 1 && len(d.Causes) > 0
}

const togetherTitle = "Causes of all of them together, the most likely first"

func (d *Answers) drawTogether(p *page) {
	p.blank()
	p.separator()
	p.heading(togetherTitle)
	for i, c := range d.Causes {
		p.hang(fmt.Sprintf("%s [%s]", c.Title, c.ID), span{fmt.Sprintf("%3d. ", i+1), strong})
		for j, line := range c.Because {
			p.hang(line, label(firstOnly(j, strengthText(c.Strength))), span{p.marks.bullet + " ", faint})
		}
	}
}

func (d *Answers) markTogether(m *markdown) {
	m.heading(3, togetherTitle)
	for i, c := range d.Causes {
		m.heading(5, inline(fmt.Sprintf("%d. %s (%s)", i+1, escape(c.Title), code(c.ID))))
		m.bullets(upperFirst(strengthText(c.Strength)), escapeAll(c.Because))
		m.numbered("What to do", escapeAll(c.Remedies))
	}
}
