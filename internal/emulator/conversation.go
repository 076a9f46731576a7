package emulator

import (
	"context"
	"errors"
	"time"
)

// Errors with which the emulator ends a conversation.
var (
	// errEnd is the end that the protocol provides for: data sent before still arrives.
	errEnd = errors.New("ended")
	// errCut is an end without notice, as in a fault.
	errCut = errors.New("cut by a fault")
)

// conversation is the processing of one connection, in one goroutine: received data and due
// timers are handled one after the other.
type conversation struct {
	*stream
	patience time.Duration // how long the peer may be silent
	due      chan func() error
	done     <-chan struct{} // closed at the end
}

// arrival is something the peer sent, or the reason why nothing more will come.
type arrival[T any] struct {
	item T
	err  error
}

// converse handles the results of read and due timers, until one of these returns an error
// or ctx ends, and closes the connection. The last arrival is an error of read, which also
// ends the conversation. After errEnd converse returns nil.
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

// after runs act after d, unless the conversation ends before.
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

// exhaust discards received data until nothing more comes.
func exhaust[T any](arrivals <-chan arrival[T]) {
	for range arrivals {
		continue
	}
}

// form is the form of one sending of an answer.
type form int

// The forms of an answer: unchanged, repeated, and as an answer to another request.
const (
	plain form = iota
	again
	misplaced
)

// deliver sends an answer as often, as late and after such other answers as its delivery
// requires.
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
