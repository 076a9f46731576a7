package report

import (
	"bytes"
	"fmt"
	"io"
)

// htmlDocument is a document that can be a page in a browser.
type htmlDocument interface {
	html() *htmlPage
}

// htmlPage is a page: what it says first, and then its blocks.
type htmlPage struct {
	Title       string // of the window
	Mark, Class string // of an outcome, as htmlLook has them
	Heading     string
	Lead        []string
	Blocks      []htmlBlock
	Footer      string
}

// htmlBlock is a part of a page: a title, and below it the other fields that are not empty, in
// this order.
type htmlBlock struct {
	Title    string
	Text     []string // paragraphs
	Fields   []htmlField
	Stages   []htmlStage
	Chart    *htmlChart
	Bullets  []string
	Numbered []string
	Table    *htmlTable
	Code     []string // each in a box of its own
	Blocks   []htmlBlock

	Fold bool // closed until somebody opens it
	Sub  bool // with a smaller title
	// Badge is a label of a cause, such as its strength, and BadgeClass its style.
	Badge, BadgeClass string
}

// htmlChart is a picture of quantities over time: a row of bars for each name.
type htmlChart struct {
	Width    int
	Rows     []htmlChartRow
	From, To string
}

// htmlChartRow has bars within the width of the chart and the height chartHeight. About says in
// words what they show.
type htmlChartRow struct {
	Name, Class, About string
	Bars               []htmlBar
}

// chartHeight is the height of a row.
const chartHeight = 100

// htmlBar is a rectangle; X and Y are its upper left corner.
type htmlBar struct{ X, Y, Width, Height int }

// htmlField is a named value.
type htmlField struct{ Name, Value string }

// htmlTable has cells of text.
type htmlTable struct {
	Header []string
	Rows   [][]string
}

// writeHTML writes a page that needs nothing else. It has no script and makes no request; a
// content security policy in it makes the browser enforce that.
func writeHTML(w io.Writer, doc Document, _ Options) error {
	d, err := as[htmlDocument](doc, "html")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := drawHTML(&b, d.html()); err != nil {
		return fmt.Errorf("make the HTML report: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the HTML report: %w", err)
	}
	return nil
}

// fieldsOf are the named values that are not empty.
func fieldsOf(list ...field) []htmlField {
	var out []htmlField
	for _, f := range list {
		if f.value != "" {
			out = append(out, htmlField{f.name, f.value})
		}
	}
	return out
}

// htmlCauses ranks causes, the less likely ones folded.
func htmlCauses(causes []Cause) []htmlBlock {
	if len(causes) == 0 {
		return nil
	}
	list := make([]htmlBlock, 0, len(causes))
	for i := range causes {
		list = append(list, causes[i].html(i+1))
	}
	block := htmlBlock{Title: "Causes, the most likely first", Blocks: list[:min(len(list), fullCauses)]}
	if rest := list[len(block.Blocks):]; len(rest) > 0 {
		block.Blocks = append(block.Blocks[:fullCauses:fullCauses], htmlBlock{Title: fmt.Sprintf("Less likely (%d)", len(rest)), Fold: true, Blocks: rest})
	}
	return []htmlBlock{block}
}

func (c *Cause) html(number int) htmlBlock {
	block := htmlBlock{
		Title: fmt.Sprintf("%d. %s", number, c.Title), Badge: badgeText(c.Strength), BadgeClass: c.Strength,
		Blocks: []htmlBlock{{Title: "Evidence", Sub: true, Bullets: c.Because}},
	}
	if len(c.Remedies) > 0 {
		block.Blocks = append(block.Blocks, htmlBlock{Title: "What to do", Sub: true, Numbered: c.Remedies})
	}
	if c.Command != "" {
		block.Blocks = append(block.Blocks, htmlBlock{Title: "To look at it", Sub: true, Code: []string{c.Command}})
	}
	more := []string{explainCommand(c.ID)}
	if c.Explain != "" && c.Explain != more[0] {
		more = append(more, c.Explain)
	}
	block.Blocks = append(block.Blocks, htmlBlock{Title: "More", Sub: true, Code: more})
	return block
}

// badgeText is how strongly the evidence supports a cause.
func badgeText(strength string) string {
	switch strengthText(strength) {
	case "proven by":
		return "proven"
	case "suggested by":
		return "suggested"
	}
	return "possible"
}

func htmlDecide(steps []Decider) []htmlBlock {
	if len(steps) == 0 {
		return nil
	}
	block := htmlBlock{Title: "What would decide between them"}
	for _, s := range steps {
		part := htmlBlock{Title: s.How, Sub: true}
		if s.Command != "" {
			part.Code = []string{s.Command}
		}
		block.Blocks = append(block.Blocks, part)
	}
	return []htmlBlock{block}
}

// listBlock is a block of a list, none if the list is empty.
func listBlock(title string, items []string) []htmlBlock {
	if len(items) == 0 {
		return nil
	}
	return []htmlBlock{{Title: title, Bullets: items}}
}
