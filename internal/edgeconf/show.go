package edgeconf

import (
	"fmt"
	"strings"
	"unicode"
)

const hidden = "(not shown, as it could be a key)"

// show quotes a value for a message, unless it could be a secret in the wrong place: a key,
// a connection string, a PEM block.
func show(text string) string {
	if looksSecret(text) {
		return hidden
	}
	return fmt.Sprintf("%q", text)
}

// showPath quotes the path of a file, in which more characters are normal than in other
// values.
func showPath(path string) string {
	if hasForeign(path) {
		return hidden
	}
	return fmt.Sprintf("%q", path)
}

// looksSecret reports true if in doubt.
func looksSecret(text string) bool {
	const shortestKey = 22 // the number of base64 characters for 16 bytes, without padding
	if hasForeign(text) || len(text) > 256 {
		return true
	}
	if at := strings.LastIndexByte(text, '@'); at > 0 && strings.Contains(text[:at], ":") { // user:password@host
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

// hasForeign reports whether a text has a character that occurs in connection strings,
// padded keys and PEM blocks, but not in names of hosts, scopes, devices and usual files.
func hasForeign(text string) bool {
	return strings.ContainsAny(strings.TrimSpace(text), "=;\r\n")
}
