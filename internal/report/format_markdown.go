package report

import (
	"fmt"
	"io"
	"strings"
)

// markdownDocument is a document that can be pasted into a ticket.
type markdownDocument interface {
	drawMarkdown(m *markdown)
}

// writeMarkdown writes GitHub Flavored Markdown, which the other forges show too.
func writeMarkdown(w io.Writer, doc Document, opts Options) error {
	d, err := as[markdownDocument](doc, "markdown")
	if err != nil {
		return err
	}
	m := &markdown{verbose: opts.Verbose}
	d.drawMarkdown(m)
	if _, err := io.WriteString(w, m.out.String()); err != nil {
		return fmt.Errorf("write the report as Markdown: %w", err)
	}
	return nil
}

// markdown collects blocks with an empty line between them. Its methods escape the text
// they are given; only inline says that a text is Markdown already.
type markdown struct {
	out     strings.Builder
	verbose bool // leave nothing out
}

// inline is Markdown within one line, made by escape, code or strongText.
type inline string

// block adds one block of Markdown.
func (m *markdown) block(text string) {
	if m.out.Len() > 0 {
		m.out.WriteByte('\n')
	}
	m.out.WriteString(text + "\n")
}

func (m *markdown) heading(level int, title inline) {
	m.block(strings.Repeat("#", level) + " " + string(title))
}

// paragraph adds text, unless it is empty.
func (m *markdown) paragraph(text inline) {
	if text != "" {
		m.block(string(text))
	}
}

// numbered and bullets add a list with its introduction, unless the list is empty.
func (m *markdown) numbered(title string, items []inline) {
	m.list(title, items, func(i int) string { return fmt.Sprintf("%d. ", i+1) })
}

func (m *markdown) bullets(title string, items []inline) {
	m.list(title, items, func(int) string { return "- " })
}

func (m *markdown) list(title string, items []inline, lead func(int) string) {
	if len(items) == 0 {
		return
	}
	if title != "" {
		m.paragraph(strongText(title))
	}
	var b strings.Builder
	for i, item := range items {
		b.WriteString(lead(i) + string(item) + "\n")
	}
	m.block(strings.TrimSuffix(b.String(), "\n"))
}

// table adds rows below a header.
func (m *markdown) table(header []string, rows [][]inline) {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s", strings.Join(header, " | "), strings.Repeat(" --- |", len(header)))
	for _, row := range rows {
		b.WriteString("\n|")
		for _, cell := range row {
			b.WriteString(strings.TrimRight(" "+string(cell), " ") + " |")
		}
	}
	m.block(b.String())
}

// fields adds a table of the named values that are not empty.
func (m *markdown) fields(list ...field) {
	var rows [][]inline
	for _, f := range list {
		if f.value != "" {
			rows = append(rows, []inline{escape(f.name), code(f.value)})
		}
	}
	if len(rows) > 0 {
		m.table([]string{"", ""}, rows)
	}
}

// fence adds a block of code, such as commands.
func (m *markdown) fence(language, text string) {
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	m.block(fence + language + "\n" + text + "\n" + fence)
}

// details adds blocks that are folded until a reader opens them.
func (m *markdown) details(summary string, draw func()) {
	m.block("<details><summary>" + string(escape(summary)) + "</summary>")
	draw()
	m.block("</details>")
}

// escape makes text that has no markup of Markdown or HTML.
func escape(text string) inline {
	text = strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "$", `\$`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;",
		"@", "`@`", // the name is then not a mention
	).Replace(text)
	return inline(escapeLead(text))
}

// escapeLead keeps the beginning of a text from making it a heading, a list or a rule.
func escapeLead(text string) string {
	rest := strings.TrimLeft(text, "0123456789")
	number := text[:len(text)-len(rest)]
	switch {
	case number == "" && strings.HasPrefix(rest, "#"),
		number == "" && strings.HasPrefix(rest, "+"),
		number == "" && strings.HasPrefix(rest, "-"),
		number != "" && (strings.HasPrefix(rest+" ", ". ") || strings.HasPrefix(rest+" ", ") ")):
		return number + `\` + rest
	}
	return text
}

func escapeAll(texts []string) []inline {
	list := make([]inline, 0, len(texts))
	for _, text := range texts {
		list = append(list, escape(text))
	}
	return list
}

func strongText(text string) inline { return "**" + escape(text) + "**" }

// code shows text as it is, in a fixed-width font. A vertical bar is escaped, since most code
// is in tables. Outside of a table the backslash would be shown, so text with a bar must not
// be used there.
func code(text string) inline {
	if text == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || strings.TrimSpace(text) != text {
		text = " " + text + " "
	}
	return inline(fence + strings.ReplaceAll(text, "|", `\|`) + fence)
}

// longestRun is the length of the longest run of one character.
func longestRun(text string, of rune) int {
	longest, run := 0, 0
	for _, r := range text {
		run++
		if r != of {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
