package report

import (
	"cmp"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// ExplainSchema names the JSON of an [Explain].
const ExplainSchema = "dpsdiag/explain/1"

// KindCause is the kind of a match that is a cause and no error code.
const KindCause = "cause"

// Explain is the JSON that the documents of the command explain share: [Answers], [Common],
// [Catalogue] and [Log] embed it, and each draws what it knows besides.
type Explain struct {
	Schema   string        `json:"schema"`
	ExitCode int           `json:"exit_code"`
	Matches  []Match       `json:"matches"`
	Causes   []LikelyCause `json:"causes"`  // most likely first
	Outcome  Outcome       `json:"outcome"` // of the registration that a text tells of
	Nearest  []Nearest     `json:"nearest"` // for what was not recognised
	Decide   []Decider     `json:"decide"`  // what would separate causes that are left together
}

// Match is one known error, or one cause, that a query or a text holds. HTTPStatus is 0
// where the error has none, Lines is empty where the query was no text of several lines.
type Match struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Code       string `json:"code"`
	Title      string `json:"title"`
	Meaning    string `json:"meaning"`
	HTTPStatus int    `json:"http_status"`
	Retry      string `json:"retry"`
	// LikelyCauses are in words; [Explain.Causes] has those that have a page of their own.
	LikelyCauses []string `json:"likely_causes"`
	Remedies     []string `json:"remedies"`
	Disagreement string   `json:"disagreement"` // of the sources
	Lines        []int    `json:"lines"`
	TrackingIDs  []string `json:"tracking_ids"`
	Count        int      `json:"count"`
	Sources      []string `json:"sources"`
}

// LikelyCause is a cause that a code or a text is evidence for.
type LikelyCause struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Strength string   `json:"strength"`
	Because  []string `json:"because"`
	Remedies []string `json:"remedies"`
	Command  string   `json:"command"` // shows what the cause is about; "" where none does
}

// Nearest is a known code that looks like one that is not.
type Nearest struct {
	Query string `json:"query"` // what was not recognised
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Code  string `json:"code"`
	Title string `json:"title"`
}

// newExplain is the JSON of a document that holds nothing yet.
func newExplain() Explain {
	return Explain{Schema: ExplainSchema, Outcome: newOutcome(&logtext.Outcome{}), Matches: []Match{}, Causes: []LikelyCause{}, Nearest: []Nearest{}, Decide: []Decider{}}
}

// ExitStatus implements [Document].
func (d *Explain) ExitStatus() int { return d.ExitCode }

// addStep adds a step that would decide, if there is one.
func (d *Explain) addStep(step *cause.Step) {
	if step != nil {
		d.Decide = append(d.Decide, Decider{How: Clean(step.How), Command: Clean(step.Command)})
	}
}

// addEntries adds what is not there yet: two queries may be spellings of one code.
func (d *Explain) addEntries(entries []*codes.Entry) {
	for _, e := range entries {
		known := slices.ContainsFunc(d.Matches, func(m Match) bool { return m.ID == e.ID })
		if !known {
			d.Matches = append(d.Matches, entryMatch(e))
		}
	}
}

// addNearest adds an entry that comes close to what was not recognised.
func (d *Explain) addNearest(query string, e *codes.Entry) {
	d.Nearest = append(d.Nearest, Nearest{Clean(query), e.ID, string(e.Kind), Clean(e.Code), Clean(titleOf(e))})
}

func entryMatch(e *codes.Entry) Match {
	return Match{
		ID:           e.ID,
		Kind:         string(e.Kind),
		Code:         Clean(e.Code),
		Title:        Clean(titleOf(e)),
		Meaning:      Clean(e.Meaning),
		HTTPStatus:   e.HTTPStatus,
		Retry:        string(e.Retry),
		LikelyCauses: cleanAll(e.Causes),
		Remedies:     cleanAll(e.Remedies),
		Disagreement: Clean(e.Conflict),
		Lines:        []int{},
		TrackingIDs:  []string{},
		Count:        1,
		Sources:      sourcesOf(e),
	}
}

func titleOf(e *codes.Entry) string { return cmp.Or(e.Name, e.Code) }

// sourcesOf are an entry's sources that a reader can look up; "seed" marks what dpsdiag
// was asked to know.
func sourcesOf(e *codes.Entry) []string {
	public := slices.DeleteFunc(slices.Clone(e.Sources), func(s string) bool { return s == "seed" })
	return cleanAll(public)
}

// drawEntries lists entries by the id that explains them.
func drawEntries(p *page, entries []*codes.Entry) {
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

// markEntries lists entries with the id that explains each.
func markEntries(m *markdown, title string, entries []*codes.Entry) {
	if len(entries) == 0 {
		return
	}
	m.paragraph(strongText(title))
	rows := make([][]inline, 0, len(entries))
	for _, e := range entries {
		rows = append(rows, []inline{code(e.ID), escape(Clean(e.Code)), escape(Clean(e.Name))})
	}
	m.table([]string{"Id", "Code", "Name"}, rows)
}
