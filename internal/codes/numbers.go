package codes

import (
	"iter"
	"slices"
)

// compiled is an entry of the compiled catalogue, with an index of its numbers.
type compiled struct {
	Entry
	// numbers are the numbers that the entry matches. The generator computes them, so that a look-up
	// of a number need not read the texts of every entry.
	numbers []NumberRange
}

// NumberRange holds the numbers from Low to High.
type NumberRange struct{ Low, High uint64 }

// NumbersOf returns the numbers that an entry matches. It is for the generator.
func NumbersOf(e *Entry) []NumberRange {
	var numbers []NumberRange
	for n := range e.numerals() {
		numbers = append(numbers, NumberRange{n.low, n.high})
	}
	return numbers
}

// byNumber yields the entries that match a number, in the order of the catalogue.
func byNumber(number uint64) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for i := range catalogue {
			holds := func(r NumberRange) bool { return r.Low <= number && number <= r.High }
			if slices.ContainsFunc(catalogue[i].numbers, holds) && !yield(&catalogue[i].Entry) {
				return
			}
		}
	}
}
