package codes

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// ForReply returns the entries for an answer of DPS, most specific first: entries for this message of
// the code, the entry of the six-digit code, the entry of the HTTP status. A code that the catalogue
// does not know has the entry of its class and the rule for such codes instead. Entries of IoT Hub are
// never among them, even if the numbers are the same.
//
// httpStatus is the status of the answer and errorCode the six-digit code in it, 0 if there was
// none; message is the text next to the code. nil means that no entry fits.
func ForReply(httpStatus, errorCode int, message string) []*Entry {
	entries := byMessage(httpStatus, errorCode, message)
	family, isCode := class(uint64(max(errorCode, 0)))
	entry := byDPSCode(errorCode)
	if entry != nil && !slices.Contains(entries, entry) {
		entries = append(entries, entry)
	}
	if httpStatus < 400 { // the code says more than the status of its answer
		switch {
		case entry != nil:
			httpStatus = entry.HTTPStatus
		case isCode:
			httpStatus = family
		}
	}
	if status := byStatus(httpStatus); status != nil {
		entries = append(entries, status)
	}
	if entry == nil && isCode {
		entries = append(entries, codeFamily())
	}
	return entries
}

// byDPSCode returns the entry of a six-digit code of DPS itself, or nil.
func byDPSCode(code int) *Entry {
	text := strconv.Itoa(code)
	for e := range All() {
		if e.Kind == KindDPS && e.Code == text {
			return e
		}
	}
	return nil
}

// byMessage returns the entries for single cases that match the message, the one with the longest
// matching text first.
func byMessage(httpStatus, errorCode int, message string) []*Entry {
	type hit struct {
		entry  *Entry
		length int
	}
	var hits []hit
	words := wordsOf(message)
	if words == "" {
		return nil
	}
	for e := range All() {
		if !e.isCaseOfDPS() || !e.agrees(httpStatus, errorCode) {
			continue
		}
		if length := e.messageIn(words); length > 0 {
			hits = append(hits, hit{e, length})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.length, a.length) })
	var entries []*Entry
	for _, h := range hits {
		entries = append(entries, h.entry)
	}
	return entries
}

// isCaseOfDPS reports whether the entry is about an error of DPS that is more than a status.
func (e *Entry) isCaseOfDPS() bool {
	return e.Kind == KindDPS && !e.Wrapper || e.Kind == KindHTTP && strings.Contains(e.Code, "(")
}

// agrees reports whether an answer with this status and code can be a case of the entry. A code must
// be the entry's own; without one the status must be. An entry that has no code, or that is for an
// answer DPS got from another party, agrees with any.
func (e *Entry) agrees(httpStatus, errorCode int) bool {
	for n := range e.numerals() {
		if _, isCode := class(n.low); !isCode {
			return true
		}
		if errorCode != 0 {
			return n.low == uint64(errorCode)
		}
	}
	return errorCode != 0 || httpStatus == 0 || e.HTTPStatus == 0 || httpStatus == e.HTTPStatus
}

// messageIn returns the length of the longest message of the entry that words contain, 0 if there is
// none. A message that is the whole value of a JSON member must be all of it.
func (e *Entry) messageIn(words string) int {
	longest := 0
	for _, m := range e.Messages {
		if value := quotedValue(m); value != "" && !sameWords(value, words) {
			continue
		} else if value != "" {
			m = value
		}
		if part := wordsOf(m); containsWords(words, part) {
			longest = max(longest, len(part))
		}
	}
	return longest
}
