package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
)

// slowStage is how long a stage may take before a terminal shows that it is running.
const slowStage = time.Second

// noticeable is the shortest pause that is shown.
const noticeable = 5 * time.Millisecond

// progress shows on standard error what a probe is waiting for: in one line that is
// rewritten on a terminal, else in a line for each thing.
type progress struct {
	maxAttempts int
	transports  []probe.TransportID // in the order in which a terminal shows them

	mu      sync.Mutex
	out     io.Writer
	columns int // of the terminal; 0 is none
	shown   int // characters of the line that the terminal shows
	waiting map[probe.TransportID]string
	timers  map[probe.TransportID]*time.Timer // of the stages that run
}

// newProgress returns the progress of a probe, to be shown on the standard error of a.
func newProgress(a *app, cfg probe.Config) *progress {
	p := &progress{
		maxAttempts: cfg.MaxAttempts, out: a.stderr,
		waiting: map[probe.TransportID]string{}, timers: map[probe.TransportID]*time.Timer{},
	}
	for _, t := range cfg.Transports {
		p.transports = append(p.transports, t.ID())
	}
	if columns, terminal := a.terminal(a.stderr); terminal {
		p.columns = columns
	}
	if a.global.quiet {
		p.out, p.columns = io.Discard, 0
	}
	return p
}

// event handles an event of the probe.
func (p *progress) event(e probe.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if timer := p.timers[e.Transport]; timer != nil {
		timer.Stop()
	}
	switch {
	case e.Finding != nil:
		p.forget(e.Transport)
	case e.Queued:
		p.show(e, "waits until another transport has had its turn")
	case e.Wait != nil:
		p.tellWait(e)
		p.watch(e, e.Wait.For+slowStage, slowStage)
	default:
		p.forget(e.Transport)
		p.watch(e, slowStage, slowStage)
	}
}

// watch reports after a while that a stage has had no answer for that time, unless something
// happens before. On a terminal it keeps the time up to date.
func (p *progress) watch(e probe.Event, after, silent time.Duration) {
	var timer *time.Timer
	timer = time.AfterFunc(after, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.timers[e.Transport] != timer {
			return
		}
		p.tell(e, "no answer yet after "+duration.Text(silent))
		if p.columns > 0 {
			p.watch(e, time.Second, silent+time.Second)
		}
	})
	p.timers[e.Transport] = timer
}

// tellWait reports every pause that a person would notice.
func (p *progress) tellWait(e probe.Event) {
	wait := e.Wait
	switch {
	case wait.For < noticeable:
	case wait.Before == probe.OpStatus:
		p.tell(e, fmt.Sprintf("%s, asking again in %s", wait.Reason, duration.Text(wait.For)))
	default:
		asked := ""
		if wait.Asked {
			asked = " as the service asked"
		}
		p.tell(e, fmt.Sprintf("%s: waiting %s%s, then attempt %d of %d",
			wait.Reason, duration.Text(wait.For), asked, wait.Attempt, p.maxAttempts))
	}
}

// tell writes what a stage waits for.
func (p *progress) tell(e probe.Event, text string) {
	if p.columns > 0 {
		p.show(e, text)
		return
	}
	tell(p.out, "%s %s: %s", e.Transport, e.Stage, text)
}

// show writes what a stage waits for only on a terminal, where the line disappears afterwards.
func (p *progress) show(e probe.Event, text string) {
	p.waiting[e.Transport] = fmt.Sprintf("%s %s: %s", e.Transport, e.Stage, text)
	p.redraw()
}

// forget removes what was shown of a transport.
func (p *progress) forget(id probe.TransportID) {
	if _, shown := p.waiting[id]; shown {
		delete(p.waiting, id)
		p.redraw()
	}
}

// redraw writes the line of the terminal over the one before. A line that is broken could
// not be written over, so it ends before the last column.
func (p *progress) redraw() {
	if p.columns == 0 {
		return
	}
	var list []string
	for _, id := range p.transports {
		if text, ok := p.waiting[id]; ok && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	line := []rune(report.Clean(hideKeys(strings.Join(list, "; "))))
	line = line[:min(len(line), max(p.columns-1, 0))]
	blanks := strings.Repeat(" ", max(p.shown-len(line), 0))
	p.shown = len(line)
	_, _ = io.WriteString(p.out, "\r"+string(line)+blanks+strings.Repeat("\b", len(blanks))) // there is no other place to report an error
}

// stop ends the watching and leaves the terminal as it was.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, timer := range p.timers {
		timer.Stop()
		delete(p.timers, id)
	}
	if p.shown > 0 {
		p.shown = min(p.shown+len("^C"), p.columns-1) // which the terminal shows after the line
		clear(p.waiting)
		p.redraw()
		_, _ = io.WriteString(p.out, "\r")
	}
}
