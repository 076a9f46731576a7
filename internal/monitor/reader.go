// Package monitor reads the resource logs that Azure Monitor keeps of a Device Provisioning Service.
// They show which devices were refused, since when and with what.
//
// Give a [Collector] every input with [Collector.Read], in any order, then ask for its
// [Collector.Summary]. The records come in the shapes in which Azure stores and exports them: a JSON
// object a line, an array, envelopes with "records", the answer of the query API, and CSV, each also
// packed with gzip. A Collector recognises the shape by the content. It counts and skips records that
// are damaged or of another service. [Detect] reports whether a text is such a log.
//
// It is not known which records DPS writes when it refuses a device: both records in its documentation
// are of successes. So nothing here depends on a certain text, and a record without a field is still a
// record.
package monitor

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"dpsdiag/internal/logtext"
)

// headSize is how many bytes of an input are examined to detect its shape.
const headSize = 64 << 10

// Read reads one input; name is what the summary calls it. What was read before an error counts.
// The error is one of r's, or a [logtext.BinaryError]: then the input is left out of the summary.
func (c *Collector) Read(r io.Reader, name string) error {
	c.begin(name)
	defer c.end()
	err := c.readInput(r)
	if _, binary := errors.AsType[*logtext.BinaryError](err); binary {
		c.summary.Inputs = c.summary.Inputs[:len(c.summary.Inputs)-1]
	}
	return err
}

// readInput reads an input, also one that is packed.
func (c *Collector) readInput(r io.Reader) error {
	err := c.readText(r)
	if errors.Is(err, logtext.ErrDamaged) {
		c.input.Unreadable++
		c.input.BadGzip = true
		return nil
	}
	return err
}

func (c *Collector) readText(r io.Reader) error {
	decoded, _, err := logtext.Decode(r)
	if err != nil {
		return err
	}
	buffered := bufio.NewReaderSize(decoded, headSize)
	head, err := buffered.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		if len(head) == 0 {
			return fmt.Errorf("read the log: %w", err)
		}
	}
	text := &lineCounter{source: buffered}
	defer func() { c.input.Lines = text.lines() }()
	c.input.Shape = shapeOf(head)
	switch c.input.Shape {
	case ShapeCSV:
		columns, comma := csvColumns(firstLine(head))
		return c.readCSV(text, columns, comma)
	case ShapeLines:
		return c.readLines(text)
	}
	return c.readStream(text, 1)
}

// lineCounter counts the lines of what is read through it.
type lineCounter struct {
	source io.Reader
	ends   int
	open   bool // the last line has no end
}

// Read implements [io.Reader].
func (l *lineCounter) Read(p []byte) (int, error) {
	n, err := l.source.Read(p)
	if n > 0 {
		l.ends += bytes.Count(p[:n], []byte("\n"))
		l.open = p[n-1] != '\n'
	}
	return n, err
}

func (l *lineCounter) lines() int {
	if l.open {
		return l.ends + 1
	}
	return l.ends
}

// firstLine is the first line that is not blank.
func firstLine(head []byte) []byte {
	head = head[skipSpace(head, 0):]
	if end := bytes.IndexByte(head, '\n'); end >= 0 {
		head = head[:end]
	}
	return head
}

// shapeOf detects the shape of an input by its beginning.
func shapeOf(head []byte) Shape {
	at := skipSpace(head, 0)
	if at == len(head) {
		return ShapeOther
	}
	switch head[at] {
	case '[':
		return ShapeArray
	case '{':
	default:
		if columns, _ := csvColumns(firstLine(head)); columns != nil {
			return ShapeCSV
		}
		return ShapeOther
	}
	shape := ShapeLines
	m := members{text: head[at:]}
	for m.nextKey() {
		switch fieldOf(m.key) {
		case recordsField:
			shape = ShapeEnvelope
		case tablesField:
			shape = ShapeTables
		}
		if !m.nextValue() {
			break
		}
	}
	if end := bytes.IndexByte(head[at:], '\n'); shape == ShapeLines && end >= 0 && (!m.done || m.at > end) && !m.broken {
		return ShapeObjects
	}
	return shape
}

// readLines reads one record per line.
func (c *Collector) readLines(text *lineCounter) error {
	lines := newLineReader(text, c.seed)
	for j := lines.next(); j != nil; j = lines.next() {
		c.addBatch(&j.batch)
		if j.other < 0 {
			lines.giveBack(j)
			continue
		}
		rest := append([]byte(nil), j.text[j.other:]...)
		line := j.otherLine
		lines.giveBack(j)
		if err := c.readStream(io.MultiReader(bytes.NewReader(rest), lines), line); err != nil {
			return err
		}
	}
	return lines.err
}

// readStream reads any other JSON.
func (c *Collector) readStream(text io.Reader, line int) error {
	b := batch{seed: c.seed}
	b.reset()
	s := stream{source: text, line: line, batch: &b}
	s.flush = func() bool {
		c.addBatch(&b)
		b.reset()
		return true
	}
	s.read()
	return s.err
}

// Detect reports whether a text begins as a resource log of DPS does, and whether more of it could
// show that it does. The head may end anywhere.
func Detect(head []byte) (found, undecided bool) {
	undecided = len(head) < headSize && isOpen(firstLine(head), head)
	head = head[:min(len(head), headSize)]
	if shapeOf(bytes.TrimPrefix(head, []byte("\ufeff"))) == ShapeOther && !bytes.ContainsRune(head, 0) {
		return false, undecided // UTF-16 has zeros
	}
	c := NewCollector()
	_ = c.Read(bytes.NewReader(head), "") // damage at its end does not matter
	return c.input.Records > 0, undecided
}

// isOpen reports whether the first line of a text is not complete, or begins a value of several lines.
func isOpen(first, head []byte) bool {
	if len(first)+skipSpace(head, 0) == len(head) {
		return true
	}
	first = bytes.TrimSpace(first)
	return len(first) == 1 && first[0] == '{' || len(first) > 0 && first[0] == '['
}
