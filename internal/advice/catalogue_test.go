package advice

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// TestEntriesAreJudgedAsTheySay: a text that is one message of an entry is judged as the entry says.
// The first cause of the entry is among its causes, and is the first one if the entry has no other. No
// rule excludes every cause of an entry.
func TestEntriesAreJudgedAsTheySay(t *testing.T) {
	t.Parallel()
	judged := 0
	for e := range codes.All() {
		if len(e.CauseIDs) == 0 {
			continue
		}
		for _, message := range spellings(e) {
			found := findings(t, message)
			if !alone(found, e) {
				continue
			}
			judged++
			t.Run(e.ID, func(t *testing.T) {
				t.Parallel()
				if fault := contradiction(diagnoseText(found, nil, usualMeasures()), e); fault != "" {
					t.Errorf("%q: %s", message, fault)
				}
			})
		}
	}
	if judged < 5000 {
		t.Errorf("only %d messages are the only match in a text", judged)
	}
}

// spellings are the texts by which an entry is found: its messages, or its code and name.
func spellings(e *codes.Entry) []string {
	texts := slices.Clone(e.Messages)
	if !strings.Contains(e.Code, " (") {
		texts = append(texts, e.Code)
	}
	for i := range texts {
		texts[i] = "dps: " + texts[i]
	}
	return texts
}

// alone reports whether an entry is the only match in a text.
func alone(found *logtext.Findings, e *codes.Entry) bool {
	return len(found.Matches) == 1 && found.Matches[0].Entry == e && !found.Healthy()
}

// contradiction says how a diagnosis contradicts the only entry that it is based on.
func contradiction(d TextDiagnosis, e *codes.Entry) string {
	id := func(c Cause) cause.ID { return c.ID }
	var named, out []cause.ID
	for _, c := range d.Causes {
		named = append(named, id(c))
	}
	for _, c := range d.RuledOut {
		out = append(out, id(c))
	}
	first := e.CauseIDs[0]
	excluded := func(id cause.ID) bool { return slices.Contains(out, id) }
	switch {
	case !slices.ContainsFunc(e.CauseIDs, func(id cause.ID) bool { return !excluded(id) }):
		return fmt.Sprintf("every cause is excluded: %v", out)
	case !slices.Contains(named, first):
		return fmt.Sprintf("%s is not among %v, excluded are %v", first, named, out)
	case len(e.CauseIDs) == 1 && named[0] != first:
		return fmt.Sprintf("%s is not the first of %v", first, named)
	}
	return ""
}
