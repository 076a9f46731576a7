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
		// Commands of CI systems.
		"a ##vso[task.setvariable variable=PATH]b ###VSO[x]":   `a \x23#vso[task.setvariable variable=PATH]b #\x23#VSO[x]`,
		"##[add-mask]a##teamcity[b":                            `\x23#[add-mask]a\x23#teamcity[b`,
		"::error::a b ::stop-commands::c\t::d":                 `\x3a:error::a b \x3a:stop-commands::c\t::d`,
		"## heading [a], ##1[, std::io::Error, ::1, fe80::a b": "## heading [a], ##1[, std::io::Error, ::1, fe80::a b",
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

// TestNoCommandsForCI: what a server sends makes no line of a report that a CI system would run, in any format
// and width.
func TestNoCommandsForCI(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a ::error::b ##vso[task.setvariable variable=c]d ##[add-mask]e ##teamcity[f] ", 5)
	doc := NewProbe(hostile(text), hostileDiagnosis(text), Tool{text}, false)
	for _, face := range facesOf(doc) {
		for line := range strings.Lines(string(render(t, doc, face.format, face.opts))) {
			line = strings.TrimSpace(colour.ReplaceAllString(line, ""))
			own := face.format == "github" && !strings.Contains(line, " ::")
			if strings.Contains(line, "##vso[") || strings.Contains(line, "##[") || strings.Contains(line, "##teamcity[") || strings.HasPrefix(line, "::") && !own {
				t.Errorf("%s: %s", face.suffix, line)
			}
		}
	}
}

func TestNoCommandWhereAWordIsBroken(t *testing.T) {
	t.Parallel()
	for n := 1; n < 100; n++ {
		word := strings.Repeat("a", n) + "::error::b"
		lines := wrap(word, 40)
		for _, line := range lines {
			if strings.HasPrefix(line, "::") || columns(line) > 40 {
				t.Errorf("%d: %q", n, line)
			}
		}
		if strings.Join(lines, "") != word {
			t.Errorf("%d: %q", n, lines)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(hostileText)
	f.Add("plain")
	f.Add("##vso[a]\x1b::error::##[b] ::c")
	f.Add("##\x00[a]")
	f.Fuzz(func(t *testing.T, text string) {
		got := Clean(text)
		if !utf8.ValidString(got) || !printable(got) || command(got) >= 0 {
			t.Errorf("Clean(%q) = %q", text, got)
		}
		if len(text) <= maxText && printable(text) && command(text) < 0 && got != text {
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
