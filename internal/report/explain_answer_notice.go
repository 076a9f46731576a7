package report

import (
	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// KindWarning is the kind of a match that is the name of a warning of a probe.
const KindWarning = "warning"

// NoticeAnswer is a query that is the name of a warning.
type NoticeAnswer struct{ Notice *cause.Notice }

func (a *NoticeAnswer) addTo(doc *Explain) {
	n := a.Notice
	doc.Matches = append(doc.Matches, Match{
		ID:      string(n.Name),
		Kind:    KindWarning,
		Code:    string(n.Name),
		Title:   Clean(n.Title),
		Meaning: Clean(n.Meaning),
		Retry:   string(codes.RetryNo),

		LikelyCauses: []string{},
		Remedies:     cleanAll(n.Remedies),

		Lines:       []int{},
		TrackingIDs: []string{},
		Count:       1,
		Inputs:      []string{},
		Sources:     []string{},
	})
}

func (a *NoticeAnswer) query() Query {
	return Query{IDs: []string{string(a.Notice.Name)}, Kind: queryWarning}
}

func (a *NoticeAnswer) html() htmlBlock {
	n := a.Notice
	return htmlBlock{Title: Clean(n.Title), Text: []string{Clean(n.Meaning), a.facts()}, Blocks: []htmlBlock{
		{Title: "What to do", Sub: true, Numbered: cleanAll(n.Remedies)},
	}}
}

func (a *NoticeAnswer) asked() []advice.Query { return nil }

// drawText draws what is known of the warning.
func (a *NoticeAnswer) drawText(p *page) {
	n := a.Notice
	p.title(Clean(n.Title))
	p.hang(a.facts(), span{})
	p.paragraph("What it is", n.Meaning)
	p.numbered("What to do", n.Remedies)
}

func (a *NoticeAnswer) drawMarkdown(m *markdown) {
	n := a.Notice
	m.heading(3, escape(Clean(n.Title)))
	m.paragraph(escape(a.facts()))
	m.paragraph(escape(Clean(n.Meaning)))
	m.numbered("What to do", escapeAll(cleanAll(n.Remedies)))
}

func (a *NoticeAnswer) facts() string {
	return "kind " + KindWarning + ", id " + string(a.Notice.Name) + "; a warning hinders no registration today"
}
