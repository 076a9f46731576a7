package report

import (
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// column is one column of a table. It has a fixed width, or a share of the width that the fixed
// ones leave.
type column struct {
	title        string
	width, share int
}

// gap is the space between two columns.
const gap = 2

// spacing is what stands between two rows of a table.
type spacing bool

const (
	dense spacing = false
	ruled spacing = true // a line
)

// table draws rows below a header. Cells are wrapped here and not by the library, whose
// wrapping lets a long word break the width.
func (p *page) table(cols []column, rows [][]string, between spacing) {
	widths := columnWidths(cols, p.width)
	header := make([]string, len(cols))
	for i, c := range cols {
		header[i] = c.title
	}
	var drawn strings.Builder
	table := tablewriter.NewTable(&drawn, p.tableOptions(between)...)
	table.Header(p.wrapCells(header, widths))
	for _, row := range rows {
		// Neither call can fail: the rows are strings and they are drawn in memory.
		_ = table.Append(p.wrapCells(row, widths))
	}
	_ = table.Render()
	for line := range strings.Lines(drawn.String()) {
		p.line(span{strings.TrimRight(line, " \n"), plain})
	}
}

func (p *page) wrapCells(row []string, widths []int) []string {
	cells := make([]string, len(row))
	for i, text := range row {
		cells[i] = strings.Join(wrap(p.text(Clean(text)), widths[i]), "\n")
	}
	return cells
}

func (p *page) tableOptions(between spacing) []tablewriter.Option {
	symbols := tw.NewSymbols(tw.StyleLight)
	if p.opts.ASCII {
		symbols = tw.NewSymbols(tw.StyleASCII)
	}
	lines := tw.Off
	if between == ruled {
		lines = tw.On
	}
	return []tablewriter.Option{
		tablewriter.WithRendition(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: symbols,
			Settings: tw.Settings{
				Lines:      tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On, ShowFooterLine: tw.Off},
				Separators: tw.Separators{ShowHeader: tw.On, ShowFooter: tw.Off, BetweenRows: lines, BetweenColumns: tw.Off},
			},
		}),
		tablewriter.WithPadding(tw.Padding{Left: tw.Empty, Right: strings.Repeat(" ", gap), Overwrite: true}),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
	}
}

// columnWidths divides the width that the fixed columns and the gaps leave.
func columnWidths(cols []column, width int) []int {
	free, shares := width-gap*len(cols), 0
	for _, c := range cols {
		free -= c.width
		shares += c.share
	}
	widths := make([]int, len(cols))
	for i, c := range cols {
		widths[i] = c.width
		if c.share > 0 {
			widths[i] = free * c.share / shares
		}
	}
	return widths
}
