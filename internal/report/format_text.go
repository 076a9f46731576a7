package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"

	"dpsdiag/internal/shellword"
)

// writeText writes a document for a person.
func writeText(w io.Writer, doc Document, opts Options) error {
	p := newPage(opts)
	doc.drawText(p)
	if err := p.writeTo(w); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// page collects lines of text that are no wider than its width.
type page struct {
	out    strings.Builder
	width  int
	marks  marks
	colors map[style]*color.Color
	opts   Options
}

func newPage(o Options) *page {
	return &page{width: o.width(), marks: marksFor(o.ASCII), colors: palette(o.Color), opts: o}
}

// span is text in one style.
type span struct {
	text  string
	style style
}

// text is what the output can show of s.
func (p *page) text(s string) string {
	if p.opts.ASCII {
		return toASCII(s)
	}
	return s
}

// paint returns the spans as one string with their colours.
func (p *page) paint(spans ...span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.style == plain || s.text == "" {
			b.WriteString(p.text(s.text))
			continue
		}
		b.WriteString(p.colors[s.style].Sprint(p.text(s.text)))
	}
	return b.String()
}

// blank ends a block with an empty line.
func (p *page) blank() { p.out.WriteByte('\n') }

// line writes spans that are known to be short.
func (p *page) line(spans ...span) {
	p.out.WriteString(strings.TrimRight(p.paint(spans...), " ") + "\n")
}

// heading begins a block.
func (p *page) heading(title string) {
	p.blank()
	p.title(title)
}

// title writes emphasised text.
func (p *page) title(text string) {
	for _, l := range wrap(p.text(text), p.width) {
		p.line(span{l, strong})
	}
}

// separator writes a line across the page.
func (p *page) separator() { p.line(span{strings.Repeat(p.marks.rule, p.width), faint}) }

// hang writes text after a lead, wrapped with a hanging indent.
func (p *page) hang(text string, lead ...span) {
	indent := 0
	for _, s := range lead {
		indent += columns(p.text(s.text))
	}
	lines := wrap(p.text(text), p.width-indent)
	p.line(append(lead, span{lines[0], plain})...)
	for _, l := range lines[1:] {
		p.out.WriteString(strings.Repeat(" ", indent) + l + "\n")
	}
}

// verbatim writes a line that people copy and programs parse, after a lead. If the output is not
// a terminal, the line is left whole; on a terminal it is broken between words and between the
// members of JSON, never inside a word.
func (p *page) verbatim(text string, lead span) {
	text = p.text(text)
	if p.opts.Width <= 0 {
		p.line(lead, span{text, plain})
		return
	}
	room, used := p.width-columns(lead.text), 0
	var line strings.Builder
	for _, word := range breakable(text) {
		size := columns(strings.TrimRight(word, " "))
		if used > 0 && used+size > room {
			p.line(lead, span{line.String(), plain})
			line.Reset()
			lead, used = span{strings.Repeat(" ", columns(lead.text)), plain}, 0
		}
		line.WriteString(word)
		used += columns(word)
	}
	p.line(lead, span{line.String(), plain})
}

// breakable cuts text where a line may end: after a space, and after a comma between members
// of JSON.
func breakable(text string) []string {
	var words []string
	start := 0
	for i := 1; i < len(text); i++ {
		if text[i-1] == ' ' && text[i] != ' ' || text[i-1] == ',' && (text[i] == '"' || text[i] == '{') {
			words = append(words, text[start:i])
			start = i
		}
	}
	return append(words, text[start:])
}

