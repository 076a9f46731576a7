package likeness

import (
	"hash/fnv"
	"strings"
)

// Feature is a word in a text, two words in a row, or two with one between them, where a word may stand
// for a class of synonyms. It is identified by the hash of its text.
type Feature uint32

// Hash returns the feature of a text.
func Hash(text string) Feature {
	h := fnv.New32a()
	h.Write([]byte(text)) // never fails
	return Feature(h.Sum32())
}

// word is a word of a line, with its place.
type word struct {
	text       string // stem, lower case
	start, end int
}

// maxLine is how much of a line is used, in bytes.
const maxLine = 2000

// words splits a line into words. Identifiers are split where their case changes and at underscores;
// numbers of three to six digits are kept, and so are hexadecimal and negative ones. Ids, fractions of
// a second and hashes are left out, because they carry no meaning.
func words(line string) []word {
	line = line[:min(len(line), maxLine)]
	var found []word
	for i := 0; i < len(line); {
		start, digits := i, 0
		for i < len(line) && isAlphanumeric(line[i]) {
			if isDigit(line[i]) {
				digits++
			}
			i++
		}
		if negates(line, start, i) {
			found = append(found, word{strings.ToLower(line[start:i]) + "t", start, i + len("'t")})
			i += len("'t")
			continue
		}
		switch i - start {
		case 0:
			i++ // between two words
		case digits:
			found = appendNumber(found, line, start, i)
		default:
			found = appendWord(found, line[start:i], start, digits > 0)
		}
	}
	return found
}

// negates reports whether a word continues with an apostrophe as in "can't".
func negates(line string, start, end int) bool {
	rest := line[end:]
	return end > start && line[end-1]|0x20 == 'n' && len(rest) > 1 && rest[0] == '\'' && rest[1]|0x20 == 't' && (len(rest) == 2 || !isAlphanumeric(rest[2]))
}

// appendNumber adds the digits of a line from start to end, with the sign before them.
func appendNumber(found []word, line string, start, end int) []word {
	negative := start > 0 && line[start-1] == '-' && (start == 1 || !isAlphanumeric(line[start-2]))
	switch digits := end - start; {
	case negative && digits <= 6:
		return append(found, word{line[start-1 : end], start - 1, end})
	case digits >= 3 && digits <= 6:
		return append(found, word{line[start:end], start, end})
	}
	return found
}

// appendWord adds the text with letters that begins at a place: the parts of an identifier or, if it
// has digits, a hexadecimal number or a short name such as x509, sha256, tpm2.
func appendWord(found []word, run string, at int, digits bool) []word {
	hexadecimal := len(run) > 2 && len(run) <= 12 && run[0] == '0' && run[1]|0x20 == 'x'
	switch {
	case !digits:
		return appendParts(found, run, at)
	case hexadecimal, len(run) <= 8 && !isDigit(run[0]):
		return append(found, word{strings.ToLower(run), at, at + len(run)})
	}
	return found
}

// appendParts adds the parts of an identifier of letters: "certChainTLS" has three.
func appendParts(found []word, run string, at int) []word {
	begin := 0
	add := func(end int) {
		if end-begin > 1 {
			found = append(found, word{stem(strings.ToLower(run[begin:end])), at + begin, at + end})
		}
		begin = end
	}
	for i := 1; i < len(run); i++ {
		lowerUpper := isLower(run[i-1]) && isUpper(run[i])
		lastOfUpper := i+1 < len(run) && isUpper(run[i-1]) && isUpper(run[i]) && isLower(run[i+1])
		if lowerUpper || lastOfUpper {
			add(i)
		}
	}
	add(len(run))
	return found
}

// stem removes the usual endings of a word.
func stem(w string) string {
	for _, ending := range [...]string{"ing", "ied", "ies", "ed", "es", "s", "e"} {
		if len(w) > len(ending)+3 && strings.HasSuffix(w, ending) {
			return w[:len(w)-len(ending)]
		}
	}
	return w
}

func isDigit(b byte) bool        { return b >= '0' && b <= '9' }
func isLower(b byte) bool        { return b >= 'a' && b <= 'z' }
func isUpper(b byte) bool        { return b >= 'A' && b <= 'Z' }
func isAlphanumeric(b byte) bool { return isDigit(b) || isLower(b) || isUpper(b) }

// occurrence is a feature at a place of a line.
type occurrence struct {
	Feature
	start, end int
}

// occurrences are the features of a line: its words and pairs of them, and the same after synonyms were
// replaced by their class. Words in classes and pairs with one are what other programs say in other
// words; what a class hides is still in the words themselves.
func (s synonyms) occurrences(line string) []occurrence {
	own := words(line)
	found := make([]occurrence, 0, 4*len(own))
	add := func(text string, start, end int) { found = append(found, occurrence{Hash(text), start, end}) }
	for i, w := range own {
		add(w.text, w.start, w.end)
		if i > 0 {
			add(own[i-1].text+"_"+w.text, own[i-1].start, w.end)
		}
	}
	unified := s.unify(own)
	for i, w := range unified {
		if isClass(w) {
			add(w.text, w.start, w.end)
		}
		if i > 0 && (isClass(w) || isClass(unified[i-1])) {
			add(unified[i-1].text+"_"+w.text, unified[i-1].start, w.end)
		}
		if i > 1 {
			add(unified[i-2].text+"~"+w.text, unified[i-2].start, w.end)
		}
	}
	return found
}

// Counts returns how often each feature occurs in a text of several lines, with the synonyms that
// were packed.
func Counts(text string, packedSynonyms string) map[Feature]int {
	return openSynonyms(packedSynonyms).counts(text)
}

func (s synonyms) counts(text string) map[Feature]int {
	counts := map[Feature]int{}
	for line := range strings.SplitSeq(text, "\n") {
		for _, o := range s.occurrences(line) {
			counts[o.Feature]++
		}
	}
	return counts
}
