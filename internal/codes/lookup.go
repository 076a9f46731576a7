package codes

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// Lookup looks up a query given as text; see [Query.Lookup].
func Lookup(text string) []*Entry { return Parse(text).Lookup() }

// Lookup returns the entries that match the query, best first, or nil if there is none. Letter
// case, quotes around the query and punctuation do not matter. A query can be:
//
//   - A number, alone or with the words that are usually next to it: "429", "HTTP/1.1 404",
//     "errorCode:401002", "CONNACK 5", "rc=5", "0x2700", "404 Not Found". The entry about
//     the number itself comes first, then the entries for special cases of it. Entries of DPS
//     come before those of IoT Hub. A small number alone is ambiguous, and Lookup returns every
//     entry that has it. The error number of a library needs the name of its family, see
//     [Families], unless no other entry has that number.
//   - A name: "PROV_DEVICE_RESULT_DEV_AUTH_ERROR", "unauthorized-access" with or without
//     its "amqp:", an exception with or without the package it is in.
//   - A whole message, as it is in a log. Lookup does not find messages inside a longer text.
//   - The id of an entry, which gives that entry alone.
func (q Query) Lookup() []*Entry {
	found := q.lookup()
	if found == nil && q.numbered && q.number < leastStatus && q.wordsIn(fillers) {
		q.anyFamily = true
		return q.match(byNumber(q.number))
	}
	return found
}

// leastStatus is the lowest number that is more likely an HTTP status than the error number of a
// library.
const leastStatus = 400

// lookup is Lookup, except that a library's error number without the name of its family matches nothing.
func (q Query) lookup() []*Entry {
	if q.numbered && len(q.words) == 0 {
		return q.match(byNumber(q.number)) // a bare number is neither an id nor a text
	}
	if e := ByID(strings.ToLower(q.text)); e != nil {
		return []*Entry{e}
	}
	if found := q.match(All()); found != nil {
		return found
	}
	if name := unqualified(q.text); name != "" {
		q.text = name
		return q.match(All())
	}
	return nil
}

// match returns the entries that match the query, best first.
func (q Query) match(entries iter.Seq[*Entry]) []*Entry {
	type hit struct {
		entry *Entry
		rank  rank
	}
	var hits []hit
	var numbered []*Entry
	if q.numbered {
		numbered = slices.Collect(byNumber(q.number))
	}
	for e := range entries {
		if r, ok := q.rank(e, slices.Contains(numbered, e)); ok {
			hits = append(hits, hit{e, r})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.rank.compare(b.rank) })
	var found []*Entry
	for _, h := range hits {
		if hits[0].rank.isExactCode() && h.rank.distance == sameButPunctuation {
			break // "unauthorized-access" is a code and does not mean the text "Unauthorized access"
		}
		found = append(found, h.entry)
	}
	return found
}

// rank says how well an entry matches a query. Ranks are compared field by field, and a lower value is
// better. Entries of equal rank stay in the order of the catalogue.
type rank struct {
	distance int
	part     int // which text of the entry matches; for a number the position of the entry's kind
	last     int // 1 for an entry that comes after others like it: a special case of a number, a wrapper
}

// How much a query differs from a text of an entry, from least to most. Fillers around a number are
// removed before the query is compared with texts.
const (
	sameNumber = iota
	identical
	sameButCase
	sameButPunctuation
	different
)

// The parts of an entry that a query can match, in the order of their weight.
const (
	partCode = iota
	partCondition
	partName
	partMessage
	partQuotedValue
	partID
)

func (r rank) compare(o rank) int {
	return cmp.Or(cmp.Compare(r.distance, o.distance), cmp.Compare(r.part, o.part), cmp.Compare(r.last, o.last))
}

func (r rank) isExactCode() bool {
	return r.distance > sameNumber && r.distance < sameButPunctuation && r.part <= partCondition
}

// rank ranks an entry. numbered says whether the entry has the number of the query. ok is false if the
// entry does not match.
func (q Query) rank(e *Entry, numbered bool) (r rank, ok bool) {
	if numbered {
		if r, ok := q.numberRank(e); ok {
			return r, true
		}
	}
	r = q.textRank(e)
	return r, r.distance < different
}

// numberRank ranks an entry that has the number of the query: by kind, and within a kind the entry
// about the number itself before those for special cases of it.
func (q Query) numberRank(e *Entry) (r rank, ok bool) {
	for n := range e.numerals() {
		if !n.holds(q.number) || n.signed && n.negative != q.negative || !q.fits(e, n) {
			continue
		}
		r = rank{distance: sameNumber, part: slices.Index(Kinds(), e.Kind)}
		if !n.exact {
			r.last = 1
		}
		return r, true
	}
	return rank{}, false
}

// fits reports whether the words around the number are compatible with the entry. It first removes words
// at both ends that are usual next to such a number. The rest has to be empty, the entry's name or one
// of its messages, or at least two consecutive words of one of these.
func (q Query) fits(e *Entry, n numeral) bool {
	if !q.anyFamily && !n.isNamed(q.words) {
		return false
	}
	known := n.words()
	rest := q.words
	for len(rest) > 0 && containsWords(known, rest[0]) {
		rest = rest[1:]
	}
	for len(rest) > 0 && containsWords(known, rest[len(rest)-1]) {
		rest = rest[:len(rest)-1]
	}
	if len(rest) == 0 {
		return true
	}
	phrase := strings.Join(rest, " ")
	isIn := func(text string) bool {
		return sameWords(text, phrase) || len(rest) > 1 && containsWords(wordsOf(text), phrase)
	}
	return isIn(e.Name) || slices.ContainsFunc(e.Messages, isIn)
}

// textRank ranks an entry by the one of its texts that is closest to the query.
func (q Query) textRank(e *Entry) rank {
	best := rank{distance: different}
	if e.Wrapper {
		best.last = 1
	}
	consider := func(part int, text string) {
		r := rank{distance: distance(text, q.text), part: part, last: best.last}
		if r.distance < different && r.compare(best) < 0 {
			best = r
		}
	}
	if !strings.HasPrefix(e.Code, "(") { // a code in parentheses is only a remark
		consider(partCode, e.Code)
	}
	for _, alias := range e.Aliases {
		consider(partCode, alias)
	}
	if e.Kind == KindAMQP {
		for _, condition, more := strings.Cut(e.Code, ":"); more; _, condition, more = strings.Cut(condition, ":") {
			consider(partCondition, condition)
		}
	}
	consider(partName, e.Name)
	for _, message := range e.Messages {
		consider(partMessage, message)
		consider(partQuotedValue, quotedValue(message))
	}
	consider(partID, e.ID)
	return best
}

// distance says how much two texts differ, from identical to different.
func distance(text, query string) int {
	if !sameWords(text, query) {
		return different
	}
	switch text = strings.Trim(text, quotes); {
	case text == query:
		return identical
	case strings.EqualFold(text, query):
		return sameButCase
	}
	return sameButPunctuation
}

// unqualified returns the name of an exception or error class without its package, such as
// "CredentialError" for "azure.iot.device.exceptions.CredentialError", or "" if text is not such a
// name.
func unqualified(text string) string {
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 || strings.ContainsAny(text, " \t\r\n") {
		return ""
	}
	name := text[dot+1:]
	for _, suffix := range [...]string{"Error", "Exception"} {
		if strings.HasSuffix(name, suffix) && name != suffix {
			return name
		}
	}
	return ""
}
