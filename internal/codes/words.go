package codes

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordReader reads a text as words: runs of letters and digits in lower case, parted by
// one space each, whatever stands between them in the text.
type wordReader struct {
	rest  string
	begun bool
}

// next returns the next letter, digit or parting space, and 0 at the end.
func (r *wordReader) next() rune {
	gap := false
	for r.rest != "" {
		c, size := utf8.DecodeRuneInString(r.rest)
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			r.rest = r.rest[size:]
			gap = r.begun
			continue
		}
		if gap {
			return ' '
		}
		r.rest = r.rest[size:]
		r.begun = true
		return unicode.ToLower(c)
	}
	return 0
}

// wordsOf returns a text reduced to its words.
func wordsOf(text string) string {
	var b strings.Builder
	r := wordReader{rest: text}
	for c := r.next(); c != 0; c = r.next() {
		b.WriteRune(c)
	}
	return b.String()
}

// sameWords reports whether two texts have the same words, and have any.
func sameWords(a, b string) bool {
	ra, rb := wordReader{rest: a}, wordReader{rest: b}
	for begun := false; ; begun = true {
		ca, cb := ra.next(), rb.next()
		if ca != cb {
			return false
		}
		if ca == 0 {
			return begun
		}
	}
}

// containsWords reports whether the words of part, one or more, stand in text in that
// order and without a word between them. Both are reduced to words already.
func containsWords(text, part string) bool {
	return part != "" && strings.Contains(" "+text+" ", " "+part+" ")
}

// quotedValue returns X of a message of the form "key":"X", as a JSON body or a dump of
// one has it, and "" for any other message.
func quotedValue(message string) string {
	key, value, found := strings.Cut(message, ":")
	if !found || strings.Contains(strings.TrimSpace(key), " ") {
		return ""
	}
	value = strings.TrimSpace(value)
	if len(value) < 2 || value[0] != value[len(value)-1] || !strings.ContainsRune(`"'`, rune(value[0])) {
		return ""
	}
	return value[1 : len(value)-1]
}
