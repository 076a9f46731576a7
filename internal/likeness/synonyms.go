package likeness

import (
	"encoding/binary"
	"iter"
	"slices"
	"sort"
	"strconv"
)

// synonyms are words and phrases that mean the same in the messages of programs, packed: for each, in
// ascending order of the hashes, the hash of its words (uint32) and the number of its class (uint16),
// little-endian. The zero value has none.
type synonyms struct {
	hashes, classes string
}

// longestPhrase is the maximum number of words of a synonym.
const longestPhrase = 4

// entrySize is the size of a packed synonym, in bytes.
const entrySize = 6

// PackSynonyms packs classes of words and phrases. A phrase of more than longestPhrase words is left
// out; of phrases that are split into the same words the first one counts.
func PackSynonyms(classes iter.Seq2[string, []string]) string {
	class := map[Feature]uint16{}
	n := uint16(0)
	for _, members := range classes {
		for _, member := range members {
			ws := words(member)
			h := newPhrase()
			for _, w := range ws {
				h = h.with(w.text)
			}
			if _, taken := class[Feature(h)]; !taken && len(ws) > 0 && len(ws) <= longestPhrase {
				class[Feature(h)] = n
			}
		}
		n++
	}
	hashes := make([]Feature, 0, len(class))
	for h := range class {
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	packed := make([]byte, 0, entrySize*len(hashes))
	for _, h := range hashes {
		packed = binary.LittleEndian.AppendUint32(packed, uint32(h))
	}
	for _, h := range hashes {
		packed = binary.LittleEndian.AppendUint16(packed, class[h])
	}
	return string(packed)
}

// openSynonyms returns the synonyms with these bytes.
func openSynonyms(packed string) synonyms {
	n := len(packed) / entrySize
	return synonyms{hashes: packed[:4*n], classes: packed[4*n : entrySize*n]}
}

// phraseHash is the hash of the words of a phrase, one after the other (FNV-1a).
type phraseHash uint32

func newPhrase() phraseHash { return 2166136261 }

func (h phraseHash) with(word string) phraseHash {
	for i := range len(word) {
		h = (h ^ phraseHash(word[i])) * 16777619
	}
	return (h ^ ' ') * 16777619
}

// class returns the number of the class of a phrase, or false if it is in none.
func (s synonyms) class(h phraseHash) (int, bool) {
	n := len(s.hashes) / 4
	i := sort.Search(n, func(i int) bool { return uint32At(s.hashes, i) >= uint32(h) })
	if i == n || uint32At(s.hashes, i) != uint32(h) {
		return 0, false
	}
	return int(s.classes[2*i]) | int(s.classes[2*i+1])<<8, true
}

// isClass reports whether a word is that of a class.
func isClass(w word) bool { return w.text[0] == '=' }

// unify replaces every phrase that is in a class by one word for the class, the longest phrase first.
// Such a word begins with an equals sign, which no word of a text contains.
func (s synonyms) unify(ws []word) []word {
	unified := make([]word, 0, len(ws))
	for len(ws) > 0 {
		next, size := ws[0], 1
		h := newPhrase()
		for k, w := range ws[:min(longestPhrase, len(ws))] {
			h = h.with(w.text)
			if class, known := s.class(h); known {
				next, size = word{"=" + strconv.Itoa(class), ws[0].start, w.end}, k+1
			}
		}
		unified = append(unified, next)
		ws = ws[size:]
	}
	return unified
}
