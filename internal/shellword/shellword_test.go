package shellword_test

import (
	"slices"
	"testing"

	"dpsdiag/internal/shellword"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain-word_1./=":   "plain-word_1./=",
		"":                  "''",
		"two words":         "'two words'",
		"it's":              `'it'\''s'`,
		"$(rm -rf ~)":       "'$(rm -rf ~)'",
		"x; echo":           "'x; echo'",
		"amqp:unauthorized": "amqp:unauthorized",
	} {
		if got := shellword.QuoteFor("linux", text); got != want {
			t.Errorf("Quote(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"":                      nil,
		"a  b":                  {"a", "b"},
		`--q "[?a=='b c'].d" e`: {"--q", `"[?a=='b c'].d"`, "e"},
		`'it'\''s here' x`:      {`'it'\''s here'`, "x"},
		`'a "b' c`:              {`'a "b'`, "c"},
		`a\`:                    {`a\`},
		`'open word`:            {`'open word`},
	} {
		if got := shellword.Split(line); !slices.Equal(got, want) {
			t.Errorf("Split(%s) = %q, want %q", line, got, want)
		}
	}
}
