package emulator

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
)

// pipes is a listener with a connection always waiting.
type pipes struct{ net.Listener }

func (pipes) Accept() (net.Conn, error) {
	conn, _ := net.Pipe()
	return conn, nil
}

func (pipes) Close() error { return nil }

func TestBoundedListener(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newBoundedListener(pipes{}, 2)
		accepted := make(chan net.Conn, 10)
		ended := make(chan error, 1)
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					ended <- err
					return
				}
				accepted <- conn
			}
		}()
		want := func(n int) {
			t.Helper()
			synctest.Wait()
			if len(accepted) != n {
				t.Errorf("%d connections wait to be served, want %d", len(accepted), n)
			}
		}
		want(2)
		first := <-accepted
		for range 2 { // closing twice frees one slot
			if err := first.Close(); err != nil {
				t.Error(err)
			}
		}
		want(2)
		_ = (<-accepted).Close()
		want(2)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept ended with %v", err)
		}
	})
}
