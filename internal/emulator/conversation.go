package emulator

import (
	"context"
	"errors"
	"time"
)

// Ends of a conversation that the emulator brings about.
var (
	// errEnd is the end that the protocol provides for: what was sent before arrives.
	errEnd = errors.New("ended")
	// errCut is an end without a word, as a fault has it.
	errCut = errors.New("cut by a fault")
)

// conversation is what happens on one connection. All of it happens in one goroutine: what
// arrives and what falls due are handled one after the other.
type conversation struct {
	*stream
	patience time.Duration // how long the peer may be silent
	due      chan func() error
	done     <-chan struct{} // closed at the end
}

// arrival is something the peer sent, or why nothing more comes.
type arrival[T any] struct {
	item T
	err  error
}

// converse handles what read reads and what falls due, until that returns an error or ctx
// ends, and closes the connection. The last thing that arrives is an error of read, which
// ends the conversation too. After errEnd converse returns nil.
func converse[T any](ctx context.Context, c *conversation, read func() (T, error), handle func(T, error) error) error {
	ctx, cancel := context.WithCancel(ctx)
	c.due, c.done = make(chan func() error), ctx.Done()
	if err := c.expect(c.patience); err != nil {
		cancel()
		return err
	}
	arrivals := arriving(read)
	defer func() {
		cancel()
		c.drop()
		exhaust(arrivals)
	}()
	for {
		var err error
		select {
		case got := <-arrivals:
			if err = handle(got.item, got.err); err == nil {
				err = got.err
			}
			if err == nil {
				err = c.expect(c.patience)
			}
		case act := <-c.due:
			err = act()
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if errors.Is(err, errEnd) {
			c.part(func() { exhaust(arrivals) })
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// after lets act fall due after d, unless the conversation ends before.
func (c *conversation) after(d time.Duration, act func() error) {
	due, done := c.due, c.done
	time.AfterFunc(d, func() {
		select {
		case due <- act:
		case <-done:
		}
	})
}

// arriving reads in a goroutine that ends with the first error.
func arriving[T any](read func() (T, error)) <-chan arrival[T] {
	arrivals := make(chan arrival[T])
	go func() {
		defer close(arrivals)
		for {
			item, err := read()
			arrivals <- arrival[T]{item, err}
			if err != nil {
				return
			}
		}
	}()
	return arrivals
}

// exhaust drops what arrives until nothing more does.
func exhaust[T any](arrivals <-chan arrival[T]) {
	for range arrivals {
		continue
	}
}

// form is what one sending of an answer is.
type form int

// The forms of an answer: as it is, a second time, and as an answer to another request.
const (
	plain form = iota
	again
	misplaced
)

// deliver sends an answer as often and as late as its delivery has it, and after what.
func (c *conversation) deliver(d delivery, send func(form) error) error {
	forms := []form{plain}
	switch d.manner {
	case cut:
		return errCut
	case late:
		c.after(d.delay, func() error { return send(plain) })
		return nil
	case duplicate:
		forms = []form{plain, again}
	case other:
		forms = []form{misplaced, plain}
	}
	for _, f := range forms {
		if err := send(f); err != nil {
			return err
		}
	}
	return nil
}
