package logtext

import (
	_ "embed" // the compiled vocabulary
	"sync/atomic"

	"dpsdiag/internal/codes"
)

// compiled is the output of [Compile] for the catalogue and the tables of this package. It is a
// string, so it is read-only data of the program, and only the pages that a text needs are loaded.
//
//go:embed vocabulary.bin
var compiled string

// vocabulary is everything that is looked for, used in place.
type vocabulary struct {
	automaton *automaton
	phrases   string   // see phraseNumbers
	facts     string   // of all phrases
	topics    []topics // the sets that phrases have
	table     []words  // that facts refer to, without their phrases
	byNumber  numberIndex
	faults    []fault
	decoded   []atomic.Pointer[phrase] // those that were found
}

// phraseNumbers is how many 16-bit numbers describe a phrase: its size, its entry in the catalogue
// plus 1 or 0 for none, where its facts begin, how many they are with the key in the upper half, and
// the index of its topics with the flags in the upper half.
const phraseNumbers = 5

// The flags of a phrase.
const (
	flagGeneric = 1 << iota
	flagLastResort
	flagWholeMessageOnly
	flagNeedsCodePrefix
	flagAnchor
)

// readVocabulary returns the vocabulary that Compile has made.
func readVocabulary(data string) *vocabulary {
	f := &fields{data}
	v := &vocabulary{automaton: readAutomaton(f), faults: faultTable()}
	v.phrases, v.facts = f.next(), f.next()
	for _, set := range uint64s(f.next()) {
		v.topics = append(v.topics, topics(set))
	}
	v.byNumber = numberIndex{f.next()}
	for f.rest != "" {
		v.table = append(v.table, words{kind: Kind(f.next()), value: f.next(), anchor: f.next() != ""})
	}
	v.decoded = make([]atomic.Pointer[phrase], v.size())
	return v
}

// size is how many phrases there are.
func (v *vocabulary) size() int { return len(v.phrases) / (2 * phraseNumbers) }

// phrase returns one phrase by its number.
func (v *vocabulary) phrase(n int) phrase {
	at := uint32(n) * phraseNumbers
	entry, start := uint16At(v.phrases, at+1), uint16At(v.phrases, at+2)
	facts, topics := uint16At(v.phrases, at+3), uint16At(v.phrases, at+4)
	flags := topics >> 8
	p := phrase{
		size:             int(uint16At(v.phrases, at)),
		facts:            v.facts[start : start+facts&0xff],
		topics:           v.topics[topics&0xff],
		key:              key(facts >> 8),
		generic:          flags&flagGeneric != 0,
		lastResort:       flags&flagLastResort != 0,
		wholeMessageOnly: flags&flagWholeMessageOnly != 0,
		needsCodePrefix:  flags&flagNeedsCodePrefix != 0,
		anchor:           flags&flagAnchor != 0,
	}
	if entry != 0 {
		p.entry = codes.At(int(entry - 1))
	}
	return p
}

// phraseAt returns one phrase by its number. A text has few of them, and these many times.
func (v *vocabulary) phraseAt(n int) *phrase {
	if p := v.decoded[n].Load(); p != nil {
		return p
	}
	p := v.phrase(n)
	v.decoded[n].Store(&p)
	return &p
}

// find adds to hits the phrases that are in a text as whole words and begin before owned. It also
// returns the length of the part at the end of the text that is the beginning of a phrase.
func (v *vocabulary) find(hits []hit, text []byte, owned int) (more []hit, broken int) {
	broken = v.automaton.scan(text, func(pattern, end int) {
		p := v.phraseAt(pattern)
		start := end - p.size
		if start < owned && p.fits(text, start, end) {
			hits = append(hits, hit{p, start, end})
		}
	})
	return hits, broken
}
