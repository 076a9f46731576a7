package report

import (
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// Log is what was found in a text, such as a device's log, and its diagnosis.
type Log struct{ Explain }

// exclusion is a reason that rules out some causes.
type exclusion struct {
	reason string
	titles []string
}

// NewLog makes the report on what was found in a text, and its diagnosis. Its exit status
// is that of a known code if the text contains anything known.
func NewLog(found *logtext.Findings, d advice.TextDiagnosis) *Log {
	doc := &Log{newExplain(ViewText)}
	doc.Outcome = newOutcome(&found.Outcome)
	doc.Facts = logFacts(found)
	for _, in := range found.Inputs {
		doc.Inputs = append(doc.Inputs, Input{Clean(in.Name), string(in.Encoding), in.Lines})
	}
	doc.ExitCode = ExitUnknown
	ended := found.Outcome.Good() || found.Outcome.State == logtext.OutcomeUnfinished
	if len(found.Matches) > 0 || len(d.Causes) > 0 || ended {
		doc.ExitCode = ExitOK
	}
	for i := range found.Matches {
		doc.Matches = append(doc.Matches, foundMatch(&found.Matches[i]))
	}
	for _, c := range d.Causes {
		doc.Causes = append(doc.Causes, newCause(c))
	}
	for _, c := range d.RuledOut {
		doc.RuledOut = append(doc.RuledOut, newRuledOut(c))
	}
	for i := range d.Decide {
		doc.addStep(&d.Decide[i])
	}
	for _, c := range d.Collect {
		doc.Collect = append(doc.Collect, Collect{Clean(c.Client), Clean(c.How)})
	}
	for _, n := range d.Notes {
		doc.Notes = append(doc.Notes, Note{Clean(n.Text), Clean(n.Source), newPlace(n.Place)})
	}
	if doc.ExitCode == ExitUnknown {
		doc.addNearestOf(found)
	}
	return doc
}

func foundMatch(m *logtext.Match) Match {
	match := entryMatch(m.Entry)
	match.Count = m.Count
	match.TrackingIDs = cleanAll(m.TrackingIDs)
	match.Phrase = strings.ReplaceAll(strings.Trim(Clean(m.Phrase), `"`), `"`, "'")
	for _, p := range m.Places {
		match.Lines = append(match.Lines, p.Line)
		if p.Input != "" {
			match.Inputs = append(match.Inputs, Clean(p.Input))
		}
	}
	return match
}

func newPlace(p logtext.Place) Place { return Place{Clean(p.Input), p.Line} }

// String names the place in words.
func (p Place) String() string { return logtext.Place(p).String() }

// exclusions groups the causes that are ruled out for the same reason.
func exclusions(causes []RuledOut) []exclusion {
	var list []exclusion
	for _, c := range causes {
		reason := c.Because[0]
		i := slices.IndexFunc(list, func(e exclusion) bool { return e.reason == reason })
		if i < 0 {
			i = len(list)
			list = append(list, exclusion{reason: reason})
		}
		list[i].titles = append(list[i].titles, c.Title)
	}
	return list
}

// The maximum numbers of near entries that are shown.
const (
	maxNearest = 5
	nearPerRow = 2
)

// addNearestOf adds what comes closest to the lines that look like errors: known errors in
// lines about something else, then known errors with similar words.
func (d *Log) addNearestOf(found *logtext.Findings) {
	add := func(query string, e *codes.Entry) {
		known := slices.ContainsFunc(d.Nearest, func(n Nearest) bool { return n.ID == e.ID })
		if len(d.Nearest) < maxNearest && !known {
			d.addNearest(query, e)
		}
	}
	for i := range found.Dropped {
		add(found.Dropped[i].Phrase, found.Dropped[i].Entry)
	}
	for _, line := range found.Unmatched {
		for _, e := range codes.Nearest(line.Text, nearPerRow) {
			add(line.Text, e)
		}
	}
}

// logFacts returns the facts about the device in the text, each with its line.
func logFacts(found *logtext.Findings) []Fact {
	list := []Fact{}
	ids := func(name string, values []logtext.ID) {
		for _, id := range values {
			list = append(list, Fact{name, Clean(id.Value), newPlace(id.Place)})
		}
	}
	ids("id scope", found.IDs.Scopes)
	ids("registration id", found.IDs.RegistrationIDs)
	ids("common name", found.IDs.CommonNames)
	ids("endpoint", found.IDs.Endpoints)
	ids("hub", found.IDs.Hubs)
	ids("api-version", found.IDs.APIVersions)
	for _, kind := range []struct {
		kind logtext.Kind
		name string
	}{{logtext.KindAttestation, "attestation"}, {logtext.KindTransport, "transport"}} {
		for _, f := range found.Facts {
			if f.Kind == kind.kind {
				list = append(list, Fact{kind.name, Clean(f.Value), newPlace(f.Line.Place)})
			}
		}
	}
	ids("tracking id", found.IDs.TrackingIDs)
	return list
}
