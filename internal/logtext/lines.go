package logtext

import (
	"bytes"
	"io"
)

const (
	// maxPiece bounds the memory for a line: a longer one comes in several pieces.
	maxPiece = 64 << 10

	// overlap is how much of a piece is repeated at the start of the next one. It is more than the
	// longest pattern and than what is read around one.
	overlap = 1 << 10
)

// block is a part of a text: whole lines, or a piece of a line that is longer than maxPiece. It is what
// one goroutine works on at a time.
type block struct {
	text   []byte
	inside bool // text begins inside a line
	owned  int  // what begins at or after this offset of text belongs to the next block

	lines  []line // of text; what follows is their memory
	hits   []hit
	normal normaliser
}

// line is a line of a text, or a part of one, with everything that can be found in it alone. If a JSON
// string contains several lines, each of them is one.
type line struct {
	text    []byte // in normal form, without the line end
	hits    []hit
	program []byte // that wrote it, see origin
	broken  int    // length of the part at the end of text that is the beginning of a phrase
	counts  bool   // it has a number of its own
	begins  bool   // text is the start of the line
}

// find fills lines with those of the text.
func (b *block) find(words *vocabulary) {
	b.lines, b.hits = b.lines[:0], b.hits[:0]
	b.normal.reset()
	begins := !b.inside
	for rest := b.text; len(rest) > 0; begins = true {
		var text []byte
		text, rest, _ = bytes.Cut(rest, []byte("\n"))
		text = bytes.TrimSuffix(text, []byte("\r"))
		owned := len(text) // nothing gets longer by normalisation
		if b.owned < owned {
			owned = len(b.normal.normalise(text[:b.owned]))
		}
		b.add(words, b.normal.normalise(text), owned, begins)
	}
}

// add adds a line in normal form. What begins at or after owned is left to the next block.
func (b *block) add(words *vocabulary, text []byte, owned int, begins bool) {
	l := line{counts: begins, begins: begins}
	for more := true; more; l.begins, l.counts = true, false {
		var rest []byte
		l.text, rest, more = bytes.Cut(text, []byte("\n"))
		l.program = nil
		if l.begins {
			l.program = origin(l.text)
		}
		known := len(b.hits)
		b.hits, l.broken = words.find(b.hits, l.text, owned)
		l.hits = b.hits[known:]
		b.lines = append(b.lines, l)
		text, owned = rest, owned-len(l.text)-1
	}
}

// blockReader cuts a text into blocks, in constant memory. A line ends in LF or CR LF.
type blockReader struct {
	source io.Reader
	rest   []byte // what was read and is in no block yet
	inside bool   // rest begins inside a line
	err    error
}

// fill reads the next block, which ends with a line when it has that size, at most maxPiece. After the
// last one err is set.
func (r *blockReader) fill(b *block, size int) {
	if b.text == nil {
		b.text = make([]byte, 0, maxPiece)
	}
	b.text = append(b.text[:0], r.rest...)
	b.inside = r.inside
	r.rest = r.rest[:0]
	end := 0
	for ; r.err == nil && end == 0 && len(b.text) < maxPiece; size = min(2*size, maxPiece) {
		r.read(b, size)
		end = bytes.LastIndexByte(b.text, '\n') + 1
	}
	b.owned = len(b.text)
	switch {
	case r.err != nil:
	case end > 0:
		r.rest, r.inside = append(r.rest, b.text[end:]...), false
		b.text = b.text[:end]
	default:
		b.owned -= overlap
		r.rest, r.inside = append(r.rest, b.text[b.owned:]...), true
	}
}

// read reads until the block has that size or the text ends.
func (r *blockReader) read(b *block, size int) {
	for r.err == nil && len(b.text) < size {
		var n int
		n, r.err = r.source.Read(b.text[len(b.text):size])
		b.text = b.text[:len(b.text)+n]
	}
}
