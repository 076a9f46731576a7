package logtext

import (
	"fmt"
	"math"
	"slices"

	"dpsdiag/internal/codes"
)

//go:generate go run ./gen

// Compile makes the vocabulary from the catalogue and the tables of this package, in the form that the
// program contains. It is for the generator: after a change of a table or of the catalogue "go
// generate ./internal/logtext" updates vocabulary.bin.
func Compile() ([]byte, error) {
	d := newDictionary()
	texts := make([]string, len(d.terms))
	for i, t := range d.terms {
		texts[i] = t.text
	}
	var w fieldWriter
	if err := newTrie(texts).encode(&w); err != nil {
		return nil, err
	}
	entryNumbers := map[*codes.Entry]uint16{}
	for e := range codes.All() {
		entryNumbers[e] = uint16(len(entryNumbers))
	}
	if err := d.encodeTerms(&w, entryNumbers); err != nil {
		return nil, err
	}
	encodeNumbers(&w, entryNumbers)
	for _, words := range d.words {
		w.add([]byte(words.kind))
		w.add([]byte(words.value))
		w.add(make([]byte, flag(words.anchor, 1)))
	}
	return w.out.Bytes(), nil
}

// encodeTerms writes the phrases, their facts and their sets of topics; see vocabulary.
func (d *dictionary) encodeTerms(w *fieldWriter, entryNumbers map[*codes.Entry]uint16) error {
	var phrases []uint16
	var facts []byte
	var sets []topics
	for _, t := range d.terms {
		set := slices.Index(sets, t.topics)
		if set < 0 {
			set = len(sets)
			sets = append(sets, t.topics)
		}
		entry := uint16(0)
		if t.entry != nil {
			entry = entryNumbers[t.entry] + 1
		}
		flags := flag(t.generic, flagGeneric) | flag(t.lastResort, flagLastResort) | flag(t.wholeMessageOnly, flagWholeMessageOnly) | flag(t.needsCodePrefix, flagNeedsCodePrefix) | flag(t.anchor, flagAnchor)
		if t.size > math.MaxUint16 || len(t.facts) > math.MaxUint8 {
			return fmt.Errorf("the phrase %q is too large for the layout of the vocabulary", t.text)
		}
		phrases = append(phrases, uint16(t.size), entry, uint16(len(facts)), uint16(len(t.facts))|uint16(t.key)<<8, uint16(set|flags<<8))
		facts = append(facts, t.facts...)
	}
	if len(facts) > math.MaxUint16 || len(sets) > math.MaxUint8 || len(d.words) > math.MaxUint8 {
		return fmt.Errorf("the tables are too large for the layout of the vocabulary: %d facts, %d sets of topics, %d words", len(facts), len(sets), len(d.words))
	}
	w.add(phrases)
	w.add(facts)
	w.add(sets)
	return nil
}

// flag is value if set is true, otherwise 0.
func flag(set bool, value int) int {
	if set {
		return value
	}
	return 0
}
