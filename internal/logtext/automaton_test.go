package logtext

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type occurrence struct {
	pattern string
	end     int
}

// automatonOf compiles patterns and reads the result.
func automatonOf(t *testing.T, patterns []string) *automaton {
	t.Helper()
	var w fieldWriter
	if err := newTrie(patterns).encode(&w); err != nil {
		t.Fatal(err)
	}
	return readAutomaton(&fields{w.out.String()})
}

func occurrences(t *testing.T, patterns []string, text string) []occurrence {
	t.Helper()
	var found []occurrence
	automatonOf(t, patterns).scan([]byte(text), func(pattern, end int) {
		found = append(found, occurrence{patterns[pattern], end})
	})
	return found
}

// naive finds what an automaton has to find, in the simple way.
func naive(patterns []string, text string) []occurrence {
	var found []occurrence
	folded := []byte(text)
	for i, c := range folded {
		if c >= 'A' && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	for end := 1; end <= len(folded); end++ {
		var here []occurrence
		for _, p := range patterns {
			if strings.HasSuffix(string(folded[:end]), p) {
				here = append(here, occurrence{p, end})
			}
		}
		slices.SortFunc(here, func(a, b occurrence) int { return len(b.pattern) - len(a.pattern) })
		found = append(found, here...)
	}
	return found
}

func TestAutomaton(t *testing.T) {
	t.Parallel()
	patterns := []string{"he", "she", "his", "hers", "401002", "connection refused", "connection refused: not authorised", "ε", "-0x2700"}
	for _, text := range []string{
		"", "ushers", "SHE said: his", "errorCode 401002401002", "Connection Refused: not authorised.",
		"connection refuse", "xεx", "--0X2700", "\x00he\xffhe\n",
	} {
		if diff := cmp.Diff(naive(patterns, text), occurrences(t, patterns, text), cmp.AllowUnexported(occurrence{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzAutomaton(f *testing.F) {
	f.Add("a ab abc bc c", "xabcabc")
	f.Add("aa aaa b", "AAAAb")
	f.Fuzz(func(t *testing.T, words, text string) {
		var patterns []string
		for w := range strings.FieldsSeq(words) {
			if w = strings.ToLower(w); !slices.Contains(patterns, w) && len(patterns) < 20 {
				patterns = append(patterns, w)
			}
		}
		if len(patterns) == 0 || len(words) > 100 || len(text) > 1000 { // not too many labels
			return
		}
		if diff := cmp.Diff(naive(patterns, text), occurrences(t, patterns, text), cmp.AllowUnexported(occurrence{})); diff != "" {
			t.Errorf("%q in %q (-want +got):\n%s", patterns, text, diff)
		}
	})
}
