package report

import (
	"cmp"
	"fmt"
	"slices"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// ExplainSchema names the JSON of an [Explain].
const ExplainSchema = "dpsdiag/explain/1"

// KindCause is the kind of a match that is a cause and no error code.
const KindCause = "cause"

// Explain is what is known of one or more codes.
type Explain struct {
	Schema   string        `json:"schema"`
	ExitCode int           `json:"exit_code"`
	Matches  []Match       `json:"matches"`
	Causes   []LikelyCause `json:"causes"`  // most likely first
	Outcome  Outcome       `json:"outcome"` // of the registration that a text tells of
	Nearest  []Nearest     `json:"nearest"` // for what was not recognised
	Decide   []Decider     `json:"decide"`  // what would separate causes that are left together

	// answers is what the text shows of each query; list or log, if set, takes their place.
	answers []Answer
	list    *list
	log     *log
}

// Match is one known error, or one cause, that a query or a text holds. HTTPStatus is 0
// where the error has none, Lines is empty where the query was no text of several lines.
type Match struct {
	ID          string   `json:"id"`
	Kind        string   `json:"kind"`
	Code        string   `json:"code"`
	Title       string   `json:"title"`
	Meaning     string   `json:"meaning"`
	HTTPStatus  int      `json:"http_status"`
	Retry       string   `json:"retry"`
	Lines       []int    `json:"lines"`
	TrackingIDs []string `json:"tracking_ids"`
	Count       int      `json:"count"`
	Sources     []string `json:"sources"`
}

// LikelyCause is a cause that a code is evidence for.
type LikelyCause struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Strength string   `json:"strength"`
	Because  []string `json:"because"`
	Remedies []string `json:"remedies"`
}

// Nearest is a known code that looks like one that is not.
type Nearest struct {
	Query string `json:"query"` // what was not recognised
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Code  string `json:"code"`
	Title string `json:"title"`
}

// Answer is what was found for one query: entries of the catalogue, best first, or a
// cause, or else the nearest entries.
type Answer struct {
	Query   string
	Entries []*codes.Entry
	Rule    *cause.Definition
	// Class is the first half of an unknown six-digit code, which is an HTTP status; 0
	// for any other query.
	Class int
	// Nearest are the entries that come closest; for a Class, the last is its row.
	Nearest []*codes.Entry

	causes []*cause.Definition // behind the best entry, most likely first
}

// Known reports whether anything was found.
func (a Answer) Known() bool { return a.Rule != nil || len(a.Entries) > 0 }

// NewExplain makes the report on queries. Its exit status says whether anything at all
// was recognised.
func NewExplain(answers []Answer) *Explain {
	doc := emptyExplain()
	doc.answers = slices.Clone(answers)
	doc.ExitCode = ExitUnknown
	for i := range doc.answers {
		a := &doc.answers[i]
		if len(a.Entries) > 0 {
			a.causes = definitionsOf(a.Entries[0].CauseIDs)
		}
		if a.Known() {
			doc.ExitCode = ExitOK
		}
		if a.Rule != nil {
			doc.Matches = append(doc.Matches, causeMatch(a.Rule))
			doc.addStep(a.Rule.Decide)
		}
		doc.addEntries(a.Entries)
		for _, e := range a.Nearest {
			doc.Nearest = append(doc.Nearest, Nearest{Clean(a.Query), e.ID, string(e.Kind), Clean(e.Code), Clean(titleOf(e))})
		}
	}
	doc.Causes = likelyCauses(doc.answers)
	return doc
}

func emptyExplain() *Explain {
	return &Explain{Schema: ExplainSchema, Outcome: newOutcome(&logtext.Outcome{}), Matches: []Match{}, Causes: []LikelyCause{}, Nearest: []Nearest{}, Decide: []Decider{}}
}

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

func entryMatch(e *codes.Entry) Match {
	return Match{
		ID:          e.ID,
		Kind:        string(e.Kind),
		Code:        Clean(e.Code),
		Title:       Clean(titleOf(e)),
		Meaning:     Clean(e.Meaning),
		HTTPStatus:  e.HTTPStatus,
		Retry:       string(e.Retry),
		Lines:       []int{},
		TrackingIDs: []string{},
		Count:       1,
		Sources:     sourcesOf(e),
	}
}

// causeMatch presents a cause that was asked for by its id.
func causeMatch(rule *cause.Definition) Match {
	return Match{
		ID:          rule.ID.String(),
		Kind:        KindCause,
		Code:        rule.ID.String(),
		Title:       Clean(rule.Title),
		Meaning:     Clean(rule.Meaning),
		Retry:       string(codes.RetryAfterFix),
		Lines:       []int{},
		TrackingIDs: []string{},
		Count:       1,
		Sources:     []string{},
	}
}

func titleOf(e *codes.Entry) string { return cmp.Or(e.Name, e.Code) }

// sourcesOf are an entry's sources that a reader can look up; "seed" marks what dpsdiag
// was asked to know.
func sourcesOf(e *codes.Entry) []string {
	public := slices.DeleteFunc(slices.Clone(e.Sources), func(s string) bool { return s == "seed" })
	return cleanAll(public)
}

// vote gathers what speaks for a cause.
type vote struct {
	rule    *cause.Definition
	answers int  // queries that name it
	alone   bool // a code names it and nothing else, or it was asked for
	because []string
}

// likelyCauses ranks the causes that the best match of each query is evidence for. A code
// read alone proves nothing: a cause is suggested when a code names no other or when
// several queries name it, and allowed otherwise.
func likelyCauses(answers []Answer) []LikelyCause {
	var votes []*vote
	for _, a := range answers {
		for _, v := range a.votes() {
			votes = merge(votes, v)
		}
	}
	slices.SortStableFunc(votes, func(a, b *vote) int {
		return cmp.Or(cmp.Compare(b.strength(), a.strength()), cmp.Compare(b.answers, a.answers))
	})
	causes := make([]LikelyCause, 0, len(votes))
	for _, v := range votes {
		causes = append(causes, LikelyCause{
			ID: v.rule.ID.String(), Title: Clean(v.rule.Title), Strength: v.strength().String(),
			Because: cleanAll(v.because), Remedies: cleanAll(v.rule.Remedies),
		})
	}
	return causes
}

// votes are the causes one query names, in order.
func (a Answer) votes() []*vote {
	if a.Rule != nil {
		return []*vote{{rule: a.Rule, answers: 1, alone: true, because: []string{"it was asked for by its id"}}}
	}
	alone := len(a.causes) == 1
	var votes []*vote
	for i, rule := range a.causes {
		best := a.Entries[0]
		reason := fmt.Sprintf("%s (%s) is evidence for %d causes; this is number %d", best.Code, titleOf(best), len(a.causes), i+1)
		if alone {
			reason = fmt.Sprintf("%s (%s) is evidence for this cause alone", best.Code, titleOf(best))
		}
		votes = append(votes, &vote{rule: rule, answers: 1, alone: alone, because: []string{reason}})
	}
	return votes
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

// definitionsOf are the definitions of several causes, in their order.
func definitionsOf(ids []cause.ID) []*cause.Definition {
	var found []*cause.Definition
	for _, id := range ids {
		found = append(found, id.Definition())
	}
	return found
}
