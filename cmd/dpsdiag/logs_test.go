package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"dpsdiag/internal/monitor/monitortest"
	"dpsdiag/internal/report"
)

// TestLogsInterrupted interrupts the reading of records that go on for ever: what was read until then
// is told.
func TestLogsInterrupted(t *testing.T) {
	t.Parallel()
	w, interrupts := interruptibleWorld()
	log, writer := io.Pipe()
	w.stdin = log
	defer writer.Close()
	go func() {
		interrupt := <-interrupts
		events := monitortest.Faulty().Small(50).Events()
		var lines strings.Builder
		if err := monitortest.WriteLines(&lines, events[len(events)-100:]); err != nil {
			t.Error(err)
		}
		for range 2 { // the second is taken when the first was read
			if _, err := io.WriteString(writer, lines.String()); err != nil {
				t.Error(err)
			}
		}
		interrupt()
	}()
	status := w.run(t, "logs", "-", "-o", "json")
	var doc report.ResourceLogs
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if status != report.ExitInterrupted || doc.ExitCode != report.ExitInterrupted || !doc.Interrupted || doc.Records == 0 || len(doc.Clusters) == 0 {
		t.Errorf("exit status %d, exit_code %d, %d records, %d clusters", status, doc.ExitCode, doc.Records, len(doc.Clusters))
	}
	if !strings.Contains(w.err.String(), "interrupted") {
		t.Errorf("standard error %q", w.err.String())
	}
}

// TestLogsInterruptedBeforeAnything: of nothing there is a report that says so.
func TestLogsInterruptedBeforeAnything(t *testing.T) {
	t.Parallel()
	w, interrupts := interruptibleWorld()
	log, writer := io.Pipe()
	w.stdin = log
	defer writer.Close()
	go func() { (<-interrupts)() }()
	if status := w.run(t, "logs", "-"); status != report.ExitInterrupted || !strings.HasPrefix(w.out.String(), "[!] ") || !strings.Contains(w.out.String(), "reading was interrupted") {
		t.Errorf("exit status %d, %q", status, w.out.String())
	}
}
