package shellword_test

import (
	"testing"

	"dpsdiag/internal/shellword"
)

func TestQuoteForWindows(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`plain-word_1./=`:         `plain-word_1./=`,
		`C:\keys\dev-01.txt`:      `C:\keys\dev-01.txt`,
		`\\server\share\dev.key`:  `\\server\share\dev.key`,
		``:                        `""`,
		`C:\Program Files\k.txt`:  `"C:\Program Files\k.txt"`,
		`C:\Program Files\`:       `"C:\Program Files\\"`,
		`it's`:                    `"it's"`,
		`a,b`:                     `"a,b"`,
		`@payload.json`:           `"@payload.json"`,
		`{"a": 1}`:                `'{"a": 1}'`,
		`50%`:                     `'50%'`,
		`$(calc)`:                 `'$(calc)'`,
		`'; calc; "`:              `'''; calc; "'`,
		"\u2019; calc; \u2018 $x": "'\u2019\u2019; calc; \u2018\u2018 $x'", // PowerShell takes them for quotes
		"a\u201d b":               "'a\u201d b'",
	} {
		if got := shellword.QuoteFor("windows", text); got != want {
			t.Errorf("QuoteFor(windows, %q) = %s, want %s", text, got, want)
		}
	}
}
