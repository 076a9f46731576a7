package report

import (
	"fmt"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// CauseAnswer is a query that is the id of a cause.
type CauseAnswer struct{ Definition *cause.Definition }

func (a *CauseAnswer) addTo(doc *Explain) {
	def := a.Definition
	doc.Matches = append(doc.Matches, Match{
		ID:           def.ID.String(),
		Kind:         KindCause,
		Code:         def.ID.String(),
		Title:        Clean(def.Title),
		Meaning:      Clean(def.Meaning),
		Retry:        string(codes.RetryAfterFix),
		LikelyCauses: []string{},
		Remedies:     cleanAll(def.Remedies),
		Lines:        []int{},
		TrackingIDs:  []string{},
		Count:        1,
		Sources:      []string{},
		Inputs:       []string{},
	})
	doc.addStep(def.Decide)
}

func (a *CauseAnswer) query() Query {
	return Query{IDs: []string{a.Definition.ID.String()}, Kind: queryCause}
}

func (a *CauseAnswer) asked() []advice.Query { return []advice.Query{{Cause: a.Definition}} }

// maxShownCodes is the maximum length of the list of codes below a cause.
const maxShownCodes = 12

// codes are the entries of the catalogue that are evidence for the cause: those that are
// shown, and how many more there are.
func (a *CauseAnswer) codes() (shown []*codes.Entry, left int) {
	all := codes.ByCause(a.Definition.ID)
	shown = all[:min(len(all), maxShownCodes)]
	return shown, len(all) - len(shown)
}

// drawText draws the cause in short, or everything that is known of it.
func (a *CauseAnswer) drawText(p *page) {
	if p.opts.Verbose {
		a.drawAll(p)
		return
	}
	a.drawShort(p)
}

// drawShort draws what the cause is, how to make sure and what to do.
func (a *CauseAnswer) drawShort(p *page) {
	def := a.Definition
	p.title(Clean(def.Title) + " (" + def.ID.String() + ")")
	p.clip(4, Clean(def.Meaning), partLabel("meaning"))
	for i, text := range def.Confirm[:min(len(def.Confirm), 2)] {
		p.clip(shortDetail, Clean(text), partLabel(firstOnly(i, "make sure")))
	}
	if def.Show != "" {
		p.command(Clean(def.Show), partLabel("check"))
	}
	for i, text := range def.Remedies {
		p.clip(2, Clean(text), partLabel(firstOnly(i, "do")))
	}
	if shown, left := a.codes(); len(shown) > 0 {
		p.hang(fmt.Sprintf("shows as %s; --verbose lists them", plural(len(shown)+left, "known error")), partLabel("more"))
	}
	if command := def.SandboxCommand(); command != "" {
		p.command(command, partLabel("see it"))
	}
}

// drawAll draws everything that is known of the cause.
func (a *CauseAnswer) drawAll(p *page) {
	def := a.Definition
	p.title(Clean(def.Title))
	p.hang("kind "+KindCause+", id "+def.ID.String(), span{})
	p.paragraph("What it is", def.Meaning)
	p.numbered("How to make sure", def.Confirm)
	if def.Show != "" {
		p.command(Clean(def.Show), span{"     $ ", faint})
	}
	p.numbered("What to do", def.Remedies)
	if def.Decide != nil {
		p.paragraph("What would decide it", def.Decide.How)
		if def.Decide.Command != "" {
			p.command(Clean(def.Decide.Command), span{"  $ ", faint})
		}
	}
	if shown, left := a.codes(); len(shown) > 0 {
		p.heading("Codes and messages that it leads to")
		drawEntries(p, shown)
		if left > 0 {
			p.hang(fmt.Sprintf("and %d more", left), span{"  ", plain})
		}
	}
	p.heading("In the sandbox")
	if def.Scenario == "" {
		p.hang("There is no scenario: "+def.NoScenario, span{"  ", plain})
		return
	}
	p.command(def.SandboxCommand(), span{"  $ ", faint})
}

func (a *CauseAnswer) drawMarkdown(m *markdown) {
	def := a.Definition
	m.heading(3, escape(Clean(def.Title)))
	m.paragraph(escape("kind " + KindCause + ", id " + def.ID.String()))
	m.paragraph(escape(Clean(def.Meaning)))
	m.numbered("How to make sure", escapeAll(cleanAll(def.Confirm)))
	m.numbered("What to do", escapeAll(cleanAll(def.Remedies)))
	if def.Decide != nil {
		m.paragraph(strongText("What would decide it") + " " + escape(Clean(def.Decide.How)))
		if def.Decide.Command != "" {
			m.fence("sh", Clean(def.Decide.Command))
		}
	}
	shown, left := a.codes()
	markEntries(m, "Codes and messages that it leads to", shown)
	if left > 0 {
		m.paragraph(escape(fmt.Sprintf("and %d more", left)))
	}
	m.paragraph(strongText("In the sandbox"))
	if def.Scenario == "" {
		m.paragraph(escape("There is no scenario: " + Clean(def.NoScenario)))
		return
	}
	m.fence("sh", def.SandboxCommand())
}
