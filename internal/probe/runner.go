package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"dpsdiag/internal/netfail"
	"dpsdiag/internal/proxy"
)

// runner runs the stages on one transport. Its fields pass results from one stage to the
// next.
type runner struct {
	*shared
	transport Transport
	target    Target
	run       *Run
	way       proxy.Choice // how the service is reached

	identity Identity
	tcp      net.Conn  // connected, before TLS
	proven   *tls.Conn // after the TLS handshake, before the transport uses it
	session  Session
	pace     *pacer
	last     Answer        // the answer that assign continues from
	held     bool          // this run holds the registering token
	queued   time.Duration // how long this stage waited for another run
	proved   bool          // the TPM has answered the service's challenge
}

// newRunner returns a runner to target over a transport, with run as its evidence.
func newRunner(s *shared, transport Transport, target Target, run *Run) *runner {
	r := &runner{shared: s, transport: transport, target: target, run: run, pace: newPacer(s.cfg.RetryMaxWait)}
	run.Transport = transport.ID()
	r.way = s.cfg.Proxy.Choose(target.Endpoint.Host, transport.ID().Port(target.Endpoint))
	run.Route = routeBy(r.way)
	r.identity = s.cfg.Attestation.Identify(target, s.now())
	r.identity.redact = newRedactor(s.patterns, r.identity)
	return r
}

// walk runs every stage in order and leaves one finding for each.
func (r *runner) walk(ctx context.Context) {
	defer r.close()
	r.takeUp()
	var blocked StageID
	for _, s := range stages() {
		f := r.stage(ctx, s, blocked)
		if f.Outcome == Failed {
			blocked = s.id
		}
		r.run.Findings = append(r.run.Findings, f)
		r.emit(Event{Transport: r.run.Transport, Stage: s.id, Finding: &f})
	}
	if r.run.End == "" {
		r.run.End = EndComplete
	}
}

// stage runs one stage unless an earlier one failed or the stage is not applicable.
func (r *runner) stage(ctx context.Context, s stage, blocked StageID) Finding {
	if why := s.notApplicable(r.cfg); why != "" {
		return Finding{Stage: s.id, Outcome: NotApplicable, Detail: why}
	}
	if blocked != "" {
		return Finding{Stage: s.id, Outcome: Skipped, Needs: blocked, Detail: "needs " + string(blocked)}
	}
	r.emit(Event{Transport: r.run.Transport, Stage: s.id})
	r.queued = 0
	start := time.Now()
	f := s.run(r, ctx)
	f.Stage, f.Took = s.id, time.Since(start)-r.queued
	if f.Outcome == Failed && r.interrupted() {
		r.run.End = EndInterrupted
		f.Detail = "interrupted"
		return f
	}
	return r.noteTimeout(ctx, s.id, f)
}

// stop records how the run ends; the first reason counts.
func (r *runner) stop(end End) {
	if r.run.End == "" {
		r.run.End = end
	}
}

// interrupted reports whether the caller cancelled; the end of the budget does not count.
func (r *runner) interrupted() bool { return errors.Is(r.parent.Err(), context.Canceled) }

func (r *runner) close() {
	r.release()
	r.leave()
	if r.proven != nil {
		r.proven.Close()
	}
	if r.tcp != nil {
		r.tcp.Close()
	}
}

// takeTurn takes the token of a turn that only one run can have at a time, and reports
// false when the context ended before. The wait is none of the stage's own time.
func (r *runner) takeTurn(ctx context.Context, turn chan struct{}, stage StageID) bool {
	select {
	case turn <- struct{}{}:
		return true
	default:
	}
	r.emit(Event{Transport: r.run.Transport, Stage: stage, Queued: true})
	start := time.Now()
	defer func() { r.queued += time.Since(start) }()
	select {
	case turn <- struct{}{}:
		r.emit(Event{Transport: r.run.Transport, Stage: stage})
		return true
	case <-ctx.Done():
		return false
	}
}

// leave ends the session with the service.
func (r *runner) leave() {
	if r.session != nil {
		r.session.Close()
		r.session = nil
	}
}

func (r *runner) resolver() Resolver {
	if r.cfg.Resolver != nil {
		return r.cfg.Resolver
	}
	return net.DefaultResolver
}

// compareClock computes the skew from the time of the peer's answer. Only the first
// comparison counts: later answers may have waited in a queue.
func (r *runner) compareClock(date time.Time, roundTrip time.Duration) {
	if date.IsZero() || r.run.Clock != nil {
		return
	}
	const halfSecond = 500 * time.Millisecond // the header is truncated to whole seconds
	ours := r.now().Add(-roundTrip / 2)
	r.run.Clock = &Clock{
		Source:      ClockDateHeader,
		Skew:        ours.Sub(date.Add(halfSecond)),
		Uncertainty: roundTrip/2 + halfSecond,
	}
}

// record keeps an answer and its clock.
func (r *runner) record(a Answer) Answer {
	a = r.identity.redactor().answer(a)
	r.run.Answers = append(r.run.Answers, a)
	r.compareClock(a.Date, a.Took)
	return a
}

// wait pauses before the next call. It reports false if the budget is too short for the
// pause, or the context ended.
func (r *runner) wait(ctx context.Context, w Wait) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= w.For {
		return false
	}
	r.run.Waits = append(r.run.Waits, w)
	r.emit(Event{Transport: r.run.Transport, Stage: stageOf(w.Before), Wait: &w})
	return pause(ctx, w.For)
}

func stageOf(op Operation) StageID {
	switch op {
	case OpOpen:
		return StageOpen
	case OpStatus:
		return StageAssign
	case OpHub:
		return StageHub
	}
	return StageRegister
}

// noAnswer ends a stage in which no answer came.
func (r *runner) noAnswer(f *netfail.Failure) Finding {
	switch f.Kind {
	case netfail.Timeout:
		r.stop(EndTimeout)
		return failed("no answer came")
	case netfail.Reset:
		r.stop(EndCut)
		return failed("the connection was cut before an answer").with("error", f.Text)
	}
	r.stop(endWithoutConnection(f))
	return failed("no usable answer: %s", f.Describe())
}
