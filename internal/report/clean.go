package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxText is the maximum length of one text of a document, in bytes: a server may send up to a
// mebibyte as its error message.
const maxText = 4096

// Clean makes text from a server, a file or a log safe for a terminal and for any script
// that prints it. Whatever does not print (control characters, terminal escapes, line
// breaks, bidirectional controls, invisible characters, invalid UTF-8) is shown as an
// escape such as \x1b or \u202e, and so is the first character of what a CI system would
// run as a command if it is in the output of a job. The result is one line of valid UTF-8.
// A very long text is cut, and says so.
func Clean(text string) string {
	text, cut := bounded(text)
	if !printable(text) {
		text = escaped(text)
	}
	return withoutCommands(text) + cut
}

// withoutCommands shows the first character of every command to a CI system as an escape.
func withoutCommands(text string) string {
	at := command(text)
	if at < 0 {
		return text
	}
	var b strings.Builder
	for ; at >= 0; at = command(text) {
		fmt.Fprintf(&b, `%s\x%02x`, text[:at], text[at])
		text = text[at+1:]
	}
	return b.String() + text
}

// escaped shows what does not print as escapes.
func escaped(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(unquote(strconv.QuoteRune(r)))
		}
		i += size
	}
	return b.String()
}

// command returns where a text has the beginning of a command to a CI system, -1 if there is none.
// Azure Pipelines, TeamCity and GitHub Actions run ##NAME[...] anywhere in a line, and GitHub Actions
// ::NAME at its beginning, after blanks. A report may break a line at any blank.
func command(text string) int {
	for i := 0; i+2 < len(text); i++ {
		switch {
		case text[i] != text[i+1]:
		case text[i] == '#' && strings.HasPrefix(strings.TrimLeft(text[i+2:], letters), "["):
			return i
		case text[i] == ':' && strings.IndexByte(letters, text[i+2]) >= 0 && (i == 0 || text[i-1] == ' '):
			return i
		}
	}
	return -1
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// cleanAll cleans every text of a list; the result is never nil, since a list in JSON is
// [] and not null.
func cleanAll(texts []string) []string {
	out := make([]string, 0, len(texts))
	for _, text := range texts {
		out = append(out, Clean(text))
	}
	return out
}

// bounded cuts text at a character boundary and says how much it left out.
func bounded(text string) (head, cut string) {
	if len(text) <= maxText {
		return text, ""
	}
	end := maxText
	for end > maxText-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end], fmt.Sprintf(" [%d more bytes]", len(text)-end)
}

func printable(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return true
}

// toASCII shows what is not ASCII as an escape, for a terminal that cannot show it.
func toASCII(text string) string {
	if isPlainASCII(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		b.WriteString(unquote(strconv.QuoteRuneToASCII(r)))
	}
	return b.String()
}

// unquote drops the quotes of a quoted character.
func unquote(quoted string) string { return quoted[1 : len(quoted)-1] }
