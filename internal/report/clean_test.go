package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                          "",
		"plain text, größe, 漢字":     "plain text, größe, 漢字",
		"\x1b[31mred\x1b[0m":        `\x1b[31mred\x1b[0m`,
		"\x1b]0;title\a":            `\x1b]0;title\a`,
		"\u009b2J":                  `\u009b2J`,
		"one\ntwo\r\n\tthree":       `one\ntwo\r\n\tthree`,
		"\x00\x7f":                  `\x00\x7f`,
		"bad \xff byte":             `bad \xff byte`,
		"half a rune \xe6\xbc":      `half a rune \xe6\xbc`,
		"\u202egnp.exe":             `\u202egnp.exe`,
		"\u2066isolate\u2069":       `\u2066isolate\u2069`,
		"zero\u200bwidth\ufeff":     `zero\u200bwidth\ufeff`,
		"line\u2028paragraph\u2029": `line\u2028paragraph\u2029`,
		"tag\U000e0041":             `tag\U000e0041`,
		"no-break\u00a0space":       `no-break\u00a0space`,
		`C:\keys and it's "quoted"`: `C:\keys and it's "quoted"`,
		"replacement \ufffd itself": "replacement \ufffd itself",
	} {
		if diff := cmp.Diff(want, Clean(text)); diff != "" {
			t.Errorf("Clean(%q) (-want +got):\n%s", text, diff)
		}
	}
}

func TestCleanCutsLongText(t *testing.T) {
	t.Parallel()
	got := Clean(strings.Repeat("a", maxText-1) + "漢" + strings.Repeat("b", 100))
	if want := strings.Repeat("a", maxText-1) + " [103 more bytes]"; got != want {
		t.Errorf("ends in %q, want %q", got[len(got)-30:], want[len(want)-30:])
	}
}

func FuzzClean(f *testing.F) {
	f.Add(hostileText)
	f.Add("plain")
	f.Fuzz(func(t *testing.T, text string) {
		got := Clean(text)
		if !utf8.ValidString(got) || !printable(got) {
			t.Errorf("Clean(%q) = %q", text, got)
		}
		if len(text) <= maxText && printable(text) && got != text {
			t.Errorf("Clean(%q) = %q changes harmless text", text, got)
		}
		if len(got) <= maxText && Clean(got) != got {
			t.Errorf("Clean(%q) is not stable", text)
		}
		for _, r := range toASCII(got) {
			if r < ' ' || r > '~' {
				t.Errorf("toASCII(%q) has %U", got, r)
			}
		}
	})
}
