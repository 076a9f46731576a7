package codes

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxQuery is the length in bytes above which a text is a log and not a spelling of a code; the
	// longest message of the catalogue has 104.
	maxQuery = 512

	// quotes are what people leave around a code that they copied.
	quotes = " \t\r\n\"'`“”‘’«»"

	// fillers are words that may be next to any number without changing its meaning.
	fillers = "code error err errorcode number num no nr value returned received"
)

// Query is a user's query in parsed form.
type Query struct {
	text     string   // without quotes and white space around it
	numbered bool     // text contains exactly one number
	number   uint64   // that number, without its sign
	negative bool     // whether a minus sign is before it
	words    []string // the other words of text, in lower case

	anyFamily bool // whether the number may be of any family
}

// Parse reads a query. An empty query, or one too long to be a code, is the zero Query, which matches
// nothing.
func Parse(s string) Query {
	text := strings.Trim(s, quotes)
	if len(text) > maxQuery {
		return Query{}
	}
	q := Query{text: text, words: strings.Fields(wordsOf(withoutHTTPVersion(text)))}
	if !q.takeNumber(parseNumber) {
		q.takeNumber(numberAfterName)
	}
	q.negative = hasMinus(text)
	return q
}

// takeNumber looks for words that are numbers. If there is exactly one, the query has that number, and
// a name that was joined to it stays as a word.
func (q *Query) takeNumber(parse func(word string) (name string, n uint64, ok bool)) bool {
	var number uint64
	var rest []string
	count := 0
	for _, word := range q.words {
		name, n, ok := parse(word)
		if ok {
			number = n
			count++
			word = name
		}
		if word != "" {
			rest = append(rest, word)
		}
	}
	if count != 1 {
		return false
	}
	q.numbered, q.number, q.words = true, number, rest
	return true
}

// parseNumber reads a word as a number: decimal, hexadecimal with 0x, or the eight hexadecimal digits
// of an OpenSSL error. There is never a name next to it.
func parseNumber(word string) (name string, n uint64, ok bool) {
	digits, base := word, 10
	switch hex, prefixed := strings.CutPrefix(word, "0x"); {
	case prefixed:
		digits, base = hex, 16
	case len(word) == 8:
		base = 16
	case len(word) > 2 && word[0] == '0':
		return "", 0, false
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return "", n, err == nil
}

// numberAfterName reads a word such as "rc5" or "http404".
func numberAfterName(word string) (name string, n uint64, ok bool) {
	name = strings.TrimRight(word, "0123456789")
	if name == "" || name == word {
		return "", 0, false
	}
	_, n, ok = parseNumber(word[len(name):])
	return name, n, ok
}

// hasMinus reports whether a text has a number with a minus sign, which is not a hyphen after a word.
func hasMinus(text string) bool {
	for i := range len(text) - 1 {
		if text[i] != '-' || text[i+1] < '0' || text[i+1] > '9' {
			continue
		}
		if c, _ := utf8.DecodeLastRuneInString(text[:i]); i == 0 || !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return true
		}
	}
	return false
}

// withoutHTTPVersion turns "HTTP/1.1 404" into "http 404", so that one number is left.
func withoutHTTPVersion(text string) string {
	version, ok := cutPrefixFold(text, "http/")
	if !ok {
		return text
	}
	if _, status, ok := strings.Cut(version, " "); ok {
		return "http " + status
	}
	return text
}

// wordsIn reports whether every word of the query is one of the given words.
func (q Query) wordsIn(known string) bool {
	for _, word := range q.words {
		if !containsWords(known, word) {
			return false
		}
	}
	return true
}

// cutPrefixFold is strings.CutPrefix without regard to case.
func cutPrefixFold(s, prefix string) (after string, found bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
