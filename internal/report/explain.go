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

// KindCause is the kind of a match that is a cause and not an error code.
const KindCause = "cause"

// View is which document an [Explain] is of: what was asked for.
type View string

// The views.
const (
	ViewAnswers   View = "answers"   // codes and causes, [Answers]
	ViewCommon    View = "common"    // the table of common codes, [Common]
	ViewCatalogue View = "catalogue" // a list of codes, [Catalogue]
	ViewText      View = "text"      // a text, [Log]
	ViewParts     View = "parts"     // codes and causes together with a text, [Parts]
)

// Explain is the JSON that the documents of the command explain share: [Answers], [Common],
// [Catalogue], [Log] and [Parts] embed it. It has everything that they show, except for the texts
// of the catalogue on a code or a cause, which are found by its id.
type Explain struct {
	Schema   string     `json:"schema"`
	ExitCode int        `json:"exit_code"`
	View     View       `json:"view"`
	Queries  []Query    `json:"queries"` // of the views answers and parts, each with what it was taken for
	Matches  []Match    `json:"matches"`
	Causes   []Cause    `json:"causes"`    // most likely first
	RuledOut []RuledOut `json:"ruled_out"` // by a text
	Outcome  Outcome    `json:"outcome"`   // of the registration in a text
	Inputs   []Input    `json:"inputs"`    // the texts that were read
	Facts    []Fact     `json:"facts"`     // about the device, from a text
	Nearest  []Nearest  `json:"nearest"`   // for what was not recognised
	Decide   []Decider  `json:"decide"`    // what would separate causes that are left together
	Collect  []Collect  `json:"collect"`   // how to get a text with more in it
	Notes    []Note     `json:"notes"`     // on the device of a text, such as a release past its support; no causes
}

// Query is a code or a cause that was asked for.
type Query struct {
	Text string   `json:"text"` // as it was asked for, if it is not known
	IDs  []string `json:"ids"`  // of the codes or the cause that it is, or of those that come closest
	Kind string   `json:"kind"` // code, cause or unknown
	// Class is the first half of an unknown six-digit code, 0 for any other query.
	Class int `json:"class"`
}

// Input is a text that was read. The name is "" if there was only one.
type Input struct {
	Name     string `json:"name"`
	Encoding string `json:"encoding"`
	Lines    int    `json:"lines"`
}

// Place is a line of an input, counted from 1. The input is "" if there was only one.
type Place struct {
	Input string `json:"input"`
	Line  int    `json:"line"`
}

// Fact is a fact about the device in a text, with its place.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Place
}

// Collect says how to make a client write a more detailed log.
type Collect struct {
	Client string `json:"client"`
	How    string `json:"how"`
}

// Note is a remark on the device that a text is about, with its place in the text and a published source.
type Note struct {
	Text   string `json:"text"`
	Source string `json:"source"`
	Place
}

// Match is one known error, or one cause, that a query or a text contains. HTTPStatus is 0
// if the error has none, Lines is empty if the query was not text of several lines.
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
	// Inputs are the texts that the Lines are of, one for each; empty if there was only one.
	Inputs []string `json:"inputs"`
	Phrase string   `json:"phrase"` // how a text puts it
	// Wrapper says that it wraps other errors, or is a report of progress.
	Wrapper bool `json:"wrapper"`
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
func newExplain(view View) Explain {
	return Explain{
		Schema: ExplainSchema, View: view, Outcome: newOutcome(&logtext.Outcome{}),
		Queries: []Query{}, Matches: []Match{}, Causes: []Cause{}, RuledOut: []RuledOut{}, Inputs: []Input{}, Facts: []Fact{},
		Nearest: []Nearest{}, Decide: []Decider{}, Collect: []Collect{}, Notes: []Note{},
	}
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
		Inputs:       []string{},
		Wrapper:      e.Wrapper || len(e.CauseIDs) == 0,
	}
}

func titleOf(e *codes.Entry) string { return cmp.Or(e.Name, e.Code) }

// sourcesOf are an entry's sources that a reader can look up. "seed", the initial requirements
// of dpsdiag, is not one.
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
