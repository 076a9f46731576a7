package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestReasonNamesNoTemporaryFile(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"write":  &fs.PathError{Op: "write", Path: "/x/.dpsdiag-1", Err: syscall.ENOSPC},
		"rename": &os.LinkError{Op: "rename", Old: "/x/.dpsdiag-1", New: "/x/y", Err: syscall.ENOSPC},
		"joined": errors.Join(nil, &fs.PathError{Op: "sync", Path: "/x/.dpsdiag-1", Err: syscall.ENOSPC}),
		"plain":  syscall.ENOSPC,
	} {
		if got := reason(err); got != syscall.ENOSPC { //nolint:errorlint // the error itself, without a wrapper
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What writes a file may ignore an error of its writer, as many functions of package fmt do.
func TestStrict(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	for name, c := range map[string]struct {
		n    int
		err  error
		want error
	}{
		"whole":         {4, nil, nil},
		"short":         {3, nil, io.ErrShortWrite},
		"failed":        {2, full, full},
		"whole, failed": {4, full, full},
	} {
		w := &strict{w: writerFunc(func([]byte) (int, error) { return c.n, c.err })}
		_, first := w.Write([]byte("text"))
		if !errors.Is(first, c.want) || !errors.Is(w.err, c.want) {
			t.Errorf("%s: %v, then %v", name, first, w.err)
		}
		if n, again := w.Write([]byte("text")); c.want != nil && (n != 0 || !errors.Is(again, c.want)) {
			t.Errorf("%s: the second write: %d, %v", name, n, again)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// On Windows a file that a scanner has open cannot be replaced for a moment.
func TestPatiently(t *testing.T) {
	t.Parallel()
	inUse := errors.New("in use")
	for name, c := range map[string]struct {
		fails int // how often renaming fails
		err   error
		want  error
		tries int
	}{
		"at once":       {0, nil, nil, 1},
		"at the third":  {2, inUse, nil, 3},
		"never":         {100, inUse, inUse, 11},
		"another error": {100, fs.ErrNotExist, fs.ErrNotExist, 1},
	} {
		tries, slept := 0, time.Duration(0)
		err := patiently(func() error {
			if tries++; tries <= c.fails {
				return c.err
			}
			return nil
		}, func(err error) bool { return errors.Is(err, inUse) }, func(d time.Duration) { slept += d })
		if !errors.Is(err, c.want) || tries != c.tries || slept > time.Second/2 {
			t.Errorf("%s: %v after %d tries and %s", name, err, tries, slept)
		}
	}
}
