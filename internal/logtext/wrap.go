package logtext

import (
	"bytes"
	"slices"
	"strings"
)

const (
	// wrapReach is how much on either side of a line end is searched for a phrase that is broken
	// there, in bytes.
	wrapReach = 160

	// minBroken is how much of a phrase must be at the end of a line before the next line is searched,
	// in bytes; minWrapped is the minimum length of a phrase that may be broken by a line end, and
	// minWrappedName that of the name of a value.
	minBroken      = 6
	minWrapped     = 14
	minWrappedName = 8
)

// lineEnd is the end of the line before the one being read. Terminals and PowerShell wrap long
// messages at the width of the window, within a word or between two, and people quote them like that.
type lineEnd struct {
	text   []byte // with what may be the beginning of a phrase; empty if nothing may be
	line   int
	stream *stream
	joined []byte
	hits   []hit // in joined
}

// keepEnd remembers the end of the line that was read, if it may have broken a number or a phrase;
// broken is how many bytes of the phrase the line has.
func (r *pass) keepEnd(broken int) {
	e := &r.end
	e.text = e.text[:0]
	if broken < minBroken && !slices.ContainsFunc(r.hits, func(h hit) bool { return h.breaksNumber(r.text) }) {
		return
	}
	e.text = append(e.text, r.text[max(0, len(r.text)-wrapReach):]...)
	e.line, e.stream = r.line, r.current
}

// readWrapped notes what the end of the line before and the beginning of this one mean together.
func (r *pass) readWrapped(next []byte) {
	e := &r.end
	if len(e.text) == 0 {
		return
	}
	head := withoutMargin(next)
	head = head[:min(len(head), wrapReach)]
	if len(head) == 0 {
		return // a blank line ends a message
	}
	for _, between := range [...]string{"", " "} {
		e.joined = append(append(append(e.joined[:0], e.text...), between...), head...)
		r.findAcross(e.joined, len(e.text), len(e.text)+len(between))
		if len(r.hits) > 0 {
			r.noteWrapped()
		}
	}
	e.text = e.text[:0]
}

// breaksNumber reports whether a hit is the name of a code or status, and text ends before the number
// is complete.
func (h hit) breaksNumber(text []byte) bool {
	switch h.key {
	case keyErrorCode, keyHTTPStatus, keyWebhookStatus:
	default:
		return false
	}
	digits := bytes.TrimLeft(text[h.end:], " \"':=[(")
	if bytes.ContainsFunc(digits, func(c rune) bool { return c < '0' || c > '9' }) {
		return false
	}
	return len(digits) < 3 || len(digits) == 4 || len(digits) == 5
}

// findAcross fills hits with the phrases that begin before left and end after right, and with the
// names of codes whose number does.
func (r *pass) findAcross(text []byte, left, right int) {
	hits, _ := r.words.find(r.end.hits[:0], text, left)
	r.end.hits = hits
	whole := hits[:0]
	for _, h := range hits {
		if h.end > right && h.mayWrap() || h.end <= left && isDigit(text[right]) && h.breaksNumber(text[:left]) {
			whole = append(whole, h)
		}
	}
	r.hits = whole
}

// mayWrap reports whether a phrase is long enough to be recognised although a line end breaks it.
func (p *phrase) mayWrap() bool {
	return p.size >= minWrapped && !p.lastResort && !p.needsCodePrefix || p.size >= minWrappedName && p.key != keyNone
}

// noteWrapped notes the hits as read on the line before. The text begins at the first hit: what is
// before it may be the rest of a secret whose name is cut off.
func (r *pass) noteWrapped() {
	line, current, before := r.line, r.current, r.before
	start := len(r.end.joined)
	for _, h := range r.hits {
		start = min(start, h.start)
	}
	for i := range r.hits {
		r.hits[i].start -= start
		r.hits[i].end -= start
	}
	r.text, r.line, r.current, r.before = r.end.joined[start:], r.end.line, r.end.stream, nil
	if _, anchor := r.weighHits(); anchor {
		r.anchor()
	}
	r.readFacts()
	r.readValues()
	r.readErrors()
	r.settleLine()
	r.line, r.current, r.before = line, current, before
}

// withoutMargin returns a line that continues the one before, without its margin: an indentation, the
// + and | of PowerShell, the > of a quotation.
func withoutMargin(line []byte) []byte {
	for {
		line = bytes.TrimLeft(line, " ")
		if len(line) < 2 || line[1] != ' ' || bytes.IndexByte([]byte("+|>"), line[0]) < 0 {
			return line
		}
		line = line[1:]
	}
}

// leastPart is the length of a part of a secret at the end of a line, in bytes. After a shorter part the
// rest is recognised by itself.
const leastPart = 16

// keepSecret remembers the end of the line that was read, if its last word may be the beginning of a
// secret.
func (r *pass) keepSecret(line []byte) {
	r.before = r.before[:0]
	for i := range leastPart {
		if at := len(line) - 1 - i; at < 0 || !isTokenByte(line[at]) && line[at] != '%' {
			return
		}
	}
	r.before = append(r.before, line[max(0, len(line)-maxExcerpt):]...)
}

// restOfSecret is the length of the beginning of the line that goes on with a secret from the line
// before: the first word, unless that is a time.
func (r *pass) restOfSecret() int {
	if len(r.before) == 0 {
		return 0
	}
	before := string(r.before)
	goesOn := func(s span) bool { return s.end == len(before) }
	if !slices.ContainsFunc(slices.Concat(namedSecrets(before), headerSecrets(before), webTokens(before)), goesOn) {
		return 0
	}
	start := len(r.text) - len(withoutMargin(r.text))
	end := start
	for end < len(r.text) && (isTokenByte(r.text[end]) || r.text[end] == '%') {
		end++
	}
	if strings.Trim(string(r.text[start:end]), "0123456789-.T") == "" {
		return 0
	}
	return end
}

// withoutRest is the line without the rest of a secret from the line before; a part of the line is
// returned as it is.
func (r *pass) withoutRest(text []byte) []byte {
	if len(text) != len(r.text) {
		return text
	}
	if rest := r.restOfSecret(); rest > 0 {
		return append([]byte(hidden), text[rest:]...)
	}
	return text
}
