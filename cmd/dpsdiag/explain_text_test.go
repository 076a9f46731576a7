package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/report"
)

func TestTextIsNotReadFromATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.terminal = func(any) (int, bool) { return 80, true }
	if got := w.run(t, "explain", "-"); got != report.ExitUsage {
		t.Errorf("exit status %d", got)
	}
	want := "dpsdiag: -: standard input is a terminal\nhint: pipe a log into it: journalctl -u aziot-identityd | dpsdiag explain -\n"
	if diff := cmp.Diff(want, w.err.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
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
