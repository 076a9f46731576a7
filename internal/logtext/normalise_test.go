package logtext

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "",
		"plain text, as it is: [1]":     "plain text, as it is: [1]",
		"two  blanks\t\tand a tab":      "two blanks and a tab",
		`{"errorCode": 401002}`:         `{"errorCode":401002}`,
		`{\"errorCode\" : 1}`:           `{"errorCode" : 1}`,
		`\\\"deep\\\":\\\"x\\\"`:        `"deep":"x"`,
		`\"a\": 1,\r\n \"b\": 2`:        "\"a\":1,\n\"b\":2",
		`C:\repos\new\file.txt`:         `C:\repos\new\file.txt`,
		`it\u0027s \u0022x\u0022`:       `it's "x"`,
		`\u001b[31mred\u001b[0m`:        "red",
		`\uZZZZ \u12`:                   `\uZZZZ \u12`,
		"\x1b[1;31mred\x1b[0m end":      "red end",
		"\x1b]0;title\x07text":          "text",
		"cut \x1b[":                     "cut ",
		"cut \x1b":                      "cut ",
		"rsyslog #033[31mred#033[0m #1": "rsyslog red #1",
		"&quot;a&quot; &amp; b & c":     `"a" & b & c`,
		"“a” ‘b’":                       `"a" 'b'`,
		"a\x00b\u00a0c\u202ed":          "a b c d",
		"bad \xff byte":                 "bad ? byte",
		"größe √ ok":                    "größe √ ok",
		`ends in \`:                     `ends in \`,
	} {
		var n normaliser
		if got := string(n.normalise([]byte(text))); got != want {
			t.Errorf("normalise(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestKinds: the bytes that normalisation leaves as they are.
func TestKinds(t *testing.T) {
	t.Parallel()
	for i := range 256 {
		var n normaliser
		b := byte(i)
		if got := n.normalise([]byte{'x', b, 'x'}); isPlain(b) && string(got) != "x"+string(rune(b))+"x" {
			t.Errorf("%q is plain and becomes %q", b, got)
		}
		if want := b > ' ' && b <= '~' && b != '\\' && b != '&' && b != '#'; isPlain(b) != want {
			t.Errorf("isPlain(%q) = %t", b, !want)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add([]byte("\x1b[1mx\x1b[0m \\\"a\\\": \\u0041"))
	f.Add([]byte("\\n\\r\\t&quot;\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var n normaliser
		out := string(n.normalise(text))
		if !utf8.ValidString(out) || strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
			t.Fatalf("normalise(%q) = %q", text, out)
		}
		if len(out) > len(text) {
			t.Fatalf("normalise(%q) made it longer: %q", text, out)
		}
	})
}
