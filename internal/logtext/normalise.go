package logtext

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// normaliser converts a line to the form that patterns are written in: without terminal colours, with
// the escapes of JSON strings undone at any depth, with single spaces, straight quotes and no control
// characters. A line break that was escaped inside a string becomes a line feed. Letters keep their
// case. The result is valid UTF-8.
type normaliser struct {
	in   []byte
	out  []byte
	from int // where the text begins in out
	i    int // next byte of in
}

// reset makes the memory of the texts that were normalised free for others.
func (n *normaliser) reset() { n.out = n.out[:0] }

// normalise returns text in normal form, valid until the next reset. Most lines are in that form, and
// are returned as they are.
func (n *normaliser) normalise(text []byte) []byte {
	n.i = normalPrefix(text)
	if n.i == len(text) {
		return text
	}
	n.in, n.from = text, len(n.out)
	n.out = append(n.out, text[:n.i]...)
	for n.i < len(n.in) {
		start := n.i
		for n.i < len(n.in) && isPlain(n.in[n.i]) {
			n.i++
		}
		n.out = append(n.out, n.in[start:n.i]...)
		if n.i < len(n.in) {
			n.special()
		}
	}
	return n.out[n.from:]
}

// normalPrefix is the length of the part at the start of a text that is certainly in normal form.
func normalPrefix(text []byte) int {
	var before byte
	for i, b := range text {
		k := kinds[b]
		if k != plain && (k != blank || before == ' ' || before == ':' && i > 1 && text[i-2] == '"') {
			return i
		}
		before = b
	}
	return len(text)
}

// isPlain reports whether a byte is not changed by normalisation.
func isPlain(b byte) bool { return kinds[b] == plain }

// The kinds of bytes in a text: those that normalisation does not change, spaces, and the others.
const (
	plain = '.'
	blank = '_'
)

// kinds has the kind of each byte.
const kinds = "" +
	"xxxxxxxxxxxxxxxx" +
	"xxxxxxxxxxxxxxxx" +
	"_..x..x........." + // space, #, &
	"................" +
	"................" +
	"............x..." + // backslash
	"................" +
	"...............x" + // DEL
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" +
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" +
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" +
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

// special processes the byte at i, which is not plain, and what belongs to it.
func (n *normaliser) special() {
	switch b := n.in[n.i]; {
	case b == ' ', b == '\t':
		n.space()
	case b == '\\':
		n.backslash()
	case b == '&':
		n.entity()
	case b == '#':
		n.number()
	case b == 0x1b:
		n.i++
		n.terminalEscape()
	case b < ' ', b == 0x7f:
		n.space()
	default:
		n.character()
	}
}

// space writes a space, unless the normal form has none there: after another one, and between the name
// and the value of a JSON member.
func (n *normaliser) space() {
	n.i++
	out := n.out[n.from:]
	end := len(out)
	switch {
	case end > 0 && (out[end-1] == ' ' || out[end-1] == '\n'):
	case bytes.HasSuffix(out, []byte(`":`)):
	default:
		n.out = append(n.out, ' ')
	}
}

// character processes a character outside ASCII.
func (n *normaliser) character() {
	r, size := utf8.DecodeRune(n.in[n.i:])
	switch {
	case r == utf8.RuneError && size == 1:
		n.i++
		n.out = append(n.out, '?')
	case r == '“' || r == '”' || r == '„':
		n.i += size
		n.out = append(n.out, '"')
	case r == '‘' || r == '’':
		n.i += size
		n.out = append(n.out, '\'')
	case unicode.IsPrint(r):
		n.i += size
		n.out = append(n.out, n.in[n.i-size:n.i]...)
	default: // no-break space, C1 controls, byte order marks, bidirectional marks
		n.i += size - 1
		n.space()
	}
}

// terminalEscape skips a control sequence or an operating system command; i is after its ESC.
func (n *normaliser) terminalEscape() {
	if n.i >= len(n.in) {
		return
	}
	introducer := n.in[n.i]
	n.i++
	switch introducer {
	case '[':
		for n.i < len(n.in) && n.in[n.i] >= 0x20 && n.in[n.i] < 0x40 {
			n.i++
		}
		n.i = min(n.i+1, len(n.in))
	case ']':
		for n.i < len(n.in) && n.in[n.i] != 0x07 && n.in[n.i] != 0x1b {
			n.i++
		}
		n.i = min(n.i+1, len(n.in))
	}
}

// number processes a hash sign: rsyslog writes ESC as #033.
func (n *normaliser) number() {
	if bytes.HasPrefix(n.in[n.i:], []byte("#033[")) {
		n.i += len("#033")
		n.terminalEscape()
		return
	}
	n.out = append(n.out, '#')
	n.i++
}

// entity undoes the five character references of XML, in logs in HTML or XML.
func (n *normaliser) entity() {
	for _, e := range [...]struct {
		name string
		char byte
	}{{"&quot;", '"'}, {"&#34;", '"'}, {"&#39;", '\''}, {"&apos;", '\''}, {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}} {
		if bytes.HasPrefix(n.in[n.i:], []byte(e.name)) {
			n.i += len(e.name)
			n.out = append(n.out, e.char)
			return
		}
	}
	n.out = append(n.out, '&')
	n.i++
}

// backslash undoes an escape of JSON, with any number of backslashes from nesting.
func (n *normaliser) backslash() {
	start := n.i
	for n.i < len(n.in) && n.in[n.i] == '\\' {
		n.i++
	}
	if n.i == len(n.in) {
		n.out = append(n.out, '\\')
		return
	}
	switch c := n.in[n.i]; c {
	case '"', '\'', '/':
		n.i++
		n.out = append(n.out, c)
	case 'n', 'r', 't':
		n.lineBreak(start, c)
	case 'u':
		n.codePoint()
	default:
		n.out = append(n.out, '\\')
	}
}

// lineBreak undoes \n, \r and \t, unless they look like parts of a Windows path.
func (n *normaliser) lineBreak(start int, c byte) {
	next := n.i + 1
	inPath := start > 0 && isPathByte(n.in[start-1]) && next < len(n.in) && isLowerOrDigit(n.in[next])
	switch {
	case inPath:
		n.out = append(n.out, '\\')
	case c == 't':
		n.space()
	default:
		n.i++
		if end := len(n.out); end > n.from && n.out[end-1] != '\n' {
			n.out = append(n.out, '\n')
		}
	}
}

// codePoint undoes \uXXXX; i is at the u.
func (n *normaliser) codePoint() {
	if n.i+5 > len(n.in) {
		n.out = append(n.out, '\\')
		return
	}
	r := rune(0)
	for _, b := range n.in[n.i+1 : n.i+5] {
		digit, ok := hexDigit(b)
		if !ok {
			n.out = append(n.out, '\\')
			return
		}
		r = r<<4 | rune(digit)
	}
	n.i += 5
	switch {
	case r == 0x1b:
		n.terminalEscape()
	case unicode.IsPrint(r):
		n.out = utf8.AppendRune(n.out, r)
	default:
		n.i--
		n.space()
	}
}

func isPathByte(b byte) bool {
	return isWordByte(b) || b == ':' || b == '.' || b == '-'
}

func isLowerOrDigit(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }

// isWordByte reports whether b is part of a word: a letter, a digit, an underscore or a
// byte of a character outside ASCII.
func isWordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b >= utf8.RuneSelf
}

func hexDigit(b byte) (value byte, ok bool) {
	switch {
	case b >= '0' && b <= '9':
		return b - '0', true
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10, true
	case b >= 'A' && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}
