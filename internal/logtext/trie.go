package logtext

import (
	"errors"
	"math"
	"slices"
	"strings"
)

// trie is the tree of the prefixes of patterns, from which an automaton is made. It exists
// only while the vocabulary is compiled. Its states are numbered breadth first.
type trie struct {
	label   [256]uint8 // of each byte; 0 for a byte that is in no pattern
	labels  int
	shallow uint32   // states below this one get a row in the automaton's table
	levels  []uint32 // first state of each depth
	first   []uint32 // first child of each state; the last is that before first[state+1]
	edge    []uint8  // label that leads to each state
	fail    []uint32 // state for the longest proper suffix
	ending  []int    // pattern that ends in each state, -1 for none
	report  []uint32 // nearest state along fail, itself included, with an ending; 0 for none
	ends    []uint32 // state in which each pattern ends
}

// shallowDepth is how deep the full tables reach.
const shallowDepth = 2

// newTrie takes patterns, none of them empty or duplicate. A pattern is identified by its index.
func newTrie(patterns []string) *trie {
	t := &trie{}
	folded := make([]string, len(patterns))
	for i, p := range patterns {
		folded[i] = strings.Map(lowerASCII, p)
	}
	t.assignLabels(folded)
	t.addStates(folded)
	t.addFailures()
	return t
}

func lowerASCII(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// assignLabels numbers the bytes that occur in patterns.
func (t *trie) assignLabels(patterns []string) {
	t.labels = 1
	for _, p := range patterns {
		for i := range len(p) {
			if t.label[p[i]] == 0 {
				t.label[p[i]] = uint8(t.labels)
				t.labels++
			}
		}
	}
	for c := byte('a'); c <= 'z'; c++ {
		t.label[c-'a'+'A'] = t.label[c]
	}
}

// addStates builds the tree level by level.
func (t *trie) addStates(patterns []string) {
	order := make([]int, len(patterns))
	for i := range patterns {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return strings.Compare(patterns[i], patterns[j]) })
	type span struct{ low, high, depth int } // patterns in order that share their first depth bytes
	spans := []span{{0, len(order), 0}}
	t.edge = []uint8{0}
	t.ends = make([]uint32, len(patterns))
	for n := 0; n < len(spans); n++ {
		s := spans[n]
		if s.depth == len(t.levels) {
			t.levels = append(t.levels, uint32(n))
		}
		ending := -1
		if s.low < s.high && len(patterns[order[s.low]]) == s.depth {
			ending = order[s.low]
			t.ends[ending] = uint32(n)
			s.low++
		}
		t.ending = append(t.ending, ending)
		t.first = append(t.first, uint32(len(spans)))
		for low := s.low; low < s.high; {
			c := patterns[order[low]][s.depth]
			high := low + 1
			for high < s.high && patterns[order[high]][s.depth] == c {
				high++
			}
			spans = append(spans, span{low, high, s.depth + 1})
			t.edge = append(t.edge, t.label[c])
			low = high
		}
		if s.depth <= shallowDepth {
			t.shallow = uint32(n + 1)
		}
	}
	t.first = append(t.first, uint32(len(spans)))
}

// addFailures links every state to that of its longest suffix.
func (t *trie) addFailures() {
	t.fail = make([]uint32, len(t.ending))
	t.report = make([]uint32, len(t.ending))
	for n := range uint32(len(t.ending)) {
		for child := t.first[n]; child < t.first[n+1]; child++ {
			if n != 0 {
				t.fail[child] = t.follow(t.fail[n], t.edge[child])
			}
			t.report[child] = t.report[t.fail[child]]
			if t.ending[child] >= 0 {
				t.report[child] = child
			}
		}
	}
}

// follow returns the next state by the links alone.
func (t *trie) follow(n uint32, label uint8) uint32 {
	for {
		for child := t.first[n]; child < t.first[n+1]; child++ {
			if t.edge[child] == label {
				return child
			}
		}
		if n == 0 {
			return 0
		}
		n = t.fail[n]
	}
}

// errTooLarge is returned if the patterns do not fit into the layout of the automaton.
var errTooLarge = errors.New("there are too many patterns for the layout of an automaton")

// encode writes the automaton, see there for the layout. It returns errTooLarge if a number does not
// fit.
func (t *trie) encode(w *fieldWriter) error {
	states, failures, err := t.encodeStates()
	if err != nil {
		return err
	}
	table := make([]uint16, t.shallow*tableRow)
	for n := range t.shallow {
		for label := 1; label < t.labels; label++ {
			next := t.follow(n, uint8(label))
			if next >= tableEnds {
				return errTooLarge
			}
			if t.report[next] != 0 {
				next |= tableEnds
			}
			table[int(n)*tableRow+label] = uint16(next)
		}
	}
	shorter := make([]uint16, len(t.ends))
	for pattern, n := range t.ends {
		shorter[pattern] = t.output(t.fail[n])
	}
	w.add(t.label[:])
	w.add(t.levels)
	w.add(table)
	w.add(states)
	w.add(failures)
	w.add(shorter)
	return nil
}

// output is the longest pattern that ends in a state, plus 1.
func (t *trie) output(n uint32) uint16 {
	if n = t.report[n]; n == 0 {
		return 0
	}
	return uint16(t.ending[n] + 1)
}

func (t *trie) encodeStates() (states []uint64, failures []uint32, err error) {
	failures = slices.Compact(slices.Sorted(slices.Values(t.fail)))
	failures = slices.DeleteFunc(failures, func(n uint32) bool { return n < t.shallow })
	if int(t.shallow)+len(failures) > math.MaxUint16 || len(t.ends) >= math.MaxUint16 || t.labels > noChild {
		return nil, nil, errTooLarge
	}
	states = make([]uint64, len(t.ending))
	for n := range uint32(len(t.ending)) {
		distance := t.first[n] - n
		if distance > math.MaxUint16 {
			return nil, nil, errTooLarge
		}
		failure := t.fail[n]
		if failure >= t.shallow {
			i, _ := slices.BinarySearch(failures, failure)
			failure = t.shallow + uint32(i)
		}
		states[n] |= uint64(t.firstLabel(n)) | uint64(t.edge[n])<<8 | uint64(distance)<<16 | uint64(failure)<<32 | uint64(t.output(n))<<48
		if last := t.first[n+1]; last > t.first[n] {
			states[last-1] |= labelMark << 8
		}
	}
	return states, failures, nil
}

// firstLabel is the label that leads to the first child of a state, marked if there are others.
func (t *trie) firstLabel(n uint32) uint8 {
	switch first := t.first[n]; t.first[n+1] - first {
	case 0:
		return noChild
	case 1:
		return t.edge[first]
	default:
		return t.edge[first] | labelMark
	}
}
