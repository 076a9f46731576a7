package report

import (
	"cmp"
	"fmt"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// CodeAnswer is a query that is a known code: its entries of the catalogue, of which there
// is at least one, the best first.
type CodeAnswer struct{ Entries []*codes.Entry }

func (a *CodeAnswer) addTo(doc *Explain) { doc.addEntries(a.Entries) }

func (a *CodeAnswer) query() Query { return Query{IDs: idsOf(a.Entries), Kind: queryCode} }

// votes are for the causes of the best entry.
func (a *CodeAnswer) votes() []*vote {
	best := a.Entries[0]
	causes := a.causes()
	alone := len(causes) == 1
	var votes []*vote
	for i, rule := range causes {
		reason := fmt.Sprintf("%s (%s) is evidence for %d causes; this is number %d", best.Code, titleOf(best), len(causes), i+1)
		if alone {
			reason = fmt.Sprintf("%s (%s) is evidence for this cause alone", best.Code, titleOf(best))
		}
		votes = append(votes, &vote{rule: rule, answers: 1, alone: alone, because: []string{reason}})
	}
	return votes
}

// causes are those of the best entry, most likely first.
func (a *CodeAnswer) causes() []*cause.Definition {
	var found []*cause.Definition
	for _, id := range a.Entries[0].CauseIDs {
		found = append(found, id.Definition())
	}
	return found
}

// drawText draws everything that the catalogue says of the best entry, and names the others.
func (a *CodeAnswer) drawText(p *page) {
	e := a.Entries[0]
	title := e.Code
	if e.Name != "" && e.Name != e.Code {
		title += " " + e.Name
	}
	p.title(Clean(title))
	p.hang(entryFacts(e), span{})
	p.paragraph("Meaning", e.Meaning)
	p.numbered("Likely causes, the most likely first", e.Causes)
	p.numbered("What to do", e.Remedies)
	p.paragraph("Try again?", retryText(e.Retry))
	p.paragraph("Sources disagree", e.Conflict)
	p.bullets("Sources", sourcesOf(e))
	if more := a.more(); len(more) > 0 {
		p.heading("More")
		p.fields("  ", more...)
	}
	if others := a.Entries[1:]; len(others) > 0 {
		p.heading("Also under this name (dpsdiag explain ID)")
		drawEntries(p, others)
	}
}

func (a *CodeAnswer) drawMarkdown(m *markdown) {
	e := a.Entries[0]
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
	a.markMore(m)
	markEntries(m, "Also under this name", a.Entries[1:])
}

func (a *CodeAnswer) markMore(m *markdown) {
	more := a.more()
	if len(more) == 0 {
		return
	}
	rows := make([][]inline, 0, len(more))
	for _, f := range more {
		rows = append(rows, []inline{code(f.name), escape(f.value)})
	}
	m.paragraph(strongText("More"))
	m.table([]string{"Command", "tells"}, rows)
}

// more are commands, each with what it tells: one for each cause, and the sandbox that shows
// the first cause which has a scenario.
func (a *CodeAnswer) more() []field {
	sandbox := ""
	var list []field
	for _, rule := range a.causes() {
		list = append(list, field{"dpsdiag explain " + rule.ID.String(), rule.Title})
		sandbox = cmp.Or(sandbox, rule.SandboxCommand())
	}
	if sandbox != "" {
		list = append(list, field{sandbox, "see it happen, without Azure"})
	}
	return list
}

// entryFacts is the line below an entry's title.
func entryFacts(e *codes.Entry) string {
	facts := fmt.Sprintf("kind %s, id %s", e.Kind, e.ID)
	if e.HTTPStatus != 0 {
		facts += fmt.Sprintf(", HTTP status %d", e.HTTPStatus)
	}
	if e.Confidence != "" {
		facts += ", " + e.Confidence
	}
	return facts
}

// retryText says in words whether and how to try again.
func retryText(retry codes.Retry) string {
	switch retry {
	case codes.RetryBackoff:
		return "Yes: the same request again with exponential backoff and random jitter, never sooner than a Retry-After asks."
	case codes.RetryAfterFix:
		return "Only after the cause is removed: the same request gets the same answer."
	case codes.RetryReregister:
		return "With a full registration through DPS, after the credential or the settings are right."
	case codes.RetryStatusLookup:
		return "Yes, but first use the cached hub details or ask for the registration status; then register again with backoff and jitter."
	}
	return "There is nothing to try again."
}
