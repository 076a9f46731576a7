// Package shellword quotes words for command lines that people copy into a POSIX shell.
package shellword

import "strings"

// Quote quotes text that a POSIX shell would not read as one plain word.
func Quote(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/,=+@%"
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
