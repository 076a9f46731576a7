package codes

import "iter"

// NumberRange is a place in the index of numbers: a row of the catalogue, counted from 0,
// that answers to the numbers from Low to High.
type NumberRange struct {
	Low, High uint64
	Row       int
}

// IndexNumbers returns the index of the numbers that rows answer to, in the order of the
// rows. The generator lays it out next to the catalogue, so that a look-up of a number,
// the most frequent query, need not read the texts of every row.
func IndexNumbers(rows []Entry) []NumberRange {
	var index []NumberRange
	for i := range rows {
		for n := range rows[i].numerals() {
			index = append(index, NumberRange{n.low, n.high, i})
		}
	}
	return index
}

// byNumber yields the rows that answer to a number, each once, in the order of the
// catalogue.
func byNumber(number uint64) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		last := -1
		for i := range numberIndex {
			r := &numberIndex[i]
			if number < r.Low || number > r.High || r.Row == last {
				continue
			}
			last = r.Row
			if !yield(&catalogue[r.Row]) {
				return
			}
		}
	}
}
