package edgeconf

import (
	"fmt"
	"strings"
	"unicode"
)

const hidden = "(not shown, as it could be a key)"

// show quotes a value for a message, unless it could be a secret that somebody pasted into
// the wrong place: a key, a connection string, a PEM block.
func show(text string) string {
	if looksSecret(text) {
		return hidden
	}
	return fmt.Sprintf("%q", text)
}

// showPath quotes the path of a file, in which more is usual than in other values.
func showPath(path string) string {
	if hasForeign(path) {
		return hidden
	}
	return fmt.Sprintf("%q", path)
}

// looksSecret errs on the side of silence.
func looksSecret(text string) bool {
	const shortestKey = 22 // characters of 16 bytes in base64, without padding
	if hasForeign(text) || len(text) > 256 {
		return true
	}
	words := strings.FieldsFunc(text, func(r rune) bool {
		return r != '+' && r != '/' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for _, word := range words {
		if len(word) >= shortestKey && strings.ToLower(word) != word && strings.ToUpper(word) != word && strings.ContainsAny(word, "0123456789+/") {
			return true
		}
	}
	return false
}

// hasForeign reports whether a text has a character that connection strings, padded keys
// and PEM blocks have, and names of hosts, scopes, devices and usual files have not.
func hasForeign(text string) bool {
	return strings.ContainsAny(strings.TrimSpace(text), "=;\r\n")
}
