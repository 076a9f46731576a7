package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one two three", 80, []string{"one two three"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"one two three", 8, []string{"one two", "three"}},
		{"  spaces   go  ", 20, []string{"spaces go"}},
		{"abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"x abcdefgh y", 4, []string{"x", "abcd", "efgh", "y"}},
		{"漢字漢字", 5, []string{"漢字", "漢字"}},
		{"漢字", 1, []string{"漢", "字"}},
		{"word", 0, []string{"w", "o", "r", "d"}},
	} {
		if diff := cmp.Diff(test.want, wrap(test.text, test.width)); diff != "" {
			t.Errorf("wrap(%q, %d) (-want +got):\n%s", test.text, test.width, diff)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three", 7)
	f.Add(hostileText, 20)
	f.Fuzz(func(t *testing.T, text string, width int) {
		text, width = Clean(text), 2+max(width, -width)%200
		if width < 2 {
			width = 2 // of the least integer
		}
		lines := wrap(text, width)
		for _, line := range lines {
			if columns(line) > width {
				t.Errorf("wrap(%q, %d) has %q of %d columns", text, width, line, columns(line))
			}
		}
		bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := bare(strings.Join(lines, "")); got != bare(text) {
			t.Errorf("wrap(%q, %d) loses text: %q", text, width, got)
		}
	})
}

func TestWidth(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]int{0: 80, -1: 80, 10: 40, 79: 79, 100: 100, 300: 100} {
		if got := (Options{Width: width}).width(); got != want {
			t.Errorf("width %d gives %d, want %d", width, got, want)
		}
	}
}
