package monitor

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// csvColumns returns the fields of the columns and the separator if a line is the header of a table of
// resource logs.
func csvColumns(header []byte) (columns []field, comma rune) {
	header = bytes.TrimRight(header, "\r\n")
	comma = ','
	for _, other := range []rune{';', '\t'} {
		if bytes.Count(header, []byte(string(other))) > bytes.Count(header, []byte(string(comma))) {
			comma = other
		}
	}
	seen := map[field]bool{}
	for name := range bytes.SplitSeq(header, []byte(string(comma))) {
		field := fieldOf(bytes.Trim(bytes.TrimSpace(name), `"`))
		columns = append(columns, field)
		seen[field] = true
	}
	delete(seen, noField)
	if len(seen) < 2 || !seen[resultField] && !seen[operationField] && !seen[signatureField] {
		return nil, 0
	}
	return columns, comma
}

func newTable(source io.Reader, comma rune) *csv.Reader {
	table := csv.NewReader(&boundedRows{source: bufio.NewReader(source), comma: byte(comma)})
	table.Comma, table.LazyQuotes, table.FieldsPerRecord, table.ReuseRecord = comma, true, -1, true
	return table
}

// mostUndecided is how much of a table is looked through for a date that tells the order, in bytes.
const mostUndecided = 8 << 20

// orderOfDates finds out in which order the dates of a table are. It returns what it read, too, with the
// rest of the source.
func orderOfDates(source io.Reader, columns []field, comma rune) (dateOrder, io.Reader) {
	var order dateOrder
	var read bytes.Buffer
	table := newTable(io.TeeReader(source, &read), comma)
	for at := slices.Index(columns, timeField); at >= 0 && !order.certain && read.Len() < mostUndecided; {
		row, err := table.Read()
		if err != nil && !isCSVError(err) {
			break // it comes again
		}
		if at < len(row) {
			order.learn(row[at])
		}
	}
	return order, io.MultiReader(&read, source)
}

// readCSV reads a table whose header was recognised.
func (c *Collector) readCSV(source io.Reader, columns []field, comma rune) error {
	order, source := orderOfDates(source, columns, comma)
	c.input.DatesUnclear, c.input.DayFirst = order.unclear(), order.local == dayFirst
	table := newTable(source, comma)
	b := batch{seed: c.seed}
	defer func() { c.addBatch(&b) }()
	for first, before := true, int64(0); ; first = false {
		row, err := table.Read()
		size := table.InputOffset() - before
		before += size
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !isCSVError(err):
			return err
		case first: // the header
			continue
		case err != nil || size > maxRecord || linesOf(row) >= maxRowLines:
			b.unreadable += linesOf(row)
			continue
		}
		line, _ := table.FieldPos(0)
		b.row(row, columns, line, order.local)
		if len(b.records) >= flushEach {
			c.addBatch(&b)
			b.reset()
		}
	}
}

// linesOf counts the lines of a row.
func linesOf(row []string) int {
	n := 1
	for _, cell := range row {
		n += strings.Count(cell, "\n")
	}
	return n
}

func isCSVError(err error) bool {
	_, ok := errors.AsType[*csv.ParseError](err)
	return ok
}

// row adds a row of a table. A header that comes again, as in joined files, is left out.
func (b *batch) row(row []string, columns []field, line int, local localTime) {
	var f fields
	header := true
	for i, value := range row {
		if i >= len(columns) || columns[i] == noField || value == "" {
			continue
		}
		header = header && fieldOf([]byte(value)) == columns[i]
		f.set(columns[i], []byte(value))
	}
	if header {
		return
	}
	if len(row) < len(columns) {
		b.unreadable++ // cut, or without the quotes that it needs
		return
	}
	b.setProperties(&f)
	b.add(&f, line, local)
}

// maxRowLines is the maximum number of lines of a row. Only a message in quotes has several.
const maxRowLines = 64

// boundedRows passes the text of a table on and cuts each row that is larger than maxRecord or longer
// than maxRowLines. A [csv.Reader] keeps a row in memory, and one extra quotation mark makes one row of
// everything that follows.
type boundedRows struct {
	source *bufio.Reader
	comma  byte
	at     placeInRow
	size   int    // of the row until here
	lines  int    // of the row that ended until here
	end    string // of a row that was cut, to be passed on
}

// placeInRow is the state of a parser within a row, as in a [csv.Reader] with LazyQuotes.
type placeInRow int

const (
	atCell     placeInRow = iota // at the beginning of a cell
	inCell                       // in a cell without quotes
	inQuotes                     // in a cell with quotes
	afterQuote                   // after a quote in that, which ends the cell or is part of it
)

// Read implements [io.Reader].
func (r *boundedRows) Read(p []byte) (int, error) {
	if r.end != "" {
		n := copy(p, r.end)
		r.end = r.end[n:]
		return n, nil
	}
	if _, err := r.source.Peek(1); err != nil {
		return 0, err
	}
	text, _ := r.source.Peek(min(len(p), r.source.Buffered())) // which is there
	n := 0
	for n < len(text) && r.size <= maxRecord && r.lines < maxRowLines {
		if text[n] == '\n' {
			r.lines++
		}
		r.step(text[n])
		n++
	}
	copy(p, text[:n])
	_, _ = r.source.Discard(n) // the same
	switch {
	case r.lines == maxRowLines:
		n-- // the end of its last line follows the quote
		r.end, r.at, r.size, r.lines = "\"\n", atCell, 0, 0
	case r.size > maxRecord:
		r.cut()
	}
	return n, nil
}

// step takes the next character.
func (r *boundedRows) step(c byte) {
	r.size++
	quoted := r.at == inQuotes || r.at == afterQuote && c != r.comma && c != '\r' && c != '\n'
	switch {
	case quoted && c == '"' && r.at == inQuotes:
		r.at = afterQuote
	case quoted || c == '"' && r.at == atCell:
		r.at = inQuotes
	case c == '\n':
		r.at, r.size, r.lines = atCell, 0, 0
	case c == r.comma:
		r.at = atCell
	case r.at == atCell:
		r.at = inCell
	}
}

// cut ends the row and skips the rest of the line in which it became too large.
func (r *boundedRows) cut() {
	r.end = "\n"
	if r.at == inQuotes {
		r.end = "\"\n"
	}
	r.at, r.size, r.lines = atCell, 0, 0
	for {
		if _, err := r.source.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return // another error comes again
		}
	}
}
