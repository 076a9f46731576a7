package shellword_test

import (
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
		if got := shellword.Quote(text); got != want {
			t.Errorf("Quote(%q) = %s, want %s", text, got, want)
		}
	}
}
