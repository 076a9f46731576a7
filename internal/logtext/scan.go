package logtext

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"
)

// ErrEmpty is what [Scanner.Scan] returns for a text that is only white space.
var ErrEmpty = errors.New("the input is empty")

// Scanner finds errors and circumstances in texts. It does not change after it is made, so several
// goroutines may use it at the same time.
type Scanner struct {
	// Now returns the time, with which dates in logs are compared; nil means time.Now.
	Now      func() time.Time
	words    *vocabulary
	division division
}

// NewScanner returns a scanner. It costs almost nothing: the phrases were compiled when the program
// was built.
func NewScanner() *Scanner {
	return &Scanner{words: readVocabulary(compiled), division: usualDivision()}
}

func (s *Scanner) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Scan reads a text to its end and returns what it contains. It needs the same memory for a text of
// any size. The name distinguishes the text from others that are read with it; it may be empty.
//
// The error is [ErrEmpty], a [*BinaryError], that of the context, or one of reading.
func (s *Scanner) Scan(ctx context.Context, r io.Reader, name string) (*Findings, error) {
	text, encoding, err := Decode(r)
	if err != nil {
		return nil, err
	}
	day := s.now()
	state := newPass(s.words, name, day)
	reader := reading{division: s.division, words: s.words, pass: state, source: blockReader{source: text}}
	if err := reader.run(ctx); err != nil {
		return nil, err
	}
	if state.blank {
		return nil, ErrEmpty
	}
	found := state.finish()
	found.Inputs = []Input{{Name: name, Encoding: encoding, Lines: state.line}}
	found.Day = day
	return found, nil
}

// Join merges the findings of several texts, in their order.
func Join(all ...*Findings) *Findings {
	joined := &Findings{}
	for _, f := range all {
		joined.Inputs = append(joined.Inputs, f.Inputs...)
		joined.Matches = joinMatches(joined.Matches, f.Matches)
		joined.Dropped = joinMatches(joined.Dropped, f.Dropped)
		joined.Bodies = append(joined.Bodies, f.Bodies...)
		joined.Facts = joinFacts(joined.Facts, f.Facts)
		joined.Settings = append(joined.Settings, f.Settings...)
		joined.Explained = f.Explained && (joined.Explained || len(joined.Inputs) == 1)
		joined.Registered = append(joined.Registered, f.Registered...)
		joined.Sample = append(joined.Sample, f.Sample...)
		joined.Releases, joined.Day = append(joined.Releases, f.Releases...), f.Day
		joined.Related = joined.Related || f.Related
		joined.Unmatched = append(joined.Unmatched, f.Unmatched...)
		joined.IDs = joined.IDs.with(f.IDs)
		joined.Answered = f.Answered && (joined.Answered || len(joined.Inputs) == 1)
		joined.Outcome = joinOutcomes(joined.Outcome, f.Outcome)
	}
	slices.SortStableFunc(joined.Matches, compareMatches)
	return joined
}

func joinMatches(known, more []Match) []Match {
	for _, m := range more {
		i := slices.IndexFunc(known, func(k Match) bool { return k.Entry == m.Entry })
		if i < 0 {
			known = append(known, m)
			continue
		}
		k := &known[i]
		k.Places = firstN(append(slices.Clone(k.Places), m.Places...), MaxPlaces)
		k.Count += m.Count
		k.LastResort = k.LastResort && m.LastResort
		for _, id := range m.TrackingIDs {
			if !slices.Contains(k.TrackingIDs, id) {
				k.TrackingIDs = firstN(append(slices.Clone(k.TrackingIDs), id), maxTrackingID)
			}
		}
	}
	return known
}

func joinFacts(known, more []Fact) []Fact {
	for _, f := range more {
		i := slices.IndexFunc(known, func(k Fact) bool { return k.Kind == f.Kind && k.Value == f.Value })
		if i < 0 {
			known = append(known, f)
			continue
		}
		known[i].Count += f.Count
		known[i].Last = f.Last
	}
	return known
}

// with returns the ids of both, each once.
func (a IDs) with(b IDs) IDs {
	return IDs{
		Scopes: joinIDs(a.Scopes, b.Scopes), RegistrationIDs: joinIDs(a.RegistrationIDs, b.RegistrationIDs),
		Hubs: joinIDs(a.Hubs, b.Hubs), Endpoints: joinIDs(a.Endpoints, b.Endpoints), TrackingIDs: joinIDs(a.TrackingIDs, b.TrackingIDs),
		APIVersions: joinIDs(a.APIVersions, b.APIVersions), CommonNames: joinIDs(a.CommonNames, b.CommonNames),
	}
}

func joinIDs(known, more []ID) []ID {
	for _, id := range more {
		known = addID(known, id)
	}
	return known
}

// addID adds an id that is not there yet, as long as there is room.
func addID(known []ID, id ID) []ID {
	same := func(k ID) bool { return k.Value == id.Value }
	if len(known) >= maxIDs || slices.ContainsFunc(known, same) {
		return known
	}
	return append(known, id)
}

func firstN[T any](list []T, n int) []T { return list[:min(len(list), n)] }
