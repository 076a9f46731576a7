package advice

import (
	"cmp"
	"slices"
)

// maxCauses is how many causes a diagnosis names. More would be a list of everything.
const maxCauses = 8

// compareRank orders candidates, the likeliest first: by strength, then by their weight in a
// text, then by what the evidence alone says for them; then those that the catalogue row names before others,
// those that nothing speaks against before others, and by their place in the row; last in
// the order of Rules. It is a total order on different rules.
func compareRank(a, b candidate) int {
	return cmp.Or(
		cmp.Compare(b.strength, a.strength),
		cmp.Compare(b.weight, a.weight),
		cmp.Compare(b.support, a.support),
		before(a.named, b.named),
		before(!a.doubted, !b.doubted),
		cmp.Compare(a.position, b.position),
		cmp.Compare(a.index, b.index),
	)
}

// before orders a value for which something holds before one for which it does not.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// merge makes one candidate of those for the same rule in several runs: the best of each
// measure and every reason once. A cause that any run still allows is not ruled out.
func merge(runs [][]candidate) []candidate {
	var merged []candidate
	for _, found := range runs {
		for _, c := range found {
			i := slices.IndexFunc(merged, func(m candidate) bool { return m.index == c.index })
			if i < 0 {
				merged = append(merged, c)
				continue
			}
			merged[i] = merged[i].with(c)
		}
	}
	return merged
}

func (a candidate) with(b candidate) candidate {
	if (a.strength == RulesOut) != (b.strength == RulesOut) {
		if a.strength == RulesOut {
			return b
		}
		return a
	}
	a.because, a.remedies = union(a.because, b.because), union(a.remedies, b.remedies)
	a.strength, a.support = max(a.strength, b.strength), max(a.support, b.support)
	a.doubted, a.last = a.doubted && b.doubted, a.last && b.last
	if b.named && (!a.named || b.position < a.position) {
		a.named, a.position = true, b.position
	}
	a.explain = cmp.Or(a.explain, b.explain)
	return a
}

// union is the lines of a and then those of b that a lacks.
func union(a, b []string) []string {
	lines := slices.Clone(a)
	for _, line := range b {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// rank splits candidates into the causes, likeliest first, and what is ruled out, in the
// order of Rules.
func rank(found []candidate) (causes, out []candidate) {
	for _, c := range found {
		if c.strength == RulesOut {
			out = append(out, c)
		} else {
			causes = append(causes, c)
		}
	}
	slices.SortFunc(causes, compareRank)
	slices.SortFunc(out, func(a, b candidate) int { return cmp.Compare(a.index, b.index) })
	return causes[:min(len(causes), maxCauses)], out
}
