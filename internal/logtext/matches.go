package logtext

import (
	"cmp"
	"slices"
	"strings"

	"dpsdiag/internal/codes"
)

// record is one error on one line.
type record struct {
	entry        *codes.Entry
	place        Place
	text, phrase string // of the line, unchanged; "" if the error is known already
	phase        Phase
	clock        Clock
	lastResort   bool
}

// readErrors notes the known errors of the line and returns their hits. Where phrases overlap, the
// longest one counts. A wrapper also keeps a phrase that starts inside it and ends after it.
func (r *pass) readErrors() []hit {
	var taken []hit
	for _, h := range r.byLength() {
		if !slices.ContainsFunc(taken, h.hiddenBy) {
			taken = append(taken, h)
		}
	}
	slices.SortFunc(taken, func(a, b hit) int { return cmp.Compare(a.start, b.start) })
	var noted []*codes.Entry
	for _, h := range taken {
		if !slices.Contains(noted, h.entry) {
			noted = append(noted, h.entry)
			r.note(h, h.entry)
		}
	}
	return taken
}

// hiddenBy reports whether a longer hit includes all of h.
func (h hit) hiddenBy(o hit) bool {
	within := o.start <= h.start && h.end <= o.end
	return h.overlaps(o) && (within || !o.entry.Wrapper || h.entry.Wrapper || h.lastResort)
}

// byLength returns the hits of the catalogue, the longest first.
func (r *pass) byLength() []hit {
	var found []hit
	for _, h := range r.hits {
		if h.entry != nil {
			found = append(found, h)
		}
	}
	slices.SortStableFunc(found, func(a, b hit) int { return cmp.Compare(b.end-b.start, a.end-a.start) })
	return found
}

// note notes an error for a hit.
func (r *pass) note(h hit, entry *codes.Entry) { r.noteWords(h, entry, h.generic) }

// noteWords notes an error for a hit. Generic words count only if the log is about provisioning; until
// that is known they wait.
func (r *pass) noteWords(h hit, entry *codes.Entry, generic bool) {
	s := r.current
	r.readFailure(h, entry, generic)
	rec := record{entry: entry, place: r.place(), phase: s.phase, clock: r.clockOf(s), lastResort: h.lastResort}
	if !generic || s.near(r.line) || s.anchored && s.name != "" {
		if i, known := r.matches[entry]; known {
			r.found.Matches[i].add(rec)
			return
		}
		rec.text, rec.phrase = cut(r.withoutRest(r.text)), cut(r.text[h.start:h.end])
		r.commit(rec)
		return
	}
	rec.text, rec.phrase = cut(r.withoutRest(r.text)), cut(r.text[h.start:h.end])
	if len(s.pending) == maxPending {
		r.drop(s.pending[0])
		s.pending = s.pending[1:]
	}
	s.pending = append(s.pending, rec)
}

// commit adds a record to the matches.
func (r *pass) commit(rec record) {
	i, known := r.matches[rec.entry]
	if !known {
		if len(r.found.Matches) >= maxMatches {
			return
		}
		r.matches[rec.entry] = len(r.found.Matches)
		r.found.Matches = append(r.found.Matches, newMatch(rec))
		return
	}
	r.found.Matches[i].add(rec)
}

// drop adds a record to what was left out.
func (r *pass) drop(rec record) {
	if m, known := r.dropped[rec.entry]; known {
		m.add(rec)
		return
	}
	if len(r.dropped) < maxMatches {
		m := newMatch(rec)
		r.dropped[rec.entry] = &m
	}
}

func newMatch(rec record) Match {
	return Match{
		Entry: rec.entry, Line: Line{rec.place, redact(rec.text)}, Phrase: redact(rec.phrase), Places: []Place{rec.place}, Count: 1,
		Phase: rec.phase, LastResort: rec.lastResort, Clock: rec.clock, last: rec.place,
	}
}

// add counts a record. Records that waited are added later than those after them.
func (m *Match) add(rec record) {
	m.LastResort = m.LastResort && rec.lastResort
	i, seen := slices.BinarySearchFunc(m.Places, rec.place, func(a, b Place) int { return cmp.Compare(a.Line, b.Line) })
	if seen || rec.place == m.last {
		return
	}
	m.Count++
	m.last = rec.place
	if i == 0 && rec.text != "" {
		m.Line, m.Phrase, m.Phase, m.Clock = Line{rec.place, redact(rec.text)}, redact(rec.phrase), rec.phase, rec.clock
	}
	if len(m.Places) < MaxPlaces {
		m.Places = slices.Insert(m.Places, i, rec.place)
	}
}

// on reports whether the match is on one of the lines from first to last.
func (m *Match) on(first, last int) bool {
	return slices.ContainsFunc(m.Places, func(p Place) bool { return p.Line >= first && p.Line <= last })
}

// compareMatches orders matches, the most specific first: matches without a cause, generic words and
// wrappers last, one case of a code of the service before the code, that before a bare HTTP status,
// then in the order of the text.
func compareMatches(a, b Match) int {
	return cmp.Or(
		cmp.Compare(a.rank(), b.rank()),
		cmp.Compare(a.Line.Line, b.Line.Line),
		cmp.Compare(a.Entry.ID, b.Entry.ID),
	)
}

// rank says how specific a match is; less is better.
func (m *Match) rank() int {
	switch isCase := strings.Contains(m.Entry.Code, " ("); {
	case len(m.Entry.CauseIDs) == 0:
		return 5
	case m.LastResort:
		return 4
	case m.Entry.Wrapper:
		return 3
	case m.Entry.Kind == codes.KindHTTP && !isCase:
		return 2
	case m.Entry.Kind == codes.KindDPS && isCase:
		return 0
	}
	return 1
}

// finish settles what is still open at the end of the text and returns the findings.
func (r *pass) finish() *Findings {
	for _, s := range r.byName() {
		s.closeBody(r)
	}
	r.settlePending()
	found := r.found
	found.Sample, found.Related = r.sample.all(), r.anchors > 0 || r.azure
	found.Outcome = r.outcome()
	if slices.ContainsFunc(found.Matches, func(m Match) bool { return m.rank() < 3 }) {
		found.Matches = slices.DeleteFunc(found.Matches, func(m Match) bool { return m.LastResort })
	}
	slices.SortFunc(found.Matches, compareMatches)
	for _, m := range r.dropped {
		if _, kept := r.matches[m.Entry]; !kept {
			found.Dropped = append(found.Dropped, *m)
		}
	}
	slices.SortFunc(found.Dropped, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Entry.ID, b.Entry.ID))
	})
	found.dropClock()
	found.Explained = r.explained()
	found.Releases = r.settleReleases()
	found.Answered = r.answered()
	r.forget()
	return found
}

// settlePending decides about the generic words that were not near a line that is certainly about
// provisioning. In a short text of one program they are what somebody wants explained.
func (r *pass) settlePending() {
	keep := r.anchors == 0 && r.line <= shortText && len(r.streams) <= 2
	var pending []record
	for _, s := range r.byName() {
		pending = append(pending, s.pending...)
	}
	slices.SortStableFunc(pending, func(a, b record) int { return cmp.Compare(a.place.Line, b.place.Line) })
	for _, rec := range pending {
		if keep {
			r.commit(rec)
		} else {
			r.drop(rec)
		}
	}
}