// command writes a command line that can be copied even if it has to be broken. A word
// of it that is wider than the page stays whole.
func (p *page) command(text string, lead ...span) {
	indent := 0
	for _, s := range lead {
		indent += columns(p.text(s.text))
	}
	const more = ` \`
	lines := wrapCommand(p.text(text), p.width-indent-len(more))
	for i, l := range lines {
		end := more
		if i == len(lines)-1 {
			end = ""
		}
		if i == 0 {
			p.line(append(lead, span{l + end, accent})...)
			continue
		}
		p.line(span{strings.Repeat(" ", indent), plain}, span{l + end, accent})
	}
}

// wrapCommand breaks a command line before its flags, and between other words only if a
// flag with its values does not fit.
func wrapCommand(text string, width int) []string {
	var lines []string
	line := ""
	for _, part := range commandParts(text, width) {
		if line != "" && columns(line)+1+columns(part) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+part, " ")
	}
	return append(lines, line)
}

// commandParts are the words of a command line, a flag together with its value if both fit.
func commandParts(text string, width int) []string {
	var parts []string
	for _, word := range shellword.Split(text) {
		last := len(parts) - 1
		if last >= 0 && strings.HasPrefix(parts[last], "--") && !strings.Contains(parts[last], " ") && !strings.HasPrefix(word, "--") &&
			columns(parts[last])+1+columns(word) <= width {
			parts[last] += " " + word
			continue
		}
		parts = append(parts, word)
	}
	return parts
}

// clip is hang with a maximum number of lines; a text that is cut off ends in dots.
func (p *page) clip(most int, text string, lead ...span) {
	indent := 0
	for _, s := range lead {
		indent += columns(p.text(s.text))
	}
	lines := wrap(p.text(text), p.width-indent)
	if len(lines) > most {
		lines = append(lines[:most-1], shorten(strings.Join(lines[most-1:], " "), p.width-indent))
	}
	p.hang(strings.Join(lines, " "), lead...)
}

// shorten cuts text that is wider than width, between two words if possible, and marks the cut.
func shorten(text string, width int) string {
	const dots = " ..."
	if columns(text) <= width {
		return text
	}
	return wrap(text, width-len(dots))[0] + dots
}

// field is a named value of a block.
type field struct{ name, value string }

// fields writes the named values that are not empty: aligned in two columns, or each value
// below its name if the names leave too little room.
func (p *page) fields(indent string, list ...field) {
	width := 0
	for _, f := range list {
		if f.value != "" {
			width = max(width, columns(p.text(f.name)))
		}
	}
	stacked := len(indent)+width > p.width*2/3
	for _, f := range list {
		switch {
		case f.value == "":
		case stacked:
			p.hang(f.name, span{indent, plain})
			p.hang(f.value, span{indent + "    ", plain})
		default:
			p.hang(f.value, span{indent, plain}, span{pad(p.text(f.name), width) + "  ", faint})
		}
	}
}

// paragraph writes a block of text below its heading, unless the text is empty.
func (p *page) paragraph(title, text string) {
	if text == "" {
		return
	}
	p.heading(title)
	p.hang(Clean(text), span{"  ", plain})
}

func (p *page) numbered(title string, items []string) {
	if len(items) == 0 {
		return
	}
	p.heading(title)
	for i, item := range items {
		p.hang(Clean(item), span{pad("  "+strconv.Itoa(i+1)+".", 5), plain})
	}
}

func (p *page) bullets(title string, items []string) {
	if len(items) == 0 {
		return
	}
	p.heading(title)
	for _, item := range items {
		p.hang(item, span{"  " + p.marks.bullet + " ", faint})
	}
}

// writeTo ends the page.
func (p *page) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, p.out.String())
	return err
}

// pad fills s with spaces up to width columns.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-columns(s)))
}

// columns is the width of s on a terminal. Ambiguous characters count as narrow whatever
// the locale, so that the same document gives the same bytes everywhere.
func columns(s string) int {
	if isPlainASCII(s) {
		return len(s)
	}
	narrow := runewidth.Condition{StrictEmojiNeutral: true}
	return narrow.StringWidth(s)
}

// isPlainASCII reports whether every character of s is a printable ASCII character. Most texts
// have only those.
func isPlainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// wrap breaks text between words into lines of at most width columns; a word that is
// longer is broken inside. There is always at least one line, which may be empty.
func wrap(text string, width int) []string {
	width = max(width, 1)
	var lines, line []string // line is the words of the one that is begun
	used := 0
	for word := range strings.FieldsSeq(text) {
		size := columns(word)
		if len(line) > 0 && used+1+size <= width {
			line, used = append(line, word), used+1+size
			continue
		}
		if len(line) > 0 {
			lines = append(lines, strings.Join(line, " "))
		}
		if size > width {
			head, rest := breakWord(word, width)
			lines = append(lines, head...)
			word, size = rest, columns(rest)
		}
		line, used = append(line[:0], word), size
	}
	return append(lines, strings.Join(line, " "))
}

// breakWord cuts a word into full lines and what is left. No line but the first begins with what a CI system
// would run as a command (see command).
func breakWord(word string, width int) (full []string, rest string) {
	line, used := "", 0
	for i, r := range word {
		size := columns(string(r))
		if used > 0 && used+size > width {
			_, last := utf8.DecodeLastRuneInString(line)
			if last == len(line) || !strings.HasPrefix(word[i:], "::") {
				last = 0
			}
			full = append(full, line[:len(line)-last])
			line = line[len(line)-last:]
			used = columns(line)
		}
		line, used = line+string(r), used+size
	}
	return full, line
}
