package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

const explainFooter = "Written by dpsdiag explain. This page is one file: it loads nothing and runs no script."

// html makes the page of a text: how it ended, the known errors, the causes and the facts
// about the device.
func (d *Log) html() *htmlPage {
	ending := d.ending()
	page := &htmlPage{
		Title:   "dpsdiag explain",
		Heading: cmp.Or(ending.title, "What was found in the text"),
		Lead:    append(slices.Clone(ending.more), "Read: "+strings.Join(d.read(), "; ")),
		Footer:  explainFooter,
	}
	page.Mark, page.Class = htmlLook(ending.outcome())
	if d.nothing() {
		page.Heading = "Nothing known to dpsdiag is in the text"
	}
	telling, others := d.split()
	page.Blocks = slices.Concat(
		htmlCauses(d.Causes),
		htmlDecide(d.Decide),
		htmlRows(ending.errorsTitle(), telling),
		htmlRows("Wrapping errors and progress", others),
		htmlNearest(d.Nearest),
	)
	if facts := d.facts(); len(facts) > 0 {
		page.Blocks = append(page.Blocks, htmlBlock{Title: "What the text says", Fields: fieldsOf(facts...)})
	}
	var notes []string
	for i := range d.Notes {
		notes = append(notes, d.Notes[i].line())
	}
	page.Blocks = append(page.Blocks, listBlock(notesTitle, notes)...)
	page.Blocks = append(page.Blocks, d.htmlExclusions()...)
	var collect []field
	for _, c := range d.Collect {
		collect = append(collect, field{c.Client, c.How})
	}
	if len(collect) > 0 {
		page.Blocks = append(page.Blocks, htmlBlock{Title: "To get a more detailed log", Fields: fieldsOf(collect...)})
	}
	return page
}

// outcome is an ending as the outcome of a stage.
func (e *ending) outcome() probe.Outcome {
	switch {
	case e.good:
		return probe.Passed
	case e.state == logtext.OutcomeRefused:
		return probe.Failed
	}
	return probe.Warned
}

// htmlRows is a table of known errors.
func htmlRows(title string, matches []Match) []htmlBlock {
	if len(matches) == 0 {
		return nil
	}
	rows := make([][]string, 0, len(matches))
	for i := range matches {
		m := &matches[i]
		rows = append(rows, []string{m.where(), m.name(), m.quote(), m.ID})
	}
	return []htmlBlock{{Title: title, Table: &htmlTable{Header: []string{"Where", "Error", "In the text", "Id"}, Rows: rows}}}
}

func htmlNearest(list []Nearest) []htmlBlock {
	if len(list) == 0 {
		return nil
	}
	rows := make([][]string, 0, len(list))
	for _, n := range list {
		rows = append(rows, []string{n.Code, n.Title, n.ID})
	}
	return []htmlBlock{{Title: "Nearest known errors", Table: &htmlTable{Header: []string{"Code", "Name", "Id"}, Rows: rows}}}
}

func (d *Log) htmlExclusions() []htmlBlock {
	if len(d.RuledOut) == 0 {
		return nil
	}
	var rows [][]string
	for _, e := range exclusions(d.RuledOut) {
		rows = append(rows, []string{strings.Join(e.titles, "; "), e.reason})
	}
	return []htmlBlock{{
		Title: fmt.Sprintf("Ruled out (%d)", len(d.RuledOut)), Fold: true,
		Table: &htmlTable{Header: []string{"Causes", "Why not"}, Rows: rows},
	}}
}

// html makes the page of codes and causes, a block each, and the causes of all.
func (d *Answers) html() *htmlPage {
	page := &htmlPage{Title: "dpsdiag explain", Heading: "What it means", Footer: explainFooter}
	for _, a := range d.answers {
		page.Blocks = append(page.Blocks, a.html())
	}
	if d.together() {
		block := htmlCauses(d.Causes)[0]
		block.Title = togetherTitle
		page.Blocks = append(page.Blocks, block)
	}
	return page
}

