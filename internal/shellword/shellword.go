// Package shellword quotes words for command lines that people copy into a shell.
package shellword

import (
	"runtime"
	"strings"
)

// Quote quotes text that a shell would not read as one plain word: a POSIX shell or, on Windows, both
// PowerShell and cmd.exe.
func Quote(text string) string { return QuoteFor(runtime.GOOS, text) }

// QuoteFor quotes text for the shells of an operating system.
func QuoteFor(goos, text string) string {
	if goos == "windows" {
		return quoteWindows(text)
	}
	if text != "" && strings.Trim(text, alphanumeric+"-_.:/,=+@%") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// quoteWindows uses double quotes, which both shells know. No quoting works in both for a text with
// a character that is special within double quotes; then the quotes are those of PowerShell.
func quoteWindows(text string) string {
	if text != "" && strings.Trim(text, alphanumeric+`-_.:/=+\`) == "" {
		return text
	}
	if strings.ContainsAny(text, "\"$`%!\u201c\u201d\u201e") {
		return "'" + strings.NewReplacer("'", "''", "\u2018", "\u2018\u2018", "\u2019", "\u2019\u2019").Replace(text) + "'"
	}
	body := strings.TrimRight(text, `\`)
	return `"` + text + strings.Repeat(`\`, len(text)-len(body)) + `"` // a program takes \" for a quote
}
