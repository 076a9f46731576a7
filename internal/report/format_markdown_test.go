package report

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEscapeMarkdown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]inline{
		"":                        "",
		"plain text, größe":       "plain text, größe",
		"a|b":                     `a\|b`,
		"`code` and ```more```":   "\\`code\\` and \\`\\`\\`more\\`\\`\\`",
		"<script> & </details>":   "&lt;script&gt; &amp; &lt;/details&gt;",
		"[a](https://b.invalid)":  `\[a\](https://b.invalid)`,
		"*a* _b_ ~c~ $d$ \\":      `\*a\* \_b\_ \~c\~ \$d\$ \\`,
		"# heading":               `\# heading`,
		"- item":                  `\- item`,
		"1. item":                 `1\. item`,
		"2) item":                 `2\) item`,
		"3.1 ms":                  "3.1 ms",
		"401: 401002":             "401: 401002",
		"7":                       "7",
		"7.":                      `7\.`,
		"ask @everyone":           "ask `@`everyone",
		"custom-allocation a-b #": "custom-allocation a-b #",
	} {
		if got := escape(text); got != want {
			t.Errorf("escape(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestMarkdownCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]inline{
		"":        "",
		"plain":   "`plain`",
		"a`b":     "``a`b``",
		"`":       "`` ` ``",
		"a``b`c":  "```a``b`c```",
		"a|b":     "`a\\|b`",
		"<b>*x*":  "`<b>*x*`",
		" padded": "`  padded `",
	} {
		if got := code(text); got != want {
			t.Errorf("code(%q) = %s, want %s", text, got, want)
		}
	}
}

// unescapedBar matches the borders of table cells.
var unescapedBar = regexp.MustCompile(`(^|[^\\])\|`)

// TestMarkdownKeepsItsShape counts the cells of every row and looks for markup that only a
// text could have brought in.
func TestMarkdownKeepsItsShape(t *testing.T) {
	t.Parallel()
	for _, s := range slices.DeleteFunc(samples(), func(s sample) bool { return !fits[markdownDocument](s.doc) }) {
		for _, verbose := range []bool{false, true} {
			lines := splitLines(string(render(t, s.doc, "markdown", Options{Verbose: verbose})))
			fence, cells, open := "", 0, 0
			for i, line := range lines {
				switch {
				case fence != "":
					if line == fence {
						fence = ""
					}
					continue
				case strings.HasPrefix(line, "```"):
					fence = strings.TrimRight(line, "abcdefghijklmnopqrstuvwxyz")
					continue
				case strings.HasPrefix(line, "|"):
					if n := len(unescapedBar.FindAllString(line, -1)); cells == 0 {
						cells = n
					} else if n != cells {
						t.Errorf("%s: line %d has %d borders, the table %d: %s", s.name, i+1, n, cells, line)
					}
				default:
					cells = 0
				}
				open += strings.Count(line, "<details>") - strings.Count(bare(line), "</details>")
				for _, tag := range regexp.MustCompile(`<[^>]*>?`).FindAllString(bare(line), -1) {
					if !strings.Contains("<details> </details> <summary> </summary>", tag) {
						t.Errorf("%s: line %d: %s in %s", s.name, i+1, tag, line)
					}
				}
			}
			if fence != "" || open != 0 {
				t.Errorf("%s: a block is left open: fence %q, %d details", s.name, fence, open)
			}
		}
	}
}

// bare is a line without its code spans, the only place where a "<" may stand.
func bare(line string) string {
	line = strings.ReplaceAll(line, "\\`", "")
	for n := 8; n > 0; n-- {
		run := strings.Repeat("`", n)
		line = regexp.MustCompile("(^|[^`])"+run+"[^`].*?[^`]"+run+"([^`]|$)").ReplaceAllString(line, "$1$2")
	}
	return line
}

func TestMarkdownFoldsWhatIsUnlikely(t *testing.T) {
	t.Parallel()
	d := refusedDiagnosis()
	d.Causes = append(d.Causes, d.Causes...)
	doc := NewProbe(refused(), d, Tool{"1"}, false)
	folded := strings.Contains(string(render(t, doc, "markdown", Options{})), "<details><summary>Less likely (1)</summary>")
	open := strings.Contains(string(render(t, doc, "markdown", Options{Verbose: true})), "Less likely")
	if diff := cmp.Diff([]bool{true, false}, []bool{folded, open}); diff != "" {
		t.Errorf("folded, and with --verbose (-want +got):\n%s", diff)
	}
}
