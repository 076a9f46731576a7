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

// TestVerbatim: what was on the wire can be copied whole. On a terminal it is broken between
// words and members of JSON, where no terminal is it is not.
func TestVerbatim(t *testing.T) {
	t.Parallel()
	const body = `{"registrationId":"sensor-17","tpm":{"endorsementKey":"AToAAQALAAMAsgAgg3GXZ0SEs/gakMyNRqXXJP1S"},"payload":{"a":1}}`
	draw := func(width int) string {
		p := newPage(Options{Width: width})
		p.verbatim(body, span{"  > ", faint})
		p.verbatim("Retry-After:  3", span{"  < ", faint})
		return p.out.String()
	}
	if got, want := draw(0), "  > "+body+"\n  < Retry-After:  3\n"; got != want {
		t.Errorf("without a terminal:\n%s", got)
	}
	want := `  > {"registrationId":"sensor-17",
    "tpm":{"endorsementKey":"AToAAQALAAMAsgAgg3GXZ0SEs/gakMyNRqXXJP1S"},
    "payload":{"a":1}}
  < Retry-After:  3
`
	if diff := cmp.Diff(want, draw(60)); diff != "" {
		t.Errorf("60 columns (-want +got):\n%s", diff)
	}
}
