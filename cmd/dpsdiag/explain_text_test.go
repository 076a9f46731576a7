package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"dpsdiag/internal/report"
)

// TestTextFromATerminal: explain says that it waits for a text, and reads what was pasted.
func TestTextFromATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.stdin = strings.NewReader("the answer was 401002: Unauthorized\n")
	w.terminal = func(stream any) (int, bool) { return 80, stream == w.stdin }
	if got := w.run(t, "explain", "-"); got != report.ExitOK {
		t.Errorf("exit status %d", got)
	}
	if got := w.err.String(); got != "dpsdiag: paste the log, then Ctrl-D\n" && runtime.GOOS != "windows" {
		t.Errorf("standard error is %q", got)
	}
	if !strings.Contains(w.out.String(), "401002") {
		t.Errorf("it read %s", w.out.String())
	}
}

// TestInterruptedReading: reading what never ends can be interrupted.
func TestInterruptedReading(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.stdin = forever{}
	w.interruptible = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx, cancel
	}
	if got := w.run(t, "explain", "-"); got != report.ExitInterrupted {
		t.Errorf("exit status %d, want %d: %s", got, report.ExitInterrupted, w.err.String())
	}
}

type forever struct{}

func (forever) Read(p []byte) (int, error) { return copy(p, "all is well\n"), nil }

func TestUnreadableStandardInput(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.stdin = io.MultiReader(strings.NewReader(strings.Repeat("a line\n", 1000)), broken{})
	if got := w.run(t, "explain", "-"); got != report.ExitUsage {
		t.Errorf("exit status %d", got)
	}
	if !strings.HasPrefix(w.err.String(), "dpsdiag: standard input: no medium\n") {
		t.Errorf("standard error: %s", w.err.String())
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("no medium") }
