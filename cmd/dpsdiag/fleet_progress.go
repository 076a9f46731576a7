package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/fleet"
	"dpsdiag/internal/report"
)

// How often progress is shown: on a terminal, and elsewhere.
const (
	redrawEvery = 200 * time.Millisecond
	tellEvery   = 10 * time.Second
)

// longPause is the shortest pause that is shown at once.
const longPause = 3 * time.Second

// fleetProgress shows on standard error how far a fleet is: in one line that is rewritten on a
// terminal, else in a line now and then.
type fleetProgress struct {
	out     io.Writer
	columns int // of the terminal; 0 is none
	shown   int // characters of the line that the terminal shows
	now     func() time.Time
	started time.Time
	told    time.Time // last
	held    bool      // everything waits
}

func newFleetProgress(a *app) *fleetProgress {
	p := &fleetProgress{out: a.stderr, now: time.Now}
	if columns, terminal := a.terminal(a.stderr); terminal {
		p.columns = columns
	}
	if a.global.quiet {
		p.out, p.columns = io.Discard, 0
	}
	p.started = p.now()
	p.told = p.started
	return p
}

// watchFleet runs a fleet that can be interrupted, and shows its progress.
func watchFleet(ctx context.Context, a *app, list *fleet.List, cfg fleet.Config) fleet.Outcome {
	ctx, stop := a.interruptible(ctx)
	defer stop()
	defer a.endInterruptedLine(ctx)
	progress := newFleetProgress(a)
	defer progress.stop()
	cfg.OnProgress = progress.event
	return fleet.Run(ctx, list.Devices, cfg)
}

// event shows the progress if enough time has passed since the last time. It shows a pause that
// the service asks for at once.
func (p *fleetProgress) event(e fleet.Progress) {
	now, every := p.now(), tellEvery
	if p.columns > 0 {
		every = redrawEvery
	}
	waits := e.Held >= longPause && !p.held
	p.held = e.Held > 0
	if now.Sub(p.told) < every && !waits {
		return
	}
	p.told = now
	text := p.text(e, now.Sub(p.started))
	if p.columns == 0 {
		tell(p.out, "dpsdiag: %s", text)
		return
	}
	line := []rune(text)
	line = line[:min(len(line), max(p.columns-1, 0))]
	blanks := strings.Repeat(" ", max(p.shown-len(line), 0))
	p.shown = len(line)
	_, _ = io.WriteString(p.out, "\r"+string(line)+blanks+strings.Repeat("\b", len(blanks))) // there is no other place to report an error
}

// text says how far the run is, how fast, and how long the rest will take at that speed.
func (p *fleetProgress) text(e fleet.Progress, took time.Duration) string {
	parts := []string{fmt.Sprintf("%d of %d devices", e.Finished, e.Devices)}
	if e.Faults > 0 {
		parts = append(parts, fmt.Sprintf("%d not registered", e.Faults))
	}
	if now := e.Finished - e.Resumed; now > 0 && took > time.Second {
		speed := float64(now) / took.Seconds()
		left := time.Duration(float64(e.Devices-e.Finished) / speed * float64(time.Second))
		parts = append(parts, fmt.Sprintf("%.1f/s", speed), duration.Rough(left)+" left")
	}
	if e.Held >= time.Second {
		parts = append(parts, fmt.Sprintf("the service asks all to wait %s", duration.Rough(e.Held)))
	}
	return report.Clean(strings.Join(parts, ", "))
}

// stop leaves the terminal as it was.
func (p *fleetProgress) stop() {
	if p.shown > 0 {
		_, _ = io.WriteString(p.out, "\r"+strings.Repeat(" ", min(p.shown+len("^C"), p.columns-1))+"\r")
	}
}
