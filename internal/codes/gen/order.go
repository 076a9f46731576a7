package main

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"dpsdiag/internal/codes"
)

// inOrder returns the entries in the order of the catalogue: by kind; within a kind first those listed
// in orderFile, in its order, then the others by file and id. By file and id alone, "explain 5" would
// begin with a client's number instead of the CONNACK, and "explain 401002" would end with the case
// that is the most frequent; the model is also trained on the entries in this order.
func (r *reader) inOrder() []*entry {
	kind := func(entry *entry) int { return slices.Index(codes.Kinds(), codes.Kind(entry.text("kind"))) }
	listed := func(entry *entry) int { return cmp.Or(r.listed[entry.id], math.MaxInt) }
	return slices.SortedFunc(slices.Values(r.entries), func(a, b *entry) int {
		return cmp.Or(
			cmp.Compare(kind(a), kind(b)),
			cmp.Compare(listed(a), listed(b)),
			cmp.Compare(a.at.file, b.at.file),
			compareIDs(a.id, b.id),
		)
	})
}

// readOrder reads orderFile, after the entries.
func (r *reader) readOrder(data []byte) {
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		id := strings.TrimSpace(text)
		if id == "" || strings.HasPrefix(id, "#") {
			continue
		}
		at := place{orderFile, line}
		switch {
		case r.listed[id] != 0:
			r.problem(at, "%s is given twice", id)
		case !slices.ContainsFunc(r.entries, func(entry *entry) bool { return entry.id == id }):
			r.problem(at, "there is no entry %q", id)
		}
		r.listed[id] = line
	}
}

// compareIDs compares ids with the numbers in them as numbers, so tls-alert-70 comes before
// tls-alert-109.
func compareIDs(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		x, a = cutPart(a)
		y, b = cutPart(b)
		if isDigit(x[0]) && isDigit(y[0]) {
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if c := cmp.Compare(len(x), len(y)); c != 0 {
				return c
			}
		}
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// cutPart cuts the number, or the text without a number, at the start of an id.
func cutPart(id string) (part, rest string) {
	end := strings.IndexFunc(id, func(c rune) bool { return isDigit(byte(c)) != isDigit(id[0]) })
	if end < 0 {
		end = len(id)
	}
	return id[:end], id[end:]
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
