package main

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/report"
)

// TestExplainInterrupted interrupts the reading of an endless log: what was read until then
// is explained.
func TestExplainInterrupted(t *testing.T) {
	t.Parallel()
	w, interrupts := interruptibleWorld()
	log, writer := io.Pipe()
	w.stdin = log
	defer writer.Close()
	go func() {
		interrupt := <-interrupts
		for _, line := range []string{`{"errorCode":401002,"message":"Unauthorized"}`, "the first line has been taken", "when this one has"} {
			if _, err := io.WriteString(writer, line+"\n"); err != nil {
				t.Error(err)
			}
		}
		interrupt()
	}()
	status := w.run(t, "explain", "-", "-o", "json")
	var doc report.Explain
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	known := slices.ContainsFunc(doc.Matches, func(m report.Match) bool { return m.ID == "dps-401002" })
	if status != report.ExitInterrupted || doc.ExitCode != report.ExitInterrupted || !known {
		t.Errorf("exit status %d, exit_code %d, matches %+v", status, doc.ExitCode, doc.Matches)
	}
	if !strings.Contains(w.err.String(), "interrupted") {
		t.Errorf("standard error %q", w.err.String())
	}
}

// TestExplainInterruptedBeforeAnything: if nothing was read, there is no report.
func TestExplainInterruptedBeforeAnything(t *testing.T) {
	t.Parallel()
	w, interrupts := interruptibleWorld()
	log, writer := io.Pipe()
	w.stdin = log
	defer writer.Close()
	go func() { (<-interrupts)() }()
	if status := w.run(t, "explain", "-"); status != report.ExitInterrupted || w.out.Len() > 0 {
		t.Errorf("exit status %d, %q", status, w.out.String())
	}
}

// interruptibleWorld returns a world, and a channel that gets the function which interrupts
// the command as soon as the command can be interrupted.
func interruptibleWorld() (*world, <-chan context.CancelFunc) {
	w := newWorld()
	interrupts := make(chan context.CancelFunc, 1)
	w.interruptible = func(parent context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(parent)
		interrupts <- cancel
		return ctx, cancel
	}
	return w, interrupts
}
