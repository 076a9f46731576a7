package likeness

import (
	"hash/fnv"
	"strings"
)

// Feature is something that a text has: a word, two words in a row, or two with one between
// them. It is known by the hash of its text.
type Feature uint32

// Hash returns the feature of a text.
func Hash(text string) Feature {
	h := fnv.New32a()
	h.Write([]byte(text)) // never fails
	return Feature(h.Sum32())
}

// word is a word of a line, with the place where it stands.
type word struct {
	text       string // stem, lower case
	start, end int
}

// maxLine is how much of a line is looked at, in bytes.
const maxLine = 2000

// words splits a line into words. Identifiers are split where their case changes and at
// underscores; numbers of three to six digits are kept, and so are hexadecimal and negative
// ones. What is an id, a date's fraction or a hash is left out, since it says nothing.
func words(line string) []word { //nolint:cyclop // one case for each kind of word
	line = line[:min(len(line), maxLine)]
	var found []word
	for i := 0; i < len(line); {
		if !isAlphanumeric(line[i]) {
			i++
			continue
		}
		start := i
		letters, digits := 0, 0
		for i < len(line) && isAlphanumeric(line[i]) {
			if isDigit(line[i]) {
				digits++
			} else {
				letters++
			}
			i++
		}
		run := line[start:i]
		switch {
		case digits == 0:
			found = appendParts(found, run, start)
		case letters == 0:
			negative := start > 0 && line[start-1] == '-' && (start == 1 || !isAlphanumeric(line[start-2]))
			switch {
			case negative && digits <= 6:
				found = append(found, word{"-" + run, start - 1, i})
			case digits >= 3 && digits <= 6:
				found = append(found, word{run, start, i})
			}
		case len(run) > 2 && run[0] == '0' && run[1]|0x20 == 'x' && len(run) <= 12:
			found = append(found, word{strings.ToLower(run), start, i})
		case len(run) <= 8 && !isDigit(run[0]): // x509, sha256, tpm2
			found = append(found, word{strings.ToLower(run), start, i})
		}
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

// stem takes the usual endings off a word.
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

// occurrences are the features of a line in the order in which they end.
func occurrences(line string) []occurrence {
	ws := words(line)
	found := make([]occurrence, 0, 3*len(ws))
	for i, w := range ws {
		found = append(found, occurrence{Hash(w.text), w.start, w.end})
		if i > 0 {
			found = append(found, occurrence{Hash(ws[i-1].text + "_" + w.text), ws[i-1].start, w.end})
		}
		if i > 1 {
			found = append(found, occurrence{Hash(ws[i-2].text + "~" + w.text), ws[i-2].start, w.end})
		}
	}
	return found
}

// Counts returns how often each feature stands in a text of several lines.
func Counts(text string) map[Feature]int {
	counts := map[Feature]int{}
	for line := range strings.SplitSeq(text, "\n") {
		for _, o := range occurrences(line) {
			counts[o.Feature]++
		}
	}
	return counts
}
