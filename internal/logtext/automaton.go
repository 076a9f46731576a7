package logtext

import (
	"slices"
	"strings"
)

// automaton finds many patterns in one pass over a text (Aho and Corasick, Communications
// of the ACM 18, 1975). It takes ASCII letters of either case for the same.
//
// The states are numbered breadth first, so the children of a state are neighbours: they
// need no more than one label each, and a log with five thousand patterns costs about two
// megabytes. The states near the root, where a scan spends its time, have full tables.
type automaton struct {
	label   [256]uint8 // of each byte; 0 for a byte that is in no pattern
	labels  int
	table   []uint32 // next state of the shallow states, for each label
	shallow uint32   // states below this one have a row in table
	first   []uint32 // first child of each state; the last is that before first[state+1]
	edge    []uint8  // label that leads to each state
	fail    []uint32 // state for the longest proper suffix
	ending  []int32  // pattern that ends in each state, -1 for none
	depth   []uint8  // length of the prefix that each state stands for, at most 255
	report  []uint32 // nearest state on the way of fail, itself included, with an ending; 0 for none
}

// shallowDepth is how deep the full tables reach.
const shallowDepth = 2

// newAutomaton compiles patterns, none of them empty. A pattern is known by its index.
func newAutomaton(patterns []string) *automaton {
	a := &automaton{}
	folded := make([]string, len(patterns))
	for i, p := range patterns {
		folded[i] = strings.Map(lowerASCII, p)
	}
	a.assignLabels(folded)
	a.addStates(folded)
	a.addFailures()
	a.addTable()
	return a
}

func lowerASCII(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// assignLabels numbers the bytes that occur in patterns.
func (a *automaton) assignLabels(patterns []string) {
	a.labels = 1
	for _, p := range patterns {
		for i := range len(p) {
			if a.label[p[i]] == 0 {
				a.label[p[i]] = uint8(a.labels)
				a.labels++
			}
		}
	}
	for c := byte('a'); c <= 'z'; c++ {
		a.label[c-'a'+'A'] = a.label[c]
	}
}

// addStates builds the tree of prefixes level by level.
func (a *automaton) addStates(patterns []string) {
	order := make([]int, len(patterns))
	states := 1 // at most
	for i, p := range patterns {
		order[i] = i
		states += len(p)
	}
	slices.SortStableFunc(order, func(i, j int) int { return strings.Compare(patterns[i], patterns[j]) })
	type span struct{ low, high, depth int32 } // patterns in order that share their first depth bytes
	spans := append(make([]span, 0, states), span{0, int32(len(order)), 0})
	a.edge = append(make([]uint8, 0, states), 0)
	a.ending = make([]int32, 0, states)
	a.first = make([]uint32, 0, states+1)
	a.depth = make([]uint8, 0, states)
	for state := 0; state < len(spans); state++ {
		s := spans[state]
		ending := int32(-1)
		for s.low < s.high && len(patterns[order[s.low]]) == int(s.depth) {
			ending = int32(order[s.low])
			s.low++
		}
		a.ending = append(a.ending, ending)
		a.depth = append(a.depth, uint8(min(s.depth, 255)))
		a.first = append(a.first, uint32(len(spans)))
		for low := s.low; low < s.high; {
			c := patterns[order[low]][s.depth]
			high := low + 1
			for high < s.high && patterns[order[high]][s.depth] == c {
				high++
			}
			spans = append(spans, span{low, high, s.depth + 1})
			a.edge = append(a.edge, a.label[c])
			low = high
		}
		if s.depth <= shallowDepth {
			a.shallow = uint32(state + 1)
		}
	}
	a.first = append(a.first, uint32(len(spans)))
}

// addFailures links every state to that of its longest suffix.
func (a *automaton) addFailures() {
	states := len(a.ending)
	a.fail = make([]uint32, states)
	a.report = make([]uint32, states)
	for s := range uint32(states) {
		for child := a.first[s]; child < a.first[s+1]; child++ {
			if s != 0 {
				a.fail[child] = a.follow(a.fail[s], a.edge[child])
			}
			a.report[child] = a.report[a.fail[child]]
			if a.ending[child] >= 0 {
				a.report[child] = child
			}
		}
	}
}

// follow returns the next state by the links alone.
func (a *automaton) follow(s uint32, label uint8) uint32 {
	for {
		if child, ok := a.child(s, label); ok {
			return child
		}
		if s == 0 {
			return 0
		}
		s = a.fail[s]
	}
}

func (a *automaton) child(s uint32, label uint8) (uint32, bool) {
	for c := a.first[s]; c < a.first[s+1]; c++ {
		if a.edge[c] == label {
			return c, true
		}
	}
	return 0, false
}

func (a *automaton) addTable() {
	a.table = make([]uint32, int(a.shallow)*a.labels)
	for s := range a.shallow {
		for label := 1; label < a.labels; label++ {
			a.table[int(s)*a.labels+label] = a.follow(s, uint8(label))
		}
	}
}

// next returns the state after a byte with that label.
func (a *automaton) next(s uint32, label uint8) uint32 {
	for s >= a.shallow {
		if child, ok := a.child(s, label); ok {
			return child
		}
		s = a.fail[s]
	}
	return a.table[int(s)*a.labels+int(label)]
}

// scan calls found for every occurrence of a pattern in text, with the offset behind its
// last byte; of several that end at the same place the longest comes first. It returns how
// much at the end of text is the beginning of a pattern, in bytes, at most 255.
func (a *automaton) scan(text []byte, found func(pattern, end int)) (broken int) {
	s := uint32(0)
	for i, b := range text {
		s = a.next(s, a.label[b])
		for r := a.report[s]; r != 0; r = a.report[a.fail[r]] {
			found(int(a.ending[r]), i+1)
		}
	}
	return int(a.depth[s])
}
