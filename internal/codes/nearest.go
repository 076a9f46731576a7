package codes

import (
	"cmp"
	"slices"
	"strings"

	"dpsdiag/internal/spelling"
)

// Class returns the HTTP status that a six-digit code belongs to: its first three digits, which is how
// SDKs read an unknown code (azure-sdk-for-c sdk/src/azure/iot/az_iot_provisioning_client.c). ok is
// false if the query is not such a code; the code need not be in the catalogue.
func (q Query) Class() (status int, ok bool) {
	if !q.numbered || !q.wordsIn(fillers+" "+bareSynonyms(KindDPS)+" "+bareSynonyms(KindIoTHub)) {
		return 0, false
	}
	return class(q.number)
}

// class is the class of a number.
func class(code uint64) (status int, ok bool) {
	if code < 400_000 || code > 599_999 {
		return 0, false
	}
	return int(code / 1000), true
}

// Nearest finds the entries nearest to a query given as text; see [Query.Nearest].
func Nearest(text string, n int) []*Entry { return Parse(text).Nearest(n) }

// Nearest returns up to n entries that come closest to a query that Lookup does not know.
//
// For a number these are the entries with the nearest numbers of the same class and series;
// for a six-digit code the last of them is the entry of its class. For a name or a message
// they are the entries that differ by few letters or share most words.
func (q Query) Nearest(n int) []*Entry {
	if n <= 0 || q.text == "" {
		return nil
	}
	if q.numbered {
		if near := q.nearestNumbers(n); near != nil {
			return near
		}
	}
	return q.nearestTexts(n)
}

// nearestNumbers returns the entries with the nearest numbers, then the entry of the class.
func (q Query) nearestNumbers(n int) []*Entry {
	var near []neighbour
	for e := range All() {
		for m := range e.numerals() {
			if m.exact && m.isNamed(q.words) && group(m.low) == group(q.number) && q.wordsIn(m.words()) {
				near = append(near, neighbour{e, float64(max(m.low, q.number) - min(m.low, q.number))})
			}
		}
	}
	status, ok := class(q.number)
	if !ok {
		return first(n, near)
	}
	if n == 1 && len(near) > 0 {
		return first(1, near)
	}
	return append(first(n-1, near), cmp.Or(byStatus(status), codeFamily()))
}

// group partitions the numbers so that only numbers of the same group are neighbours: six-digit codes
// by class, HTTP statuses by their first digit, the rest by magnitude.
func group(n uint64) uint64 {
	switch {
	case n >= 1_000_000:
		return n >> 12
	case n >= 100_000:
		return n / 1000
	case n >= 100:
		return n / 100
	}
	return 0
}

// nearestTexts returns the entries with the most similar code, name or message.
func (q Query) nearestTexts(n int) []*Entry {
	text := wordsOf(q.text)
	var near []neighbour
	for e := range All() {
		best := 0.0
		for _, texts := range [...][]string{{e.ID, e.Code, e.Name}, e.Aliases, e.Messages} {
			for _, t := range texts {
				best = max(best, likeness(text, wordsOf(t)))
			}
		}
		if best > 0 {
			near = append(near, neighbour{e, 1 - best})
		}
	}
	return first(n, near)
}

// neighbour is an entry with its distance from a query.
type neighbour struct {
	entry    *Entry
	distance float64
}

// first returns the n nearest entries, each once, the nearest first and nil if there is none.
func first(n int, near []neighbour) []*Entry {
	slices.SortStableFunc(near, func(a, b neighbour) int { return cmp.Compare(a.distance, b.distance) })
	var entries []*Entry
	for _, entry := range near {
		if len(entries) < n && !slices.Contains(entries, entry.entry) {
			entries = append(entries, entry.entry)
		}
	}
	return entries
}

// The least similarity worth showing: half of the words, or two thirds of the letters, because
// unrelated words have many letters in common.
const (
	leastSharedWords   = 1.0 / 2
	leastSharedLetters = 2.0 / 3
)

// likeness says how similar two texts, both reduced to words, are by their words or by their letters,
// whichever is more: 1 for the same, 0 for less than is worth showing.
func likeness(a, b string) float64 {
	best := 0.0
	if words := sharedWords(a, b); words >= leastSharedWords {
		best = words
	}
	longer, shorter := float64(max(len(a), len(b))), float64(min(len(a), len(b)))
	if shorter < leastSharedLetters*longer {
		return best // the lengths alone differ too much to count letters
	}
	if letters := 1 - float64(spelling.Distance(a, b))/longer; letters >= leastSharedLetters {
		best = max(best, letters)
	}
	return best
}

// sharedWords returns the share of the words of both texts that they have in common.
func sharedWords(a, b string) float64 {
	wa, wb := strings.Fields(a), strings.Fields(b)
	shared := 0
	for _, w := range wa {
		if slices.Contains(wb, w) {
			shared += 2
		}
	}
	return float64(shared) / float64(max(1, len(wa)+len(wb)))
}
