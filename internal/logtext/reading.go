package logtext

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
)

// division says how the work on a text is divided.
type division struct {
	size    int // of a block, see blockReader
	alone   int // the blocks that one goroutine reads before there are several: most texts are short
	workers int
}

const (
	// usualSize is the size of a block, and maxWorkers the number of goroutines at the most: both bound
	// the memory. What has to be done in order is done by one goroutine at a time, which many others
	// would not make faster.
	usualSize  = 64 << 10
	maxWorkers = 5

	// manyLines is a number of lines in a block. Lines take more memory than their text, so the first block
	// of a worker, and one after a block with more lines than these, has a quarter of the size.
	manyLines = 4 << 10
)

// usualDivision has one worker more than there are processors, which has work while another waits for
// its turn; with one processor one worker does everything.
func usualDivision() division {
	workers := min(runtime.GOMAXPROCS(0)+1, maxWorkers)
	if workers == 2 {
		workers = 1
	}
	return division{size: usualSize, alone: 5, workers: workers}
}

// reading is a text that is being read. A worker reads a block, finds what is in its lines, and passes
// them on when those of the block before were passed on. Of these three only one worker at a time does
// the first and the last, in the order of the text, so there is the same answer for any number of
// workers.
type reading struct {
	division
	words *vocabulary
	pass  *pass // of the worker whose turn it is

	reads  sync.Mutex // of the worker that reads, for what follows
	source blockReader
	blocks int           // that were read
	turn   chan struct{} // closed once the last of them is passed on
	err    error         // why there are no more, io.EOF after the last one

	working sync.WaitGroup
}

// run reads the text to its end.
func (r *reading) run(ctx context.Context) error {
	r.turn = make(chan struct{})
	close(r.turn)
	r.work(ctx)
	r.working.Wait()
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// work is what a worker does.
func (r *reading) work(ctx context.Context) {
	var b block
	for {
		turn, done := r.next(ctx, &b)
		if turn == nil {
			return
		}
		b.find(r.words)
		<-turn
		r.pass.read(b.lines)
		close(done)
	}
}

// next reads a block. It returns the channel that is closed when it is its turn to be passed on, and
// the one to close after that; nil if there are no more blocks.
func (r *reading) next(ctx context.Context, b *block) (turn, done chan struct{}) {
	r.reads.Lock()
	defer r.reads.Unlock()
	if r.err == nil && r.blocks > 0 {
		r.err = context.Cause(ctx)
	}
	if r.err != nil {
		return nil, nil
	}
	size := r.size
	if n := len(b.lines); n == 0 || n > manyLines {
		size = max(size/4, 1)
	}
	r.source.fill(b, size)
	switch r.err = r.source.err; {
	case errors.Is(r.err, io.EOF):
	case r.err != nil:
		r.err = fmt.Errorf("read the text: %w", r.err)
		return nil, nil
	}
	r.blocks++
	if r.blocks == r.alone {
		for range r.workers - 1 {
			r.working.Go(func() { r.work(ctx) })
		}
	}
	turn, r.turn = r.turn, make(chan struct{})
	return turn, r.turn
}
