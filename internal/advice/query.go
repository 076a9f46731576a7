package advice

import (
	"cmp"
	"fmt"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// Query is what somebody asks about by its name: a cause, or else a code.
type Query struct {
	Cause *cause.Definition // nil if it is a code
	Entry *codes.Entry
}

// Queried ranks the causes of several queries together, most likely first. A name alone proves nothing:
// a cause is suggested if a code has no other, if several queries have it or if it was asked for,
// and allowed otherwise.
func Queried(queries []Query) []Cause {
	var found []Cause
	add := func(d *cause.Definition, strength Strength, reason string) {
		at := slices.IndexFunc(found, func(c Cause) bool { return c.ID == d.ID })
		if at < 0 {
			found = append(found, Cause{
				Definition: d, Strength: strength, Because: []string{reason},
				Remedies: d.Remedies, Command: d.Show, Explain: d.ID.String(),
			})
			return
		}
		known := &found[at]
		known.Strength = max(known.Strength, strength)
		if !slices.Contains(known.Because, reason) {
			known.Because = append(known.Because, reason)
			known.Strength = max(known.Strength, Suggests)
		}
	}
	for _, q := range queries {
		if q.Cause != nil {
			add(q.Cause, Suggests, "it was asked for by its id")
			continue
		}
		name := fmt.Sprintf("%s (%s)", q.Entry.Code, cmp.Or(q.Entry.Name, q.Entry.Code))
		if ids := q.Entry.CauseIDs; len(ids) == 1 {
			add(ids[0].Definition(), Suggests, name+" is evidence for this cause alone")
			continue
		}
		for i, id := range q.Entry.CauseIDs {
			add(id.Definition(), Allows, fmt.Sprintf("%s is evidence for %d causes; this is number %d", name, len(q.Entry.CauseIDs), i+1))
		}
	}
	slices.SortStableFunc(found, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Strength, a.Strength), cmp.Compare(len(b.Because), len(a.Because)))
	})
	return found
}
