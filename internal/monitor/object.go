package monitor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// members iterates over the members of a JSON object without copying it.
type members struct {
	text   []byte
	at     int  // where the next member begins; after nextKey where its value does
	open   bool // the object was entered
	done   bool // its end was reached
	broken bool // the text is not JSON, whatever follows
	key    []byte
	value  []byte // as written, with quotes
}

// next reads the next member. It returns false at the end of the object, with done set, and if the
// text is not an object or ends too early.
func (m *members) next() bool { return m.nextKey() && m.nextValue() }

func (m *members) nextKey() bool {
	if !m.begin() {
		return false
	}
	end := endOfString(m.text, m.at+1)
	if end < 0 {
		m.broken = end == isBroken
		return false
	}
	m.key = m.text[m.at+1 : end-1]
	at := skipSpace(m.text, end)
	if at >= len(m.text) || m.text[at] != ':' {
		m.broken = at < len(m.text)
		return false
	}
	m.at = skipSpace(m.text, at+1)
	return true
}

func (m *members) nextValue() bool {
	end := endOfValue(m.text, m.at)
	if end < 0 {
		m.broken = end == isBroken
		return false
	}
	m.value, m.at = m.text[m.at:end], end
	return true
}

// scanned returns the maximum number of bytes that were examined before the end of the object was found
// to be missing.
func (m *members) scanned() int {
	if !m.broken || m.at < len(m.text) && (m.text[m.at] == '{' || m.text[m.at] == '[') {
		return len(m.text)
	}
	return m.at
}

// begin goes to the key of the next member.
func (m *members) begin() bool {
	at := skipSpace(m.text, m.at)
	if at >= len(m.text) {
		return false
	}
	switch c := m.text[at]; {
	case !m.open && c == '{':
		m.open = true
		at = skipSpace(m.text, at+1)
		if at < len(m.text) && m.text[at] == '}' {
			m.done, m.at = true, at+1
			return false
		}
	case m.open && c == ',':
		at = skipSpace(m.text, at+1)
	case m.open && c == '}':
		m.done, m.at = true, at+1
		return false
	default:
		m.broken = true
		return false
	}
	m.at = at
	m.broken = at < len(m.text) && m.text[at] != '"'
	return at < len(m.text) && !m.broken
}

func skipSpace(text []byte, at int) int {
	for at < len(text) {
		switch text[at] {
		case ' ', '\t', '\r', '\n':
			at++
		default:
			return at
		}
	}
	return at
}

// Results in place of the index of an end: the text ends too early, it is not JSON, or the record has
// another layout.
const (
	isCut    = -1
	isBroken = -2
	isOther  = -3
)

// endOfString returns the index after the closing quote of a string whose first character is at at. A
// JSON string contains no end of line.
func endOfString(text []byte, at int) int {
	for {
		at += plainBytes(text[at:])
		if at >= len(text) {
			return isCut
		}
		switch text[at] {
		case '"':
			return at + 1
		case '\\':
			if at+1 < len(text) && text[at+1] == '\n' {
				return isBroken
			}
			at += 2
		case '\n':
			return isBroken
		}
		if at > len(text) {
			return isCut
		}
	}
}

// plainBytes counts the bytes before a quote, a backslash or the end of a line. It looks at eight at a
// time: a byte of (word ^ pattern) is 0 if they are equal, and subtracting 1 from it borrows.
func plainBytes(text []byte) int {
	const (
		ones, tops            = 0x0101010101010101, 0x8080808080808080
		quotes, slashes, ends = ones * '"', ones * '\\', ones * '\n'
	)
	n := 0
	for ; n+8 <= len(text); n += 8 {
		word := binary.LittleEndian.Uint64(text[n:])
		quote, slash, end := word^quotes, word^slashes, word^ends
		found := ((quote-ones)&^quote | (slash-ones)&^slash | (end-ones)&^end) & tops
		if found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for n < len(text) && text[n] != '"' && text[n] != '\\' && text[n] != '\n' {
		n++
	}
	return n
}

// endOfValue returns the index after the value that begins at at.
func endOfValue(text []byte, at int) int {
	if at >= len(text) {
		return isCut
	}
	switch text[at] {
	case '"':
		return endOfString(text, at+1)
	case '{', '[':
		return endOfNested(text, at)
	}
	end := at
	for end < len(text) && isLiteral(text[end]) {
		end++
	}
	if end == at {
		return isBroken
	}
	return end
}

func isLiteral(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

func endOfNested(text []byte, at int) int {
	depth := 0
	for at < len(text) {
		switch text[at] {
		case '"':
			end := endOfString(text, at+1)
			if end < 0 {
				return end
			}
			at = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return at + 1
			}
		}
		at++
	}
	return isCut
}

// arena holds the texts of a batch that could not stay as they were written.
type arena struct{ free []byte }

func (a *arena) reset() { a.free = a.free[:0] }

// text is the value of a string without quotes and escapes, a number or a word as it is written, and
// nil for null.
func (a *arena) text(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return withoutNull(value)
	}
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	return a.unescape(value, inner)
}

func withoutNull(value []byte) []byte {
	if string(value) == "null" {
		return nil
	}
	return value
}

// unescape handles the escapes of one character itself, and leaves others to encoding/json.
func (a *arena) unescape(value, inner []byte) []byte {
	if cap(a.free)-len(a.free) < len(inner) {
		a.free = make([]byte, 0, max(arenaSize, len(inner)))
	}
	start := len(a.free)
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		if c == '\\' && i+1 < len(inner) {
			i++
			c = unescaped(inner[i])
			if c == 0 {
				return unquoted(value)
			}
		}
		a.free = append(a.free, c)
	}
	return a.free[start:len(a.free):len(a.free)]
}

const arenaSize = 64 << 10

// unescaped is the character for a letter after a backslash, 0 if the escape has more characters.
func unescaped(c byte) byte {
	switch c {
	case '"', '\\', '/':
		return c
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	}
	return 0
}

func unquoted(value []byte) []byte {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return value[1 : len(value)-1]
	}
	return []byte(text)
}
