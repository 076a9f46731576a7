package monitor

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"runtime"
	"sync"
)

// lineBlock is how many bytes of an input with one record per line are read at a time.
const lineBlock = 256 << 10

// maxWorkers is the maximum number of goroutines that parse, which also limits the memory. A single
// goroutine counts the records; it would not be faster with more parsers.
const maxWorkers = 4

// job is a part of an input, whole lines, and the records that are in it.
type job struct {
	text  []byte
	line  int // the number of its first line
	batch batch
	// other is where a line begins that is not one record, such as the first of an array over several
	// lines; -1 if there is none.
	other     int
	otherLine int
	done      chan struct{}
}

// lineReader reads an input with one record per line. Several goroutines parse, and the caller gets the
// records in order.
type lineReader struct {
	source  *lineCounter
	err     error
	rest    []byte    // the beginning of a line at the end of the last block
	left    []byte    // of a part that Read was called for
	idle    chan *job // to use again
	parse   chan *job
	ordered chan *job
}

func newLineReader(source *lineCounter, seed maphash.Seed) *lineReader {
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	r := &lineReader{source: source, idle: make(chan *job, 3*workers), parse: make(chan *job, workers), ordered: make(chan *job, 2*workers)}
	for range cap(r.idle) {
		r.idle <- &job{done: make(chan struct{}, 1), batch: batch{seed: seed}}
	}
	var parsing sync.WaitGroup
	for range workers {
		parsing.Go(func() {
			for j := range r.parse {
				j.read()
				j.done <- struct{}{}
			}
		})
	}
	go func() {
		r.split()
		close(r.parse)
		close(r.ordered)
	}()
	return r
}

// next returns the next part once it is parsed, nil at the end. The caller gives it back.
func (r *lineReader) next() *job {
	j, ok := <-r.ordered
	if !ok {
		return nil
	}
	<-j.done
	return j
}

func (r *lineReader) giveBack(j *job) { r.idle <- j }

// split cuts the input at ends of lines.
func (r *lineReader) split() {
	for r.err == nil {
		j := <-r.idle
		j.text = append(j.text[:0], r.rest...)
		r.rest = r.rest[:0]
		j.line = r.source.ends + 1
		r.fill(j)
		r.ordered <- j
		r.parse <- j
	}
	if errors.Is(r.err, io.EOF) || errors.Is(r.err, io.ErrUnexpectedEOF) {
		r.err = nil
	}
}

// fill reads at least one whole line, if that is not too long.
func (r *lineReader) fill(j *job) {
	for size := lineBlock; ; size *= 2 {
		if cap(j.text) < size {
			j.text = append(make([]byte, 0, size), j.text...)
		}
		have := len(j.text)
		n, err := io.ReadFull(r.source, j.text[have:cap(j.text)])
		j.text = j.text[:have+n]
		r.err = err
		if err != nil {
			return
		}
		if end := bytes.LastIndexByte(j.text, '\n') + 1; end > 0 {
			r.rest = append(r.rest, j.text[end:]...)
			j.text = j.text[:end]
			return
		}
		if size > maxRecord {
			return
		}
	}
}

// read parses the lines.
func (j *job) read() {
	j.batch.reset()
	j.batch.vain = 0 // so that it does not matter which part the job had before
	j.other = -1
	line := j.line
	for at := 0; at < len(j.text); line++ {
		begin := at
		if end := j.batch.known(j.text[at:], line); end >= 0 {
			at += end
			if at < len(j.text) && j.text[at] == '\n' {
				at++
				continue
			}
		}
		end := bytes.IndexByte(j.text[at:], '\n')
		if end < 0 {
			end = len(j.text) - at
		}
		switch rest := j.text[at : at+end]; {
		case at > begin:
			j.batch.readRest(rest, line)
		case !j.batch.readLine(rest, line):
			j.other, j.otherLine = at, line
			return
		}
		at += end + 1
	}
}

// readLine parses a line. It reports false if the line begins something that is not one record.
func (b *batch) readLine(text []byte, line int) bool {
	at := skipSpace(text, 0)
	if at == len(text) {
		return true
	}
	switch rest := bytes.TrimRight(text[at:], " \t\r"); {
	case rest[0] == '[' || len(rest) == 1 && rest[0] == '{':
		return false
	case rest[0] != '{':
		b.unreadable++
		return true
	}
	end := b.object(text[at:], line)
	if end < 0 {
		b.unreadable++
		return true
	}
	b.readRest(text[at+end:], line)
	return true
}

// readRest parses what follows a record on its line.
func (b *batch) readRest(text []byte, line int) {
	if rest := bytes.TrimRight(text, ", \t\r"); len(rest) > 0 {
		b.nested(rest, line)
	}
}

// Read implements [io.Reader]: the parts that were not taken yet, as text.
func (r *lineReader) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		j := r.next()
		if j == nil {
			return 0, io.EOF
		}
		r.left = append(r.left[:0:0], j.text...)
		r.giveBack(j)
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}
