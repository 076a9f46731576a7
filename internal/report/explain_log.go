package report

import (
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// Log is what a text holds, such as a device's log, and what that says.
type Log struct {
	Explain

	inputs   []logtext.Input
	ending   ending
	rows     []logRow
	facts    []field
	causes   []Cause
	ruledOut []exclusion
	collect  []field
	nearest  []*codes.Entry
}

// logRow is one known error with where it stands.
type logRow struct {
	places  []logtext.Place
	count   int
	phrase  string
	code    string
	title   string
	id      string
	wrapper bool // an envelope of other errors, or a report of progress
}

// exclusion is a reason that rules out some causes.
type exclusion struct {
	reason string
	titles []string
}

// NewLog makes the report on what was found in a text, and its diagnosis. Its exit status
// is that of a known code if the text holds anything known.
func NewLog(found *logtext.Findings, d advice.TextDiagnosis) *Log {
	doc := &Log{Explain: newExplain(), inputs: found.Inputs, ending: newEnding(&found.Outcome), facts: logFacts(found)}
	doc.Outcome = newOutcome(&found.Outcome)
	doc.ExitCode = ExitUnknown
	ended := found.Outcome.Good() || found.Outcome.State == logtext.OutcomeUnfinished
	if len(found.Matches) > 0 || len(d.Causes) > 0 || ended {
		doc.ExitCode = ExitOK
	}
	for i := range found.Matches {
		m := &found.Matches[i]
		doc.Matches = append(doc.Matches, foundMatch(m))
		doc.rows = append(doc.rows, newLogRow(m))
	}
	for _, c := range d.Causes {
		named := newCause(c)
		doc.Causes = append(doc.Causes, LikelyCause{named.ID, named.Title, named.Strength, named.Because, named.Remedies, named.Command})
		doc.causes = append(doc.causes, named)
	}
	doc.ruledOut = exclusions(d.RuledOut)
	for i := range d.Decide {
		doc.addStep(&d.Decide[i])
	}
	for _, c := range d.Collect {
		doc.collect = append(doc.collect, field{Clean(c.Client), Clean(c.How)})
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
	for _, p := range m.Places {
		match.Lines = append(match.Lines, p.Line)
	}
	return match
}

func newLogRow(m *logtext.Match) logRow {
	return logRow{
		places: m.Places, count: m.Count, phrase: strings.ReplaceAll(strings.Trim(Clean(m.Phrase), `"`), `"`, "'"), code: Clean(m.Entry.Code), title: Clean(titleOf(m.Entry)),
		id: m.Entry.ID, wrapper: m.Entry.Wrapper || len(m.Entry.CauseIDs) == 0,
	}
}

// exclusions puts causes together that are ruled out for the same reason.
func exclusions(causes []advice.Cause) []exclusion {
	var list []exclusion
	for _, c := range causes {
		reason := Clean(c.Because[0])
		i := slices.IndexFunc(list, func(e exclusion) bool { return e.reason == reason })
		if i < 0 {
			i = len(list)
			list = append(list, exclusion{reason: reason})
		}
		list[i].titles = append(list[i].titles, Clean(c.Title))
	}
	return list
}

// The bounds of what is shown as near.
const (
	maxNearest = 5
	nearPerRow = 2
)

// addNearestOf adds what comes closest to the lines that look like errors: known errors in
// lines about something else, then those whose words are alike.
func (d *Log) addNearestOf(found *logtext.Findings) {
	add := func(query string, e *codes.Entry) {
		if len(d.nearest) < maxNearest && !slices.Contains(d.nearest, e) {
			d.nearest = append(d.nearest, e)
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

// logFacts are what the text tells of the device, each with the line.
func logFacts(found *logtext.Findings) []field {
	var list []field
	ids := func(name string, values []logtext.ID) {
		for i, id := range values {
			list = append(list, field{firstOnly(i, name), Clean(id.Value) + " (" + Clean(id.Place.String()) + ")"})
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
				list = append(list, field{kind.name, Clean(f.Value) + " (" + Clean(f.Line.String()) + ")"})
			}
		}
	}
	ids("tracking id", found.IDs.TrackingIDs)
	return list
}
