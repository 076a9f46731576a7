package monitor

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
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

// readCSV reads a table whose header was recognised.
func (c *Collector) readCSV(source io.Reader, columns []field, comma rune) error {
	table := csv.NewReader(source)
	table.Comma, table.LazyQuotes, table.FieldsPerRecord, table.ReuseRecord = comma, true, -1, true
	b := batch{seed: c.seed}
	defer func() { c.addBatch(&b) }()
	for first := true; ; first = false {
		row, err := table.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !isCSVError(err):
			return err
		case first: // the header
			continue
		case err != nil:
			b.unreadable++
			continue
		}
		line, _ := table.FieldPos(0)
		b.row(row, columns, line)
		if len(b.records) >= flushEach {
			c.addBatch(&b)
			b.reset()
		}
	}
}

func isCSVError(err error) bool {
	_, ok := errors.AsType[*csv.ParseError](err)
	return ok
}

// row adds a row of a table. A header that comes again, as in joined files, is left out.
func (b *batch) row(row []string, columns []field, line int) {
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
	local := dayFirst
	if bytes.ContainsRune(f[timeField], 'M') {
		local = monthFirst
	}
	if len(row) < len(columns) {
		b.unreadable++ // cut, or without the quotes that it needs
		return
	}
	b.setProperties(&f)
	b.add(&f, line, local)
}