func (a *CodeAnswer) html() htmlBlock {
	e := a.Entries[0]
	title := Clean(e.Code)
	if e.Name != "" && e.Name != e.Code {
		title += " " + Clean(e.Name)
	}
	block := htmlBlock{Title: title, Text: []string{Clean(e.Meaning)}, Blocks: []htmlBlock{
		{Title: "Likely causes, the most likely first", Sub: true, Numbered: cleanAll(e.Causes)},
		{Title: "What to do", Sub: true, Numbered: cleanAll(e.Remedies)},
		{Title: "Try again?", Sub: true, Text: []string{retryText(e.Retry)}},
	}}
	if e.Conflict != "" {
		block.Blocks = append(block.Blocks, htmlBlock{Title: "Sources disagree", Sub: true, Text: []string{Clean(e.Conflict)}})
	}
	more := htmlBlock{Title: "More", Fold: true, Text: []string{entryFacts(e)}, Bullets: sourcesOf(e)}
	for _, f := range a.more() {
		more.Code = append(more.Code, f.name)
	}
	block.Blocks = append(block.Blocks, more)
	if others := a.Entries[1:]; len(others) > 0 {
		block.Blocks = append(block.Blocks, entriesBlock("Also under this name", others))
	}
	return block
}

func (a *CauseAnswer) html() htmlBlock {
	def := a.Definition
	block := htmlBlock{Title: Clean(def.Title), Text: []string{Clean(def.Meaning), "cause id " + def.ID.String()}, Blocks: []htmlBlock{
		{Title: "How to make sure", Sub: true, Numbered: cleanAll(def.Confirm)},
		{Title: "What to do", Sub: true, Numbered: cleanAll(def.Remedies)},
	}}
	if def.Decide != nil {
		part := htmlBlock{Title: "What would decide it", Sub: true, Text: []string{Clean(def.Decide.How)}}
		if def.Decide.Command != "" {
			part.Code = []string{Clean(def.Decide.Command)}
		}
		block.Blocks = append(block.Blocks, part)
	}
	if shown, _ := a.codes(); len(shown) > 0 {
		block.Blocks = append(block.Blocks, entriesBlock("Codes and messages that it leads to", shown))
	}
	if command := def.SandboxCommand(); command != "" {
		block.Blocks = append(block.Blocks, htmlBlock{Title: "In the sandbox", Sub: true, Code: []string{command}})
	}
	return block
}

func (a *UnknownAnswer) html() htmlBlock {
	block := htmlBlock{Title: Clean(a.Query), Text: []string{"It is not known to dpsdiag."}}
	if a.Class != 0 {
		block.Text = append(block.Text, Clean(a.classText()))
	}
	if len(a.Nearest) > 0 {
		block.Blocks = []htmlBlock{entriesBlock("Nearest known codes", a.Nearest)}
	}
	return block
}

// html makes the page of the common codes.
func (d *Common) html() *htmlPage {
	rows := make([][]string, 0, len(d.entries))
	for _, e := range d.entries {
		rows = append(rows, []string{Clean(e.Code), Clean(titleOf(e)), Clean(e.Meaning), Clean(e.Remedies[0])})
	}
	return tablePage("Common codes of the service", []string{"Code", "HTTP status", "Meaning", "What to do"}, rows)
}

// html makes the page of a list of codes.
func (d *Catalogue) html() *htmlPage {
	rows := make([][]string, 0, len(d.entries))
	for _, e := range d.entries {
		rows = append(rows, []string{Clean(e.Code), string(e.Kind), Clean(firstSentence(e.Meaning))})
	}
	return tablePage("Known codes", []string{"Code", "Kind", "Meaning"}, rows)
}

// tablePage is a page of one table.
func tablePage(heading string, header []string, rows [][]string) *htmlPage {
	block := htmlBlock{Title: plural(len(rows), "code"), Table: &htmlTable{Header: header, Rows: rows}}
	return &htmlPage{Title: "dpsdiag explain", Heading: heading, Footer: explainFooter, Blocks: []htmlBlock{block}}
}

// entriesBlock lists entries with the id that explains each.
func entriesBlock(title string, entries []*codes.Entry) htmlBlock {
	rows := make([][]string, 0, len(entries))
	for _, e := range entries {
		rows = append(rows, []string{Clean(e.Code), Clean(e.Name), e.ID})
	}
	return htmlBlock{Title: title, Sub: true, Table: &htmlTable{Header: []string{"Code", "Name", "Id"}, Rows: rows}}
}
