package monitor

import (
	"bytes"
	"errors"
	"io"
)

// maxRecord is the maximum size of one record, in bytes. Azure Monitor cuts fields at 32 KB.
const maxRecord = 4 << 20

// streamBlock is how much of an input is read at a time.
const streamBlock = 256 << 10

// stream reads JSON that does not have one record per line: arrays, envelopes with records, tables of a
// query, and objects over several lines, one after the other. It keeps one record in memory at a time. It
// does not check that brackets match, so that it can continue after damage.
type stream struct {
	source io.Reader
	text   []byte // what was read and not used yet begins at at
	at     int
	line   int  // of at, from 1
	ended  bool // there is no more to read
	err    error
	stop   bool

	depth   int     // of arrays and envelopes that were entered
	columns []field // of the table that is read
	rows    bool    // at is among the rows of the table

	batch *batch
	flush func() bool // takes the records of batch and empties it; reports whether to continue
}

// read reads to the end.
func (s *stream) read() {
	for !s.stop && s.peek() {
		s.element()
		if s.flush != nil && len(s.batch.records) >= flushEach {
			s.stop = !s.flush()
		}
	}
	if s.flush != nil {
		s.flush()
	}
}

// element reads what begins at at.
func (s *stream) element() {
	switch c := s.text[s.at]; c {
	case '{':
		s.object()
	case '[':
		if s.rows {
			s.row()
			return
		}
		s.enter(1)
	case ']', '}':
		s.rows = s.rows && c == '}'
		s.depth = max(s.depth-1, 0)
		s.at++
	case ',', ':':
		s.at++
	default:
		if s.depth > 0 && (c == '"' || isLiteral(c)) {
			s.member()
			return
		}
		s.damaged()
	}
}

// flushEach is how many records are collected before they are counted.
const flushEach = 512

// peek goes to the next character that is not white space.
func (s *stream) peek() bool {
	for {
		for s.at < len(s.text) {
			switch s.text[s.at] {
			case '\n':
				s.line++
				s.at++
			case ' ', '\t', '\r':
				s.at++
			default:
				return true
			}
		}
		if !s.more() {
			return false
		}
	}
}

// more appends more of the input to the text. It reports false at the end, and if a record is too
// large.
func (s *stream) more() bool {
	if s.ended || s.source == nil || len(s.text)-s.at > maxRecord {
		return false
	}
	if s.flush != nil && !s.flush() { // records refer to the text that is moved
		s.stop = true
		return false
	}
	kept := copy(s.text, s.text[s.at:])
	s.text, s.at = s.text[:kept], 0
	room := max(streamBlock, kept) // double what is not enough
	if cap(s.text)-kept < room {
		s.text = append(make([]byte, 0, kept+room), s.text...)
	}
	n, err := io.ReadAtLeast(s.source, s.text[kept:kept+room], 1)
	s.text = s.text[:kept+n]
	if err != nil {
		s.ended = true
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			s.err = err
		}
	}
	return n > 0
}

// enter enters an array or an envelope.
func (s *stream) enter(depth int) {
	s.depth += depth
	s.at++
}

// use skips what was read, and counts its lines.
func (s *stream) use(end int) {
	s.batch.vain = max(0, s.batch.vain-vainShare*(end-s.at))
	s.line += bytes.Count(s.text[s.at:end], []byte("\n"))
	s.at = end
}

// object reads a record, or enters an envelope.
func (s *stream) object() {
	if end := s.batch.known(s.text[s.at:], s.line); end >= 0 {
		s.use(s.at + end)
		return
	}
	for {
		var f fields
		text, whole := s.window()
		m := members{text: text}
		for m.nextKey() {
			field := fieldOf(m.key)
			if s.enveloped(&m, field) {
				return
			}
			if !m.nextValue() {
				break
			}
			s.batch.set(&f, field, m.value)
		}
		if m.done {
			s.batch.setProperties(&f)
			s.batch.add(&f, s.line, monthFirst)
			s.batch.layouts.learn(s.text[s.at : s.at+m.at])
			s.use(s.at + m.at)
			return
		}
		if m.broken || !whole || !s.more() {
			s.batch.vain += m.scanned()
			s.damaged()
			return
		}
	}
}

