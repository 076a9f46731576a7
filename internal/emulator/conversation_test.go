package emulator

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// pipeStream returns a stream over an ordinary connection.
func pipeStream(conn net.Conn) *stream {
	return &stream{Conn: conn, transport: "test", remote: "test", farewell: func() error { return nil }, raw: conn}
}

// healthyDevice is the key device of the seed, without an address.
func healthyDevice(t *testing.T) Device {
	t.Helper()
	_, w := newTestService(t)
	return *w.device(SymmetricKey)
}

// converseInside lets a front with that idle timeout serve a pipe, and returns the client
// end and the result of speak. It works inside a synctest bubble.
func converseInside(t *testing.T, idle time.Duration, speak func(*front, context.Context, *stream) error) (net.Conn, <-chan error) {
	t.Helper()
	s, _ := newTestService(t)
	near, far := net.Pipe()
	ended := make(chan error, 1)
	f := &front{service: s, log: slog.New(slog.DiscardHandler), idle: idle}
	go func() {
		ended <- speak(f, t.Context(), pipeStream(far))
		far.Close()
	}()
	t.Cleanup(func() { near.Close() })
	return near, ended
}

// readByte reads a number and, for 0, returns errEnd.
func readByte(conn net.Conn) func() (byte, error) {
	return func() (byte, error) {
		var b [1]byte
		_, err := io.ReadFull(conn, b[:])
		return b[0], err
	}
}

func TestConversation(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	// Each peer sends a byte, which handle converts into an end.
	tests := map[string]struct {
		handle func(c *conversation, b byte, err error) error
		want   error
	}{
		"end":     {func(_ *conversation, _ byte, err error) error { return errors.Join(err, errEnd) }, nil},
		"cut":     {func(*conversation, byte, error) error { return errCut }, errCut},
		"failure": {func(*conversation, byte, error) error { return boom }, boom},
		"later": {func(c *conversation, _ byte, _ error) error {
			c.after(time.Second, func() error { return boom })
			return nil
		}, boom},
		"peer is gone": {func(c *conversation, _ byte, err error) error { c.patience = time.Minute; return err }, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				defer near.Close()
				c := &conversation{stream: pipeStream(far), patience: time.Minute}
				ended := make(chan error, 1)
				go func() {
					ended <- converse(t.Context(), c, readByte(far), func(b byte, err error) error { return test.handle(c, b, err) })
				}()
				if _, err := near.Write([]byte{1}); err != nil {
					t.Fatal(err)
				}
				go io.Copy(io.Discard, near)
				err := <-ended
				if name == "peer is gone" {
					if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
						t.Errorf("ended with %v", err)
					}
				} else if !errors.Is(err, test.want) {
					t.Errorf("ended with %v, want %v", err, test.want)
				}
				if _, err := far.Write(nil); !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("the connection is open: %v", err)
				}
			})
		})
	}
}

// The end of the context ends a conversation, and later timers do not run.
func TestConversationEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		ctx, cancel := context.WithCancel(t.Context())
		c := &conversation{stream: pipeStream(far), patience: time.Hour}
		ended := make(chan error, 1)
		go func() {
			ended <- converse(ctx, c, readByte(far), func(byte, error) error {
				c.after(time.Minute, func() error { t.Error("fell due after the end"); return nil })
				return nil
			})
		}()
		if _, err := near.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		<-time.After(2 * time.Minute)
	})
}

// The service does not wait forever for a peer that does not read, or does not disconnect
// when it should.
func TestConversationIsPatientOnlyForSoLong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handle func(c *conversation) error
		want   time.Duration
	}{
		"does not read": {func(c *conversation) error { _, err := c.Write([]byte("answer")); return err }, writeTimeout},
		"does not go":   {func(*conversation) error { return errEnd }, lingerTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				defer near.Close()
				c := &conversation{stream: pipeStream(far), patience: time.Hour}
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					_ = converse(t.Context(), c, readByte(far), func(byte, error) error { return test.handle(c) })
				}()
				if _, err := near.Write([]byte{1}); err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				<-ended
				if took := time.Since(begun); took != test.want {
					t.Errorf("ended after %s, want %s", took, test.want)
				}
			})
		})
	}
}
