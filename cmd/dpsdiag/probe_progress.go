package main

import (
	"io"
	"sync"
	"time"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
)

// slowStage is how long a stage may take before a person is told that it does.
const slowStage = time.Second

// noticeable is the shortest pause that a person is told of.
const noticeable = 5 * time.Millisecond

// progress tells on standard error what a probe is waiting for.
type progress struct {
	maxAttempts int

	mu     sync.Mutex
	out    io.Writer
	timers map[probe.TransportID]*time.Timer // of the stages that run
}

func newProgress(out io.Writer, maxAttempts int) *progress {
	return &progress{maxAttempts: maxAttempts, out: out, timers: map[probe.TransportID]*time.Timer{}}
}

// event takes what happens in the probe.
func (p *progress) event(e probe.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if timer := p.timers[e.Transport]; timer != nil {
		timer.Stop()
	}
	switch {
	case e.Finding != nil:
		return
	case e.Wait != nil:
		p.tellWait(e)
		p.watch(e, e.Wait.For+slowStage)
	default:
		p.watch(e, slowStage)
	}
}

// watch tells that a stage is slow, unless something happens before.
func (p *progress) watch(e probe.Event, after time.Duration) {
	p.timers[e.Transport] = time.AfterFunc(after, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		tell(p.out, "%s %s: no answer yet after %s", e.Transport, e.Stage, duration.Text(slowStage))
	})
}

// tellWait tells every pause that a person would notice.
func (p *progress) tellWait(e probe.Event) {
	wait := e.Wait
	switch {
	case wait.For < noticeable:
	case wait.Before == probe.OpStatus:
		tell(p.out, "%s %s: %s, asking again in %s", e.Transport, e.Stage, wait.Reason, duration.Text(wait.For))
	default:
		asked := ""
		if wait.Asked {
			asked = " as the service asked"
		}
		tell(p.out, "%s %s: %s: waiting %s%s, then attempt %d of %d",
			e.Transport, e.Stage, wait.Reason, duration.Text(wait.For), asked, wait.Attempt, p.maxAttempts)
	}
}

// stop ends the watching.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, timer := range p.timers {
		timer.Stop()
	}
}