// enveloped enters the array of a key, if it has records or tables or is part of a table.
func (s *stream) enveloped(m *members, field field) bool {
	if m.at >= len(m.text) || m.text[m.at] != '[' {
		return false
	}
	switch {
	case field == recordsField || field == tablesField:
	case string(m.key) == "columns":
		s.columns = tableColumns(m.text[m.at:])
		return false
	case string(m.key) == "rows" && s.columns != nil:
		s.rows = true
	default:
		return false
	}
	s.use(s.at + m.at)
	s.enter(2)
	return true
}

// tableColumns are the fields that the columns of a table are.
func tableColumns(text []byte) []field {
	end := endOfValue(text, 0)
	if end < 0 {
		return nil
	}
	columns := []field{}
	for at := 1; at < end; {
		at = skipSpace(text, at)
		if text[at] != '{' {
			at++
			continue
		}
		m := members{text: text[at:end]}
		named := noField
		for m.next() {
			if string(m.key) == "name" && len(m.value) > 2 {
				named = fieldOf(m.value[1 : len(m.value)-1])
			}
		}
		columns = append(columns, named)
		at += max(m.at, 1)
	}
	return columns
}

// row reads a row of a table.
func (s *stream) row() {
	line := s.line
	row, ok := s.value()
	if !ok {
		return
	}
	var f fields
	column := 0
	for at := skipSpace(row, 1); at < len(row)-1; {
		if row[at] == ',' {
			at = skipSpace(row, at+1)
			continue
		}
		end := endOfValue(row, at)
		if end < 0 {
			break
		}
		if column < len(s.columns) {
			s.batch.set(&f, s.columns[column], row[at:end])
		}
		column++
		at = skipSpace(row, end)
	}
	s.batch.setProperties(&f)
	s.batch.add(&f, line, monthFirst)
}

// member skips another member of an envelope, or what is left of a damaged record.
func (s *stream) member() {
	name, ok := s.value()
	if !ok {
		return
	}
	s.batch.partial = s.batch.partial || string(name) == `"error"`
	if s.peek() && s.text[s.at] == ':' {
		s.at++
		if s.peek() && s.text[s.at] != '[' {
			s.value()
		}
	}
}

// value skips a value and returns it. It reports false if the value is damaged.
func (s *stream) value() ([]byte, bool) {
	text, whole := s.window()
	end := endOfValue(text, 0)
	for end == isCut && whole && s.more() {
		text, whole = s.window()
		end = endOfValue(text, 0)
	}
	if end < 0 {
		s.batch.vain += len(text)
		s.damaged()
		return nil, false
	}
	from := s.at
	s.use(from + end)
	return s.text[from:s.at], true
}

// mostVain is how many bytes may be examined without result, such as after a bracket that is never
// closed. Each byte that belongs to a record allows vainShare more of them.
const (
	mostVain  = 8 * maxRecord
	vainShare = 8
)

// window returns the text in which the value that begins at at has to end, and whether that is all that
// was read. After many bytes without result it ends where reading would continue after damage; otherwise
// the search for the end of each unclosed bracket would examine everything that follows.
func (s *stream) window() (text []byte, whole bool) {
	rest := s.text[s.at:]
	if s.batch.vain <= mostVain || len(rest) == 0 {
		return rest, true
	}
	if next := nextStart(rest[1:]); next >= 0 {
		return rest[:next+1], false
	}
	return rest, true
}

// nextStart returns where reading continues after damage: at the end of the line, or at the next record of
// the same line. It is -1 if the text has neither.
func nextStart(text []byte) int {
	for i, c := range text {
		if c == '\n' {
			return i
		}
		if c == '}' && bytes.HasPrefix(text[i:], []byte("},{")) {
			return i + 1
		}
	}
	return -1
}

// damaged counts what cannot be read, and continues after it: at the next line or at the next record of
// the same line.
func (s *stream) damaged() {
	s.batch.unreadable++
	s.at++
	for {
		next := nextStart(s.text[s.at:])
		if next >= 0 {
			s.at += next
			return
		}
		s.at = max(len(s.text)-2, s.at) // the next text may complete it
		if !s.more() {
			s.at = len(s.text)
			return
		}
	}
}
