package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// drawText draws every answer in turn, and what they say together.
func (d *Explain) drawText(p *page) {
	switch {
	case d.list != nil:
		d.list.draw(p)
		return
	case d.log != nil:
		d.log.draw(p, d.Decide)
		return
	}
	for i := range d.answers {
		if i > 0 {
			p.blank()
			p.separator()
			p.blank()
		}
		d.answers[i].draw(p)
	}
	d.drawTogether(p)
}

func (a *Answer) draw(p *page) {
	switch {
	case a.Rule != nil:
		drawRule(p, a.Rule)
	case len(a.Entries) > 0:
		drawEntry(p, a.Entries[0])
		drawMore(p, a.causes)
		drawSiblings(p, a.Entries[1:])
	default:
		a.drawUnknown(p)
	}
}

// drawEntry draws everything the catalogue says of one code.
func drawEntry(p *page, e *codes.Entry) {
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

// drawSiblings names the other rows that share the query.
func drawSiblings(p *page, entries []*codes.Entry) {
	if len(entries) == 0 {
		return
	}
	p.heading("Also under this name (dpsdiag explain ID)")
	p.entryLines(entries)
}

// entryLines lists entries by the id that explains them.
func (p *page) entryLines(entries []*codes.Entry) {
	list := make([]field, 0, len(entries))
	for _, e := range entries {
		text := Clean(e.Code)
		if e.Name != "" && e.Name != e.Code {
			text += ": " + Clean(e.Name)
		}
		list = append(list, field{e.ID, text})
	}
	p.fields("  ", list...)
}

// drawMore points to the causes behind a code and to the sandbox that shows the first
// which has a scenario.
func drawMore(p *page, causes []*cause.Definition) {
	if list := moreOf(causes); len(list) > 0 {
		p.heading("More")
		p.fields("  ", list...)
	}
}

// moreOf are commands, each with what it tells.
func moreOf(causes []*cause.Definition) []field {
	sandbox := ""
	var list []field
	for _, rule := range causes {
		list = append(list, field{"dpsdiag explain " + rule.ID.String(), rule.Title})
		sandbox = cmp.Or(sandbox, rule.SandboxCommand())
	}
	if sandbox != "" {
		list = append(list, field{sandbox, "see it happen, without Azure"})
	}
	return list
}

// maxShownCodes bounds the list of codes below a cause.
const maxShownCodes = 12

// drawRule draws everything that is known of one cause.
func drawRule(p *page, rule *cause.Definition) {
	p.title(Clean(rule.Title))
	p.hang("kind "+KindCause+", id "+rule.ID.String(), span{})
	p.paragraph("What it is", rule.Meaning)
	p.numbered("How to make sure", rule.Confirm)
	p.numbered("What to do", rule.Remedies)
	drawDecider(p, rule.Decide)
	if entries := codes.ByCause(rule.ID); len(entries) > 0 {
		p.heading("Codes and messages it shows as")
		shown := entries[:min(len(entries), maxShownCodes)]
		p.entryLines(shown)
		if left := len(entries) - len(shown); left > 0 {
			p.hang(fmt.Sprintf("and %d more", left), span{"  ", plain})
		}
	}
	p.heading("In the sandbox")
	if rule.Scenario == "" {
		p.hang("There is no scenario: "+rule.NoScenario, span{"  ", plain})
		return
	}
	p.command(rule.SandboxCommand(), span{"  $ ", faint})
}

func drawDecider(p *page, d *cause.Step) {
	if d == nil {
		return
	}
	p.heading("What would decide it")
	p.hang(Clean(d.How), span{"  ", plain})
	if d.Command != "" {
		p.command(Clean(d.Command), span{"  $ ", faint})
	}
}

// drawUnknown says what a code that is not in the catalogue may be.
func (a *Answer) drawUnknown(p *page) {
	p.hang(`"`+Clean(a.Query)+`" is not known to dpsdiag.`, span{strings.TrimSpace(p.marks.failed) + " ", bad})
	if a.Class != 0 {
		p.paragraph("Its class", a.classText())
	}
	if len(a.Nearest) > 0 {
		p.heading("Nearest known codes (dpsdiag explain ID)")
		p.entryLines(a.Nearest)
	}
	p.heading("More")
	p.fields("  ", field{"dpsdiag explain --all", "every code that dpsdiag knows"})
}

func (a *Answer) classText() string {
	text := fmt.Sprintf("The first three digits of a six-digit code are the HTTP status it belongs to, here %d.", a.Class)
	if len(a.Nearest) == 0 {
		return text
	}
	class := a.Nearest[len(a.Nearest)-1]
	return fmt.Sprintf("%s %s: %s", text, titleOf(class), class.Meaning)
}

// together reports whether several answers have causes to be ranked in one list.
func (d *Explain) together() bool {
	known := slices.DeleteFunc(slices.Clone(d.answers), func(a Answer) bool { return !a.Known() })
	return len(known) > 1 && len(d.Causes) > 0
}

// drawTogether ranks the causes of several queries in one list.
func (d *Explain) drawTogether(p *page) {
	if !d.together() {
		return
	}
	p.blank()
	p.separator()
	p.heading("Causes of all of them together, the most likely first")
	for i, c := range d.Causes {
		p.hang(fmt.Sprintf("%s [%s]", c.Title, c.ID), span{fmt.Sprintf("%3d. ", i+1), strong})
		for j, line := range c.Because {
			p.hang(line, label(firstOnly(j, strengthText(c.Strength))), span{p.marks.bullet + " ", faint})
		}
	}
}

// paragraph writes a block of text below its heading, unless there is none.
func (p *page) paragraph(title, text string) {
	if text == "" {
		return
	}
	p.heading(title)
	p.hang(Clean(text), span{"  ", plain})
}

func (p *page) numbered(title string, items []string) {
	if len(items) == 0 {
		return
	}
	p.heading(title)
	for i, item := range items {
		p.hang(Clean(item), span{pad("  "+strconv.Itoa(i+1)+".", 5), plain})
	}
}

func (p *page) bullets(title string, items []string) {
	if len(items) == 0 {
		return
	}
	p.heading(title)
	for _, item := range items {
		p.hang(item, span{"  " + p.marks.bullet + " ", faint})
	}
}
