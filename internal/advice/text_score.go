package advice

import (
	"fmt"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// placeValue is the weight of each position in an entry's list of causes, the first being 1.
func placeValue(place int) float64 {
	values := [...]float64{1, 0.72, 0.56, 0.44, 0.36, 0.3}
	return values[min(place, len(values)-1)]
}

// onlyCause raises an entry that lists one cause, or two, over one that lists many.
func onlyCause(named int) float64 {
	switch named {
	case 1:
		return 1.25
	case 2:
		return 1.1
	}
	return 1
}

// laterLines is how far after the first failure another one begins to count as a result of retries.
const laterLines = 30

// scoreMatches adds up the causes that the matches list.
func (c *textCase) scoreMatches(rules []Rule) scoreboard {
	scores := scoreboard{}
	first := c.firstFailure()
	ends := map[cause.ID]bool{} // together with the assignment
	for i := range rules {
		ends[rules[i].ID] = rules[i].Until >= Accepted
	}
	for i := range c.Matches {
		m := &c.Matches[i]
		value := c.points[c.worth(m)] * c.followOn(m, first)
		for place, id := range m.Entry.CauseIDs {
			points := value * placeValue(place) * onlyCause(len(m.Entry.CauseIDs))
			if m.Phase == logtext.PhaseAssigned && ends[id] {
				points *= doubtedShare
			}
			s := scores.of(id)
			s.support = append(s.support, points)
			s.because = append(s.because, reason(m, place))
			if place < s.position {
				s.position, s.entry = place, m.Entry
			}
			s.proven = s.proven || c.provesCause(m)
		}
	}
	return scores
}

// followOn is what is left of an error after the first one. Errors long after it come from retries.
// Clients in C log from the inside out: after an error come the functions that it made fail, while
// elsewhere the innermost error may come last.
func (c *textCase) followOn(m, first *logtext.Match) float64 {
	switch {
	case first == nil || !first.Line.Before(m.Line.Place):
		return 1
	case m.Line.Line > first.Line.Line+laterLines:
		return doubtedShare
	case c.anyClient(insideOutClients()...):
		return doubtedShare
	}
	return 1
}

// insideOutClients log the function that failed first before its callers.
func insideOutClients() []string {
	return []string{
		logtext.ClientC, logtext.ClientUnifiedC, logtext.ClientEmbeddedC, logtext.ClientFreeRTOS, logtext.ClientNetX, logtext.ClientZephyr, logtext.ClientESP,
	}
}

// firstFailure is the first match in the text that says what went wrong, nil if there is none.
func (c *textCase) firstFailure() *logtext.Match {
	var first *logtext.Match
	for i := range c.Matches {
		if m := &c.Matches[i]; telling(m) && (first == nil || m.Line.Line < first.Line.Line) {
			first = m
		}
	}
	return first
}

// worth is the grade of a match for the first cause that it lists.
func (c *textCase) worth(m *logtext.Match) grade {
	isCase := strings.Contains(m.Entry.Code, " (")
	switch {
	case m.LastResort:
		return faint
	case m.Entry.Wrapper, c.introduces(m):
		return faint
	case isCase && (m.Entry.Kind == codes.KindDPS || m.Entry.Kind == codes.KindHTTP):
		return exact
	case m.Entry.Kind == codes.KindDPS && c.hasCaseOf(m):
		return faint // the message next to the code says more
	case m.Entry.Kind == codes.KindDPS && len(m.Entry.CauseIDs) > 3:
		return worded
	case m.Entry.Kind == codes.KindHTTP && c.hasTelling():
		return faint
	case m.Entry.Kind == codes.KindHTTP:
		return hinted
	}
	return worded
}

// introduces reports whether a match is only the class of an exception, or a hub's name for an error,
// before the message that says what it was: "ErrorCode:ArgumentInvalid;Unknown ...". The same goes for
// a message with a more specific one after a colon: "failed to lookup address information: Temporary failure in
// name resolution".
func (c *textCase) introduces(m *logtext.Match) bool {
	if c.matching(func(o *logtext.Match) bool {
		return o.Entry != m.Entry && o.Line.Place == m.Line.Place && telling(o) && strings.Contains(o.Line.Text, m.Phrase+": "+o.Phrase)
	}) != nil {
		return true
	}
	name := strings.ToLower(m.Phrase)
	isName := strings.HasSuffix(name, "exception") || strings.HasSuffix(name, "error") || m.Entry.Kind == codes.KindIoTHub
	if !isName || strings.Contains(name, " ") {
		return false
	}
	return c.matching(func(o *logtext.Match) bool {
		return o.Entry != m.Entry && o.Line.Place == m.Line.Place && telling(o) && strings.Contains(o.Phrase, " ") &&
			strings.Index(o.Line.Text, m.Phrase) < strings.Index(o.Line.Text, o.Phrase)
	}) != nil
}

// hasCaseOf reports whether the text contains a message for the code of a match.
func (c *textCase) hasCaseOf(m *logtext.Match) bool {
	return c.matching(func(o *logtext.Match) bool {
		return o.Entry.Kind == codes.KindDPS && strings.Contains(o.Entry.Code, " (") && strings.HasPrefix(o.Entry.Code, m.Entry.Code)
	}) != nil
}

// hasTelling reports whether a match in the text says more than an HTTP status.
func (c *textCase) hasTelling() bool {
	return c.matching(func(m *logtext.Match) bool {
		return telling(m) && (m.Entry.Kind != codes.KindHTTP || strings.Contains(m.Entry.Code, " ("))
	}) != nil
}

// provesCause reports whether a match is a message of the service about a single cause. A status
// proves a cause only if the text shows a registration, because many things have one. What an
// allocation function answers is written by its owner and proves nothing.
func (c *textCase) provesCause(m *logtext.Match) bool {
	if m.Entry.Kind == codes.KindRegistrationStatus && len(c.IDs.RegistrationIDs) == 0 && c.event(logtext.EventBegun) == nil {
		return false
	}
	serviceSpoke := m.Entry.Kind == codes.KindDPS || m.Entry.Kind == codes.KindIoTHub || m.Entry.Kind == codes.KindRegistrationStatus
	return serviceSpoke && len(m.Entry.CauseIDs) == 1 && telling(m) && m.Entry.Confidence != "inferred"
}

// reason says which match lists a cause, and at which position.
func reason(m *logtext.Match, place int) string {
	more := ""
	if m.Count > 1 {
		more = fmt.Sprintf(" and %d more", m.Count-1)
	}
	named := "has this as its only likely cause"
	if n := len(m.Entry.CauseIDs); n > 1 {
		named = fmt.Sprintf("has this as the %s of %d likely causes", ordinal(place), n)
	}
	return fmt.Sprintf("%s%s: %s%s %s", m.Line.Place, more, inQuotes(m.Phrase), titleInBrackets(m), named)
}

// titleInBrackets is the title of a match in brackets, unless its words are the title.
func titleInBrackets(m *logtext.Match) string {
	title := m.Entry.Code
	if !strings.Contains(title, " (") && m.Entry.Name != title {
		title = strings.TrimSpace(title + " " + m.Entry.Name)
	}
	if strings.Contains(strings.ToLower(m.Phrase), strings.ToLower(strings.TrimRight(m.Entry.Code, "."))) {
		return ""
	}
	return " (" + title + ")"
}

func ordinal(place int) string {
	return [...]string{"first", "second", "third", "fourth", "fifth", "sixth"}[min(place, 5)]
}

// explainQuery is the query of "dpsdiag explain" for an entry: its code if that is one word and finds
// it. A cause that no entry lists has none.
func explainQuery(e *codes.Entry) string {
	if e == nil {
		return ""
	}
	if strings.Contains(e.Code, " ") {
		return e.ID
	}
	if found := codes.Lookup(e.Code); len(found) > 0 && found[0] == e {
		return e.Code
	}
	return e.ID
}
