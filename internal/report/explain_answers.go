package report

import (
	"cmp"
	"fmt"
	"slices"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
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
	// query is what was asked for and what that was taken for.
	query() Query
	// votes are the causes that the answer is evidence for, in order.
	votes() []*vote
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
	for _, a := range answers {
		a.addTo(&doc.Explain)
		doc.Queries = append(doc.Queries, a.query())
	}
	if len(doc.Matches) == 0 {
		doc.ExitCode = ExitUnknown
	}
	doc.Causes = likelyCauses(answers)
	return doc
}

// drawText draws every answer in turn, and what they say together.
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

// vote gathers what speaks for a cause.
type vote struct {
	rule    *cause.Definition
	answers int  // queries that name it
	alone   bool // a code names it and nothing else, or it was asked for
	because []string
}

// likelyCauses ranks the causes that the answers are evidence for. A code read alone proves
// nothing: a cause is suggested when a code names no other or when several queries name it,
// and allowed otherwise.
func likelyCauses(answers []Answer) []Cause {
	var votes []*vote
	for _, a := range answers {
		for _, v := range a.votes() {
			votes = merge(votes, v)
		}
	}
	slices.SortStableFunc(votes, func(a, b *vote) int {
		return cmp.Or(cmp.Compare(b.strength(), a.strength()), cmp.Compare(b.answers, a.answers))
	})
	causes := make([]Cause, 0, len(votes))
	for _, v := range votes {
		causes = append(causes, Cause{
			ID: v.rule.ID.String(), Title: Clean(v.rule.Title), Strength: v.strength().String(),
			Because: cleanAll(v.because), Remedies: cleanAll(v.rule.Remedies), Command: Clean(v.rule.Show),
			Explain: explainCommand(v.rule.ID.String()),
		})
	}
	return causes
}

func merge(votes []*vote, v *vote) []*vote {
	for _, known := range votes {
		if known.rule.ID != v.rule.ID {
			continue
		}
		if !slices.Contains(known.because, v.because[0]) {
			known.answers++
			known.because = append(known.because, v.because...)
		}
		known.alone = known.alone || v.alone
		return votes
	}
	return append(votes, v)
}

func (v *vote) strength() advice.Strength {
	if v.alone || v.answers > 1 {
		return advice.Suggests
	}
	return advice.Allows
}
