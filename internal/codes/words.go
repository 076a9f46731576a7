package codes

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordReader reads a text as words: runs of letters and digits in lower case, separated by one space
// each, whatever is between them in the text.
type wordReader struct {
	rest  string
	begun bool
}

// next returns the next letter, digit or separating space, and 0 at the end.
func (r *wordReader) next() rune {
	gap := false
	for r.rest != "" {
		c, size := wordRune(r.rest)
		if c == 0 {
			r.rest = r.rest[size:]
			gap = r.begun
			continue
		}
		if gap {
			return ' '
		}
		r.rest = r.rest[size:]
		r.begun = true
		return c
	}
	return 0
}

// wordRune returns the first character of a text, which is not empty, in lower case, or 0 if it is
// neither a letter nor a digit, and its size.
func wordRune(text string) (lower rune, size int) {
	switch c := text[0]; {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return rune(c), 1
	case 'A' <= c && c <= 'Z':
		return rune(c) + 'a' - 'A', 1
	case c < utf8.RuneSelf:
		return 0, 1
	}
	c, size := utf8.DecodeRuneInString(text)
	if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
		return 0, size
	}
	return unicode.ToLower(c), size
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
	if a == "" || b == "" {
		return false
	}
	ca, _ := wordRune(a)
	cb, _ := wordRune(b)
	if ca != cb && ca != 0 && cb != 0 {
		return false // for most texts they differ at the beginning
	}
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

// containsWords reports whether the words of part, one or more, are in text in that order and without
// a word between them. Both are reduced to words already.
func containsWords(text, part string) bool {
	return part != "" && strings.Contains(" "+text+" ", " "+part+" ")
}

// quotedValue returns X of a message of the form "key":"X", as in a JSON body or a dump of one, and ""
// for any other message.
func quotedValue(message string) string {
	message = strings.TrimSpace(message)
	if !strings.HasSuffix(message, `"`) && !strings.HasSuffix(message, "'") {
		return "" // most messages end here
	}
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
