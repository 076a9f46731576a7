package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// CodeAnswer is a query that is a known code: its entries of the catalogue, of which there
// is at least one, the best first.
type CodeAnswer struct{ Entries []*codes.Entry }

func (a *CodeAnswer) addTo(doc *Explain) { doc.addEntries(a.Entries) }

func (a *CodeAnswer) query() Query { return Query{IDs: idsOf(a.Entries), Kind: queryCode} }

// votes are for the causes of the best entry.
func (a *CodeAnswer) asked() []advice.Query { return []advice.Query{{Entry: a.Entries[0]}} }

// causes are those of the best entry, most likely first.
func (a *CodeAnswer) causes() []*cause.Definition {
	var found []*cause.Definition
	for _, id := range a.Entries[0].CauseIDs {
		found = append(found, id.Definition())
	}
	return found
}

// drawText draws the best entry in short, or everything that the catalogue says of it.
func (a *CodeAnswer) drawText(p *page) {
	if p.opts.Verbose {
		a.drawAll(p)
		return
	}
	a.drawShort(p)
}

// shortCauses is how many likely causes the short answer names.
const shortCauses = 4

// drawShort asks for the message if the code has several, and shows what is true for all of them.
func (a *CodeAnswer) drawShort(p *page) {
	e := a.Entries[0]
	title := e.Code
	if e.Name != "" && e.Name != e.Code {
		title += " " + e.Name
	}
	if e.HTTPStatus != 0 && e.Kind != codes.KindHTTP {
		title += fmt.Sprintf(" (HTTP status %d)", e.HTTPStatus)
	}
	p.title(Clean(title))
	variants, others := a.variants()
	if len(variants) > 0 {
		p.heading("Which message do you have? (dpsdiag explain ID)")
		drawLookups(p, variants)
		p.heading("Whichever it is")
	}
	p.clip(shortDetail, Clean(e.Meaning), partLabel("meaning"))
	for i, text := range e.Causes[:min(len(e.Causes), shortCauses)] {
		p.clip(2, Clean(text), partLabel(firstOnly(i, "likely")))
	}
	for i, text := range e.Remedies[:min(len(e.Remedies), 2)] {
		p.clip(2, Clean(text), partLabel(firstOnly(i, "do")))
	}
	p.clip(2, retryText(e.Retry), partLabel("try again?"))
	a.drawFurther(p, others)
}

// drawFurther says where more stands: on the first cause, in a sandbox, and on what has the
// same name.
func (a *CodeAnswer) drawFurther(p *page, others []*codes.Entry) {
	p.hang("--verbose has all causes, remedies and sources", partLabel("more"))
	var commands []string
	for _, f := range a.more() {
		if len(commands) == 0 || strings.Contains(f.name, "--sandbox") || strings.HasPrefix(f.name, "dpsdiag kql ") {
			commands = append(commands, f.name)
		}
	}
	for _, e := range others[:min(len(others), shortCauses)] {
		commands = append(commands, "dpsdiag explain "+e.ID)
	}
	for _, command := range commands {
		p.command(command, partLabel(""))
	}
}

// variants are the other entries that are this code with a message of its own, with all that
// have its number where there are such, and the entries that are something else.
func (a *CodeAnswer) variants() (variants, others []*codes.Entry) {
	number := a.Entries[0].Code
	split := slices.ContainsFunc(a.Entries[1:], func(e *codes.Entry) bool { return strings.HasPrefix(e.Code, number+" (") })
	for _, e := range a.Entries[1:] {
		if split && strings.HasPrefix(e.Code, number) {
			variants = append(variants, e)
		} else {
			others = append(others, e)
		}
	}
	return variants, others
}

// drawLookups lists entries by their messages, with the id that explains each.
func drawLookups(p *page, entries []*codes.Entry) {
	list := make([]field, 0, len(entries))
	for _, e := range entries {
		name := Clean(titleOf(e))
		if _, message, found := strings.Cut(strings.TrimSuffix(Clean(e.Code), ")"), " ("); found && strings.Contains(message, name) {
			name = message // which says more
		}
		if e.Kind == codes.KindIoTHub {
			name += " (from a hub)"
		}
		list = append(list, field{name, e.ID})
	}
	p.fields("  ", list...)
}

// drawAll draws everything that the catalogue says of the best entry, and names the others.
func (a *CodeAnswer) drawAll(p *page) {
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
	m.table([]string{"Command", "shows"}, rows)
}

// more are commands, each with what it shows: one for each cause, the sandbox that shows the first
// cause which has a scenario, and the query for Log Analytics.
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
	if query := queryCommand(a.Entries[0]); query != "" {
		list = append(list, field{query, "the query for the devices with it"})
	}
	return list
}

// queryCommand prints the query for the devices that were refused with a code, "" if the service does
// not record it.
func queryCommand(e *codes.Entry) string {
	code, err := strconv.Atoi(e.Code)
	recorded := e.Kind == codes.KindDPS || e.Kind == codes.KindHTTP
	if err != nil || code < 400 || !recorded || !slices.Contains(e.AppliesTo, "device-api") {
		return ""
	}
	return "dpsdiag kql " + e.Code
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
