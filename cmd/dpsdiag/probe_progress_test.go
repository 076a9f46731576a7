package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/probe"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress(&out, 4)
		step := func(after time.Duration, e probe.Event) {
			<-time.After(after)
			synctest.Wait()
			e.Transport = probe.HTTPS
			p.event(e)
		}
		done := &probe.Finding{}

		// A fast stage is not worth a line, a slow one is.
		step(0, probe.Event{Stage: probe.StageResolve})
		step(900*time.Millisecond, probe.Event{Stage: probe.StageResolve, Finding: done})
		step(5*time.Second, probe.Event{Stage: probe.StageConnect})
		step(3*time.Second, probe.Event{Stage: probe.StageConnect, Finding: done})

		// Waits are told; during one nothing is slow.
		step(0, probe.Event{Stage: probe.StageRegister})
		step(0, probe.Event{Stage: probe.StageRegister, Wait: &probe.Wait{Before: probe.OpRegister, For: 1340 * time.Millisecond, Attempt: 2, Reason: "429", Asked: true}})
		step(2*time.Second, probe.Event{Stage: probe.StageRegister, Wait: &probe.Wait{Before: probe.OpRegister, For: 126 * time.Millisecond, Attempt: 3, Reason: "503"}})
		step(time.Second, probe.Event{Stage: probe.StageRegister, Finding: done})
		step(0, probe.Event{Stage: probe.StageAssign})
		step(0, probe.Event{Stage: probe.StageAssign, Wait: &probe.Wait{Before: probe.OpStatus, Attempt: 1, Reason: "assigning"}})
		step(0, probe.Event{Stage: probe.StageAssign, Wait: &probe.Wait{Before: probe.OpStatus, For: 3 * time.Second, Attempt: 2, Reason: "assigning"}})
		step(6*time.Second, probe.Event{Stage: probe.StageAssign, Finding: done})

		// Nothing is told after the end.
		step(0, probe.Event{Stage: probe.StageHub})
		p.stop()
		<-time.After(time.Minute)
		synctest.Wait()

		want := `https connect: no answer yet after 1 s
https register: 429: waiting 1.3 s as the service asked, then attempt 2 of 4
https register: 503: waiting 126 ms, then attempt 3 of 4
https assign: assigning, asking again in 3 s
https assign: no answer yet after 1 s
`
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
