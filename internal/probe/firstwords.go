package probe

import (
	"net"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordsSize is the number of bytes kept of what a peer sends first.
const wordsSize = 128

// firstWords keeps the first bytes received on a connection, in case the peer speaks
// another protocol than the expected one: it often says in plain text what it is.
type firstWords struct {
	net.Conn
	head []byte
}

// Read implements net.Conn.
func (w *firstWords) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if room := wordsSize - len(w.head); room > 0 && n > 0 {
		w.head = append(w.head, p[:min(n, room)]...)
	}
	return n, err
}

// text returns the first bytes as text, or "" if they are not text. It ends at the first
// control character other than white space.
func (w *firstWords) text() string { return plainText(w.head) }

// leastText is the minimum number of characters that count as text.
const leastText = 4

func plainText(head []byte) string {
	end, runes := 0, 0
	for end < len(head) {
		r, size := utf8.DecodeRune(head[end:])
		if r == utf8.RuneError && size < 2 || unicode.IsControl(r) && !unicode.IsSpace(r) {
			break
		}
		end, runes = end+size, runes+1
	}
	if runes < leastText {
		return ""
	}
	return strings.TrimSpace(string(head[:end]))
}

// foreign returns the first line of a text that belongs to neither of the protocols that a
// transport can begin with, or "" if there is none. A peer that has received a credential
// may repeat it further down.
func (w *firstWords) foreign() string {
	line := firstLine(w.text())
	if strings.HasPrefix(line, "AMQP") {
		return ""
	}
	return line
}

// firstLine returns the first line of a text.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}
