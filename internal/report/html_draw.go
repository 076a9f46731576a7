package report

import (
	"crypto/sha256"
	_ "embed" // the style sheet
	"encoding/base64"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/net/html"
)

// drawHTML writes a page. Every text is the data of a node or the value of an attribute, both
// of which [html.Render] escapes.
func drawHTML(w io.Writer, page *htmlPage) error {
	doc := &html.Node{Type: html.DocumentNode}
	doc.AppendChild(&html.Node{Type: html.DoctypeNode, Data: "html"})
	doc.AppendChild(htmlText("\n"))
	doc.AppendChild(attributes(lines("html", page.head(), page.body()), "lang", "en"))
	doc.AppendChild(htmlText("\n"))
	return html.Render(w, doc)
}

//go:embed style.css
var htmlStyle string

// head has a policy that lets the browser use the style sheet of the page and nothing else.
func (p *htmlPage) head() *html.Node {
	hash := sha256.Sum256([]byte(htmlStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'"
	meta := func(pairs ...string) *html.Node { return attributes(element("meta"), pairs...) }
	return lines("head",
		meta("charset", "utf-8"),
		meta("http-equiv", "Content-Security-Policy", "content", policy),
		meta("name", "viewport", "content", "width=device-width, initial-scale=1"),
		meta("name", "referrer", "content", "no-referrer"),
		textIn("title", p.Title),
		textIn("style", htmlStyle),
	)
}

func (p *htmlPage) body() *html.Node {
	heading := element("h1")
	if p.Mark != "" {
		heading.AppendChild(class("mark", textIn("span", p.Mark)))
		heading.AppendChild(htmlText(" "))
	}
	heading.AppendChild(htmlText(p.Heading))
	header := append([]*html.Node{heading}, eachIn("p", p.Lead)...)
	return lines("body",
		class(p.Class, lines("header", header...)),
		lines("main", drawBlocks(p.Blocks)...),
		textIn("footer", p.Footer),
	)
}

func drawBlocks(blocks []htmlBlock) []*html.Node {
	var nodes []*html.Node
	for i := range blocks {
		nodes = append(nodes, blocks[i].draw()...)
	}
	return nodes
}

// draw makes the nodes of a block: its title, and all that it has.
func (b *htmlBlock) draw() []*html.Node {
	content := b.content()
	switch {
	case b.Fold:
		return []*html.Node{lines("details", append([]*html.Node{textIn("summary", b.Title)}, content...)...)}
	case b.Badge != "":
		title := element("h3", htmlText(b.Title), class("badge "+b.BadgeClass, textIn("span", b.Badge)))
		return []*html.Node{class("cause", lines("section", append([]*html.Node{title}, content...)...))}
	case b.Sub:
		return append([]*html.Node{textIn("h3", b.Title)}, content...)
	}
	return []*html.Node{lines("section", append([]*html.Node{textIn("h2", b.Title)}, content...)...)}
}

func (b *htmlBlock) content() []*html.Node {
	nodes := eachIn("p", b.Text)
	if len(b.Fields) > 0 {
		nodes = append(nodes, lines("dl", drawFields(b.Fields)...))
	}
	if len(b.Stages) > 0 {
		var rows []*html.Node
		for i := range b.Stages {
			rows = append(rows, b.Stages[i].draw())
		}
		nodes = append(nodes, class("stages", lines("ol", rows...)))
	}
	if b.Chart != nil {
		nodes = append(nodes, b.Chart.draw())
	}
	if len(b.Bullets) > 0 {
		nodes = append(nodes, lines("ul", eachIn("li", b.Bullets)...))
	}
	if len(b.Numbered) > 0 {
		nodes = append(nodes, lines("ol", eachIn("li", b.Numbered)...))
	}
	if b.Table != nil {
		nodes = append(nodes, b.Table.draw())
	}
	nodes = append(nodes, eachIn("pre", b.Code)...)
	return append(nodes, drawBlocks(b.Blocks)...)
}

func drawFields(fields []htmlField) []*html.Node {
	var nodes []*html.Node
	for _, f := range fields {
		nodes = append(nodes, textIn("dt", f.Name), textIn("dd", f.Value))
	}
	return nodes
}

func (s *htmlStage) draw() *html.Node {
	name := class(s.Class, element("span", class("mark", textIn("span", s.Mark)), htmlText(" "+s.Name)))
	bar := class("bar", element("span"))
	if s.Took != "" {
		bar = picture(waterfallScale, 10, s.Outcome+", "+s.Took, rectangle(s.Class, htmlBar{X: s.Start, Width: s.Width, Height: 10}))
	}
	row := class(s.Class, lines("li", name, class("took", textIn("span", s.Took)), bar, class("text", textIn("span", s.Detail))))
	if len(s.Steps) > 0 {
		row.AppendChild(element("ol", eachIn("li", s.Steps)...))
	}
	return row
}

func (c *htmlChart) draw() *html.Node {
	var nodes []*html.Node
	for _, row := range c.Rows {
		bars := make([]*html.Node, 0, len(row.Bars))
		for _, b := range row.Bars {
			bars = append(bars, rectangle(row.Class, b))
		}
		nodes = append(nodes, textIn("dt", row.Name), element("dd", picture(c.Width, chartHeight, row.About, bars...)))
	}
	ends := class("soft ends", element("dd", textIn("span", c.From), textIn("span", c.To)))
	return class("chart", lines("dl", append(nodes, element("dt"), ends)...))
}

func (t *htmlTable) draw() *html.Node {
	header := element("tr")
	for _, cell := range t.Header {
		header.AppendChild(attributes(textIn("th", cell), "scope", "col"))
	}
	rows := make([]*html.Node, 0, len(t.Rows))
	for _, row := range t.Rows {
		rows = append(rows, element("tr", eachIn("td", row)...))
	}
	return lines("table", element("thead", header), lines("tbody", rows...))
}

// picture is an SVG element that is stretched to the available space; label says in words what
// it shows.
func picture(width, height int, label string, parts ...*html.Node) *html.Node {
	return attributes(element("svg", parts...), "class", "bar", "viewBox", fmt.Sprintf("0 0 %d %d", width, height),
		"preserveAspectRatio", "none", "role", "img", "aria-label", label)
}

func rectangle(look string, bar htmlBar) *html.Node {
	return attributes(element("rect"), "class", look, "x", strconv.Itoa(bar.X), "y", strconv.Itoa(bar.Y),
		"width", strconv.Itoa(bar.Width), "height", strconv.Itoa(bar.Height))
}

func htmlText(text string) *html.Node { return &html.Node{Type: html.TextNode, Data: text} }

func element(name string, children ...*html.Node) *html.Node {
	n := &html.Node{Type: html.ElementNode, Data: name}
	for _, c := range children {
		n.AppendChild(c)
	}
	return n
}

// lines is an element with each of its children on a line of its own.
func lines(name string, children ...*html.Node) *html.Node {
	n := element(name)
	for _, c := range children {
		n.AppendChild(htmlText("\n"))
		n.AppendChild(c)
	}
	n.AppendChild(htmlText("\n"))
	return n
}

func textIn(name, text string) *html.Node { return element(name, htmlText(text)) }

// eachIn puts every text into an element of its own.
func eachIn(name string, texts []string) []*html.Node {
	var nodes []*html.Node
	for _, t := range texts {
		nodes = append(nodes, textIn(name, t))
	}
	return nodes
}

// attributes adds names and values in turn.
func attributes(n *html.Node, pairs ...string) *html.Node {
	for i := 0; i+1 < len(pairs); i += 2 {
		n.Attr = append(n.Attr, html.Attribute{Key: pairs[i], Val: pairs[i+1]})
	}
	return n
}

func class(name string, n *html.Node) *html.Node { return attributes(n, "class", name) }
