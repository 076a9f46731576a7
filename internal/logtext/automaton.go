package logtext

import "slices"

// automaton finds many patterns in one pass over a text (Aho and Corasick, Communications of the ACM
// 18, 1975). ASCII letters match in either case.
//
// It is used in place, in the bytes that a trie was encoded to, so that it costs almost nothing to
// load: only the small tables are copied. The states are numbered breadth first, so the children of a
// state are adjacent, shortly after it. Eight bytes describe a state, the lowest first:
//
//	first     1  label that leads to the first child, or noChild; marked if there are others
//	label     1  that leads to the state; marked if it is the last child of its parent
//	child     2  distance to the first child
//	failure   2  the state for the longest proper suffix if that is shallow, else shallow
//	             plus its index in failures
//	output    2  the longest pattern that ends here, plus 1; 0 for none
//
// A step reads the state and the next one, and seldom others. The states near the root, where a scan
// spends its time, have full tables.
type automaton struct {
	label    [256]uint8 // of each byte; 0 for a byte that is in no pattern
	shallow  uint32     // states below this one have a row in table
	levels   []uint32   // first state of each depth
	table    []uint16   // rows: next state of the shallow states, for each label, marked with tableEnds
	states   string
	failures string // 32 bits each: the states that are not shallow and that failures lead to
	shorter  string // 16 bits each: the next shorter pattern that ends where a pattern does, plus 1; 0 for none
}

const (
	// tableRow is the size of a row of the table. It is a power of two, and more than there are labels.
	tableRow = 128

	// tableEnds marks a state in which a pattern ends, in the table.
	tableEnds = 1 << 15

	// noChild is in place of a label, and labelMark marks one.
	noChild   = tableRow - 1
	labelMark = tableRow
)

// state is the decoded form of one state, see automaton.
type state uint64

func (s state) first() uint8    { return uint8(s) &^ labelMark }
func (s state) label() uint8    { return uint8(s>>8) &^ labelMark }
func (s state) hasOthers() bool { return s&labelMark != 0 }
func (s state) isLast() bool    { return s&(labelMark<<8) != 0 }
func (s state) child() uint32   { return uint32(uint16(s >> 16)) }
func (s state) failure() uint32 { return uint32(uint16(s >> 32)) }
func (s state) output() uint32  { return uint32(s >> 48) }

func (a *automaton) state(n uint32) state { return state(uint64At(a.states, n)) }

// readAutomaton returns the automaton that a trie was encoded to.
func readAutomaton(r *fields) *automaton {
	a := &automaton{}
	copy(a.label[:], r.next())
	a.levels = uint32s(r.next())
	a.table = uint16s(r.next())
	a.states, a.failures, a.shorter = r.next(), r.next(), r.next()
	a.shallow = uint32(len(a.table)) / tableRow
	return a
}

// next returns the state after a byte with that label, and whether a pattern ends there.
func (a *automaton) next(n uint32, label uint8) (next uint32, ends bool) {
	for n >= a.shallow {
		s := a.state(n)
		child := n + s.child()
		if s.first() == label {
			return child, a.state(child).output() != 0
		}
		for last := !s.hasOthers(); !last; {
			child++
			c := a.state(child)
			if c.label() == label {
				return child, c.output() != 0
			}
			last = c.isLast()
		}
		if n = s.failure(); n >= a.shallow {
			n = uint32At(a.failures, n-a.shallow)
		}
	}
	target := a.table[n*tableRow+uint32(label)]
	return uint32(target &^ tableEnds), target >= tableEnds
}

// scan calls found for every occurrence of a pattern in text, with the offset after its last byte; of
// several that end at the same place the longest comes first. It returns the length of the part at the
// end of text that is the beginning of a pattern, in bytes.
func (a *automaton) scan(text []byte, found func(pattern, end int)) (broken int) {
	n := uint32(0)
	for i, b := range text {
		if label := a.label[b]; n < a.shallow { // like next, without the call
			n = uint32(a.table[n*tableRow+uint32(label)])
			if n < tableEnds {
				continue
			}
			n &^= tableEnds
		} else {
			var ends bool
			if n, ends = a.next(n, label); !ends {
				continue
			}
		}
		for p := a.state(n).output(); p != 0; p = uint32(uint16At(a.shorter, p-1)) {
			found(int(p-1), i+1)
		}
	}
	return a.depth(n)
}

// depth is the length of the prefix that a state represents.
func (a *automaton) depth(n uint32) int {
	depth, exact := slices.BinarySearch(a.levels, n)
	if !exact {
		depth--
	}
	return depth
}
