package logtext

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/codes"
)

// TestVocabularyIsUpToDate: vocabulary.bin is what the catalogue and the tables give, and
// compiling them twice gives the same.
func TestVocabularyIsUpToDate(t *testing.T) {
	t.Parallel()
	for range 2 {
		data, err := Compile()
		if err != nil {
			t.Fatal(err)
		}
		if string(data) != compiled {
			t.Fatal("vocabulary.bin is out of date: run go generate ./internal/logtext")
		}
	}
}

// TestVocabularyReadsAsWritten: every phrase is read from vocabulary.bin with everything in the
// tables, and the automaton finds it.
func TestVocabularyReadsAsWritten(t *testing.T) {
	t.Parallel()
	d, v := newDictionary(), readVocabulary(compiled)
	same := cmp.AllowUnexported(phrase{}, words{})
	for i, term := range d.terms {
		if diff := cmp.Diff(term.phrase, v.phrase(i), same); diff != "" {
			t.Errorf("%q (-written +read):\n%s", term.text, diff)
		}
		found := false
		v.automaton.scan([]byte(term.text), func(pattern, end int) { found = found || pattern == i && end == term.size })
		if !found {
			t.Errorf("%q is not found in itself", term.text)
		}
	}
	for i := range d.words {
		d.words[i].phrases = nil
	}
	if diff := cmp.Diff(d.words, v.table, same); diff != "" {
		t.Errorf("the words of facts (-written +read):\n%s", diff)
	}
}

// TestEntriesOfNumbers: a number finds its entry.
func TestEntriesOfNumbers(t *testing.T) {
	t.Parallel()
	known := readVocabulary(compiled).byNumber
	for number, want := range map[int]string{400: "http-400", 429: "http-429", 599: "http-5xx", 498: "", 200: "", 1 << 30: "", -1: ""} {
		id := ""
		if e := known.ofStatus(number); e != nil {
			id = e.ID
		}
		if id != want {
			t.Errorf("HTTP status %d leads to %q, want %q", number, id, want)
		}
	}
	if e := known.dps(401002); e == nil || e.Code != "401002" {
		t.Errorf("401002 leads to %v", e)
	}
	if e := known.connack(5); e == nil || e.Code != "CONNACK 5" {
		t.Errorf("CONNACK 5 leads to %v", e)
	}
	if e := known.family(); e == nil || e.ID != "dps-code-family" {
		t.Errorf("the rule for unknown codes is %v", e)
	}
	if e := known.mbedTLS(0x2700); e == nil {
		t.Error("-0x2700 leads to nothing")
	}
	if e := known.hub(401002); e == nil || e.Kind != codes.KindIoTHub {
		t.Errorf("401002 of a hub leads to %v", e)
	}
}
