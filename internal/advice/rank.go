package advice

import (
	"cmp"
	"slices"
)

// maxCauses is how many causes a diagnosis lists.
const maxCauses = 8

// compareRank orders candidates, the likeliest first: by strength, then by their weight in a text,
// then by the strength of the evidence alone; then those that the catalogue entry lists before others,
// those without evidence against them before others, and by their position in the entry; last in the
// order of Rules. It is a total order on different rules.
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

// before orders values for which the function is true before those for which it is false.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// merge combines the candidates for the same rule from several runs: the best of each measure and
// every reason once. A cause that is possible in any run is not ruled out.
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
	a.doubted, a.last, a.seen = a.doubted && b.doubted, a.last && b.last, a.seen || b.seen
	if b.named && (!a.named || b.position < a.position) {
		a.named, a.position = true, b.position
	}
	a.explain = cmp.Or(a.explain, b.explain)
	return a
}

// union is the lines of a, then those of b that are not in a.
func union(a, b []string) []string {
	lines := slices.Clone(a)
	for _, line := range b {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// rank splits candidates into the possible causes, likeliest first, and what is ruled out, in the
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
