package logtext

import (
	"bytes"

	"dpsdiag/internal/codes"
)

// phrase is the meaning of a text that is looked for.
type phrase struct {
	size             int // of the text, in bytes
	entry            *codes.Entry
	facts            string // a byte for each fact, into the table of words
	topics           topics
	key              key
	generic          bool // words that other software uses too
	lastResort       bool // so common that it counts only if nothing else is known
	wholeMessageOnly bool // a single word, which has to be a message of its own
	needsCodePrefix  bool // a word of any program, which has to be after the name of a code
	anchor           bool
}

// fits reports whether the phrase, found at line[start:end], is there as whole words.
func (p *phrase) fits(line []byte, start, end int) bool {
	if p.key == 0 && isWordByte(line[start]) && start > 0 && isWordByte(line[start-1]) {
		return false
	}
	if p.key != keyRegistrationPath && isWordByte(line[end-1]) && end < len(line) && isWordByte(line[end]) {
		return false
	}
	return (!p.wholeMessageOnly || isMessage(line, start, end)) && (!p.needsCodePrefix || followsCodeName(line[:start]))
}

// followsCodeName reports whether a text ends with the name of a code, or with its number.
func followsCodeName(before []byte) bool {
	before = bytes.TrimRight(before, " \"':=(-")
	end := len(before)
	return end > 0 && isDigit(before[end-1]) || end >= len("code") && hasPrefixFold(before[end-len("code"):], "code")
}

// isMessage reports whether line[start:end] is a message of its own: separated from what is before it
// by a colon, a quote or a bracket, and from what is after it by the end of the sentence.
func isMessage(line []byte, start, end int) bool {
	before := bytes.TrimRight(line[:start], " ")
	after := bytes.TrimLeft(line[end:], " .!")
	begins := len(before) == 0 || bytes.IndexByte([]byte(`:"'([{=>-|,`), before[len(before)-1]) >= 0 || isDigit(before[len(before)-1])
	ends := len(after) == 0 || bytes.IndexByte([]byte(`"')]},;:|<`), after[0]) >= 0
	return begins && ends
}
