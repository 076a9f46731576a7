package main

import (
	"context"
	"io"
)

// untilDone returns what f returns, or the error of the context if the context ends first; f then
// continues in the background. It is for calls that take no context, such as a read of a named
// pipe without a writer.
func untilDone[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// endableReader is a text that ends when the context ends, however long its source waits.
type endableReader struct {
	ctx    context.Context //nolint:containedctx // io.Reader has no room for it
	source io.Reader
	buffer [64 << 10]byte // not the caller's: a read that was abandoned may still write to it
}

// Read implements io.Reader.
func (r *endableReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, io.EOF
	}
	room := r.buffer[:min(len(p), len(r.buffer))]
	n, err := untilDone(r.ctx, func() (int, error) { return r.source.Read(room) })
	if err != nil && r.ctx.Err() != nil {
		return copy(p, room[:n]), io.EOF
	}
	return copy(p, room[:n]), err
}
