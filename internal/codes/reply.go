package codes

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// ForReply returns the rows for an answer of DPS, most specific first: rows for this
// message of the code, the row of the six-digit code, the row of the HTTP status. A code
// that the catalogue does not know has the row of its class and the rule for such codes
// instead. Rows of IoT Hub are never among them, whatever numbers the two share.
//
// httpStatus is the status of the answer and errorCode the six-digit code in it, 0 where
// there was none; message is the text beside the code. nil means that no row fits.
func ForReply(httpStatus, errorCode int, message string) []*Entry {
	rows := byMessage(httpStatus, errorCode, message)
	family, isCode := class(uint64(max(errorCode, 0)))
	row := byDPSCode(errorCode)
	if row != nil && !slices.Contains(rows, row) {
		rows = append(rows, row)
	}
	if httpStatus < 400 { // the code tells more than the status of the answer it came in
		switch {
		case row != nil:
			httpStatus = row.HTTPStatus
		case isCode:
			httpStatus = family
		}
	}
	if status := byStatus(httpStatus); status != nil {
		rows = append(rows, status)
	}
	if row == nil && isCode {
		rows = append(rows, codeFamily())
	}
	return rows
}

// byDPSCode returns the row of a six-digit code of DPS as such, or nil.
func byDPSCode(code int) *Entry {
	text := strconv.Itoa(code)
	for e := range All() {
		if e.Kind == KindDPS && e.Code == text {
			return e
		}
	}
	return nil
}

// byMessage returns the rows for single cases that the message names, the one with the
// longest matching text first.
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
	var rows []*Entry
	for _, h := range hits {
		rows = append(rows, h.entry)
	}
	return rows
}

// isCaseOfDPS reports whether the row is about what DPS says, beyond a status alone.
func (e *Entry) isCaseOfDPS() bool {
	return e.Kind == KindDPS && !e.Wrapper || e.Kind == KindHTTP && strings.Contains(e.Code, "(")
}

// agrees reports whether an answer with this status and code can be a case of the row. A
// code must be the row's own; without one the status must be. A row that has no code, or
// that stands for an answer DPS got from somebody else, agrees with any.
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

// messageIn returns the length of the longest message of the row that words hold, 0 if
// there is none. A message that shows the whole value of a JSON member must be all of it.
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
