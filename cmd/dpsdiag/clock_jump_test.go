package main

import (
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"dpsdiag/internal/report"
)

// TestTheClockJumpsDuringAProbe: a clock that is set during a probe, by an hour and at any moment at which the probe reads
// it, makes no duration negative and hangs nothing. The device registers, or its clock is a cause: over HTTPS, where the probe learns
// the time of the service, it is proven if a token has certainly expired.
func TestTheClockJumpsDuringAProbe(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"https", "mqtt", "amqp-ws"} {
		for _, jump := range []time.Duration{time.Hour, -time.Hour, -time.Hour - time.Minute} {
			for at := int64(0); ; at++ {
				w := newWorld()
				var reads atomic.Int64
				w.now = func() time.Time {
					if reads.Add(1) > at {
						return time.Now().Add(jump)
					}
					return time.Now()
				}
				status := w.run(t, "probe", "--sandbox", "healthy", "--transport", transport, "-q", "-o", "json")
				var doc report.Probe
				if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
					t.Fatalf("%s, %s at %d: %v in %q", transport, jump, at, err, w.err.String())
				}
				checkAfterJump(t, &doc, jump, status)
				if t.Failed() {
					t.Fatalf("%s, %s at reading %d: %s", transport, jump, at, w.out.String())
				}
				if reads.Load() <= at {
					break
				}
			}
		}
	}
}

// strengthOf is the strength of a cause, "" for none.
func strengthOf(doc *report.Probe, id string) string {
	for _, c := range doc.Causes {
		if c.ID == id {
			return c.Strength
		}
	}
	return ""
}

func checkAfterJump(t *testing.T, doc *report.Probe, jump time.Duration, status int) {
	t.Helper()
	const clock = "device-clock-wrong"
	switch {
	case status == report.ExitOK && doc.Verdict == "registered":
	case status != report.ExitFault || strengthOf(doc, clock) == "":
		t.Errorf("exit status %d, verdict %s, causes %+v", status, doc.Verdict, doc.Causes)
	case doc.Runs[0].Transport != "https": // no answer before the refusal has a date
	case jump == -time.Hour && strengthOf(doc, clock) == doc.Causes[0].Strength:
	case doc.Causes[0].ID == clock && doc.Causes[0].Strength == "proves":
	default:
		t.Errorf("exit status %d, verdict %s, causes %+v", status, doc.Verdict, doc.Causes)
	}
	if doc.DurationMS < 0 || doc.DurationMS > 60_000 {
		t.Errorf("the probe took %v ms", doc.DurationMS)
	}
	for _, stage := range doc.Runs[0].Stages {
		if stage.DurationMS < 0 || stage.DurationMS > doc.DurationMS+1 {
			t.Errorf("stage %s took %v ms", stage.ID, stage.DurationMS)
		}
	}
}
