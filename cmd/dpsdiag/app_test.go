package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/report"
)

func TestTextOptions(t *testing.T) {
	t.Parallel()
	utf8 := map[string]string{"LANG": "en_GB.UTF-8"}
	tests := []struct {
		name    string
		env     map[string]string
		columns int // of the terminal, 0 for none
		global  globalOptions
		want    report.Options
	}{
		{name: "a pipe in the C locale", want: report.Options{ASCII: true}},
		{name: "a pipe", env: utf8, want: report.Options{}},
		{name: "a terminal", env: utf8, columns: 132, want: report.Options{Width: 132, Color: true}},
		{name: "--no-color", env: utf8, columns: 80, global: globalOptions{noColor: true}, want: report.Options{Width: 80}},
		{name: "--ascii", env: utf8, columns: 80, global: globalOptions{ascii: true}, want: report.Options{Width: 80, Color: true, ASCII: true}},
		{name: "NO_COLOR", env: map[string]string{"LANG": "C.utf8", "NO_COLOR": "1"}, columns: 80, want: report.Options{Width: 80}},
		{name: "NO_COLOR empty", env: map[string]string{"LANG": "C.utf8", "NO_COLOR": ""}, columns: 80, want: report.Options{Width: 80, Color: true}},
		{name: "dumb terminal", env: map[string]string{"LANG": "C.utf8", "TERM": "dumb"}, columns: 80, want: report.Options{Width: 80}},
		{name: "LC_ALL first", env: map[string]string{"LC_ALL": "C", "LC_CTYPE": "C.UTF-8", "LANG": "C.UTF-8"}, want: report.Options{ASCII: true}},
		{name: "LC_CTYPE before LANG", env: map[string]string{"LC_CTYPE": "de_DE.UTF-8", "LANG": "C"}, want: report.Options{}},
		{name: "another character set", env: map[string]string{"LANG": "de_DE.ISO-8859-1"}, want: report.Options{ASCII: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.global = test.global
			w.terminal = func(any) (int, bool) { return test.columns, test.columns > 0 }
			w.lookupEnv = func(name string) (string, bool) { value, ok := test.env[name]; return value, ok }
			if diff := cmp.Diff(test.want, w.textOptions()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestKeyIsNotReadFromATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.terminal = func(any) (int, bool) { return 80, true }
	if got := w.run(t, "probe", "--id-scope", "0ne0045B3C6", "--registration-id", "a", "--key", "-"); got != report.ExitUsage {
		t.Errorf("exit status %d", got)
	}
	want := "dpsdiag: --key -: standard input is a terminal\nhint: pipe it: dpsdiag ... --key - < FILE\n"
	if diff := cmp.Diff(want, w.err.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// fullDisk is a writer that fails as a file on a full disk does.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestUnwrittenReportIsNoVerdict: if the report cannot be written, the exit status is that of a
// run without a verdict, and standard error says why.
func TestUnwrittenReportIsNoVerdict(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"explain", "429"}, {"probe", "--sandbox", "healthy", "-o", "json"}, {"version"}} {
		w := newWorld()
		w.stdout = fullDisk{}
		if got := w.run(t, args...); got != report.ExitNoVerdict {
			t.Errorf("%v: exit status %d, want %d", args, got, report.ExitNoVerdict)
		}
		if !cmp.Equal(w.err.Len() > 0, true) {
			t.Errorf("%v: nothing on standard error", args)
		}
	}
}

// TestReportAfterInterruptHasItsOwnLine: a terminal shows ^C at the cursor, so the report after an
// interrupt begins on a new line.
func TestReportAfterInterruptHasItsOwnLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args      []string
		terminal  bool
		interrupt bool
		want      string // what standard error begins with
	}{
		"probe":                {[]string{"probe", "--sandbox", "healthy"}, true, true, "\n"},
		"explain":              {[]string{"explain", "-"}, true, true, "\n"},
		"not on a terminal":    {[]string{"probe", "--sandbox", "healthy"}, false, true, ""},
		"without an interrupt": {[]string{"probe", "--sandbox", "healthy", "-q"}, true, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.stdin = forever{}
			w.terminal = func(stream any) (int, bool) { return 80, test.terminal && stream == w.stderr }
			w.interruptible = func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				if test.interrupt {
					cancel()
				}
				return ctx, cancel
			}
			w.run(t, test.args...)
			if got := w.err.String(); got != test.want {
				t.Errorf("standard error is %q, want %q", got, test.want)
			}
		})
	}
}

// TestSayIfSlow: what takes long is named on standard error, unless -q is given or it ends in time.
func TestSayIfSlow(t *testing.T) {
	t.Parallel()
	said := make(chan string, 1)
	w := newWorld()
	w.stderr = writerFunc(func(p []byte) (int, error) { said <- string(p); return len(p), nil })
	w.sayIfSlow(time.Hour, "too early")()
	done := w.sayIfSlow(0, "simulating %d devices", 5)
	if got := <-said; got != "dpsdiag: simulating 5 devices\n" {
		t.Errorf("said %q", got)
	}
	done()
	w.global.quiet = true
	w.stderr = nil // would panic
	w.sayIfSlow(0, "not with -q")()
}
