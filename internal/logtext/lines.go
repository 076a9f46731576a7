package logtext

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	// maxPiece bounds the memory for a line: a longer one comes in several pieces.
	maxPiece = 64 << 10

	// overlap is how much of a piece is repeated at the start of the next one. It is more than the
	// longest pattern and than what is read around one.
	overlap = 1 << 10
)

// piece is a line, or a part of a long one.
type piece struct {
	line  int    // from 1
	text  []byte // without the line end; valid until the next call
	owned int    // what begins at or after this offset of text belongs to the next piece
	begin bool   // text is the start of the line
}

// lineReader cuts a text into lines, in constant memory.
type lineReader struct {
	source io.Reader
	buffer [maxPiece]byte
	start  int // of what was not returned yet, in buffer
	end    int
	line   int
	inside bool // the last piece did not end its line
	err    error
}

// next returns the next piece, or io.EOF after the last one. A line ends in LF or CR LF.
func (r *lineReader) next() (piece, error) {
	for {
		if i := bytes.IndexByte(r.buffer[r.start:r.end], '\n'); i >= 0 {
			p := r.cut(r.start+i, r.start+i)
			r.start += i + 1
			r.inside = false
			return p, nil
		}
		if r.err != nil {
			return r.last()
		}
		if r.end-r.start == maxPiece {
			p := r.cut(r.end, r.end-overlap)
			r.start = r.end - overlap
			r.inside = true
			return p, nil
		}
		r.fill()
	}
}

// cut makes a piece of the buffer from start to end.
func (r *lineReader) cut(end, owned int) piece {
	if !r.inside {
		r.line++
	}
	text := bytes.TrimSuffix(r.buffer[r.start:end], []byte("\r"))
	return piece{line: r.line, text: text, owned: min(owned-r.start, len(text)), begin: !r.inside}
}

// last returns the text after the last line end, then the error that ended the text.
func (r *lineReader) last() (piece, error) {
	if r.start == r.end {
		if errors.Is(r.err, io.EOF) {
			return piece{}, io.EOF
		}
		return piece{}, fmt.Errorf("read the text: %w", r.err)
	}
	p := r.cut(r.end, r.end)
	r.start = r.end
	return p, nil
}

// fill reads more, after making room for it.
func (r *lineReader) fill() {
	if r.start > 0 && r.end == maxPiece {
		r.end = copy(r.buffer[:], r.buffer[r.start:r.end])
		r.start = 0
	}
	n, err := r.source.Read(r.buffer[r.end:])
	r.end += n
	r.err = err
}
