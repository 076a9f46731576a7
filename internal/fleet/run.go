package fleet

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
)

// Config configures a run. Probe, Credentials and Rate must be set; the zero value of every
// other field works.
type Config struct {
	// Probe is the probe of every device, without RegistrationID and Attestation. It has one
	// transport.
	Probe       probe.Config
	Credentials *Credentials
	Rate        rate.Limit // devices and repeated register calls per second
	Concurrency int        // devices at a time; 0 means DefaultConcurrency
	// Patience is how long the service may throttle while no device finishes; then nothing more
	// begins. 0 means DefaultPatience.
	Patience time.Duration
	Journal  *Journal // nil keeps none
	// RetryFailed probes again the devices that an earlier run finished and that are not
	// registered. If the new probe has no result, the earlier one counts.
	RetryFailed bool
	// OnProgress is called with what has changed, unless it is nil. It is called from one goroutine
	// at a time.
	OnProgress func(Progress)
}

// Defaults of Config.
const (
	DefaultConcurrency = 64
	DefaultPatience    = 5 * time.Minute
)

// failedRounds is how often a device is probed if the service answers with 5xx.
const failedRounds = 2

// throttledPause is how long the fleet waits if a service that throttles asks for nothing.
const throttledPause = 5 * time.Second

// lookupPause is between two lookups of a registration that is under way.
const lookupPause = 2 * time.Second

// Progress is how far a run is.
type Progress struct {
	Devices  int // of the list
	Resumed  int // of these, finished by an earlier run
	Finished int // resumed ones included
	Faults   int // of the finished ones, those that are not registered
	InFlight int
	// Held is how long nothing begins, as the service asked.
	Held time.Duration
}

// task is a device that has not finished.
type task struct {
	device *Device
	// doubt is when a registration began whose end is not known; zero if there is none. The
	// device is then looked up before it is registered.
	doubt     time.Time
	earlier   *Result // of an earlier run, if the device is probed again
	failed    int     // how often the service failed with 5xx
	notBefore time.Time
}

// end is how the probe of a task ended.
type end struct {
	task   *task
	result Result
	// again says that the service put the device off: it is not finished.
	again bool
	// asked is the pause that a service that throttles asked for; 0 if it does not throttle.
	asked time.Duration
	// unsaved is why the journal could not be written; the device has no result if it did not
	// begin.
	unsaved error
	begun   bool
}

type run struct {
	cfg      Config
	pace     *pace
	queue    []*task
	ended    chan end
	inFlight int
	stopped  bool // nothing begins any more
	// throttled is since when the service throttles and no device has finished; zero if it
	// does not.
	throttled time.Time
	out       Outcome
}

// Run probes the devices of a list that Check has no problem with. It always returns what was
// learned, even if ctx is cancelled or the journal cannot be written: then nothing more
// begins.
func Run(ctx context.Context, devices []Device, cfg Config) Outcome {
	cfg.Concurrency = cmp.Or(cfg.Concurrency, DefaultConcurrency)
	cfg.Patience = cmp.Or(cfg.Patience, DefaultPatience)
	start := time.Now()
	r := &run{cfg: cfg, pace: newPace(cfg.Rate), ended: make(chan end, cfg.Concurrency)}
	r.cfg.Probe.OnEvent = r.pace.event
	r.out = newOutcome(start, devices)
	if cfg.Journal != nil {
		r.out.Started = cfg.Journal.head.StartedAt
	}
	for i := range devices {
		d := &devices[i]
		t := &task{device: d, doubt: cfg.Journal.doubt(d.RegistrationID)}
		if result, done := cfg.Journal.result(d.RegistrationID); done {
			if !cfg.RetryFailed || result.Verdict == advice.Registered {
				r.resume(&result)
				continue
			}
			t.earlier = &result
		}
		r.queue = append(r.queue, t)
	}
	r.loop(ctx)
	for _, t := range r.queue {
		if t.earlier != nil {
			r.resume(t.earlier)
			continue
		}
		r.out.NotStarted++
	}
	r.out.Took = time.Since(start)
	r.out.sort()
	return r.out
}

// resume adds the result of an earlier run.
func (r *run) resume(result *Result) {
	r.out.add(result)
	r.out.Resumed++
}

// loop begins devices as the pace allows, until all have ended.
func (r *run) loop(ctx context.Context) {
	var turn *time.Timer // when the next device may begin; nil if none can
	cancelled := ctx.Done()
	clock := time.NewTicker(time.Second) // reports the rest of a long pause
	defer clock.Stop()
	for r.inFlight > 0 || len(r.queue) > 0 && !r.stopped {
		if turn == nil && r.canBegin() {
			turn = time.NewTimer(max(r.pace.reserve(), time.Until(r.queue[0].notBefore)))
		}
		var ready <-chan time.Time
		if turn != nil {
			ready = turn.C
		}
		r.progress()
		select {
		case <-ready:
			if held := r.pace.held(); held > 0 {
				turn.Reset(held)
				continue
			}
			turn = nil
			if r.canBegin() {
				r.begin(ctx)
			}
		case <-clock.C:
		case e := <-r.ended:
			r.inFlight--
			r.take(e)
		case <-cancelled:
			r.stopped, r.out.Interrupted, cancelled = true, true, nil
		}
	}
	r.progress()
}

func (r *run) canBegin() bool {
	return !r.stopped && len(r.queue) > 0 && r.inFlight < r.cfg.Concurrency
}

func (r *run) begin(ctx context.Context) {
	next := r.queue[0]
	r.queue = r.queue[1:]
	r.inFlight++
	go func() { r.ended <- r.probe(ctx, next) }()
}

func (r *run) progress() {
	if r.cfg.OnProgress == nil {
		return
	}
	finished := r.out.finished()
	r.cfg.OnProgress(Progress{
		Devices: r.out.Devices, Resumed: r.out.Resumed, Finished: finished, Faults: finished - r.out.Totals[advice.Registered],
		InFlight: r.inFlight, Held: r.pace.held(),
	})
}

// take takes the end of a probe: a result, or a device to probe again.
func (r *run) take(e end) {
	if e.unsaved != nil {
		r.stopped = true
		if r.out.Unsaved == nil {
			r.out.Unsaved = e.unsaved
		}
		if !e.begun {
			r.queue = append(r.queue, e.task)
			return
		}
	}
	if e.asked > 0 {
		r.pace.hold(e.asked)
	}
	if e.again && !r.stopped && r.tryAgain(e) {
		r.out.tried(&e.result)
		return
	}
	if !e.again {
		r.throttled = time.Time{}
	}
	r.out.add(&e.result)
}

// tryAgain puts a device that the service put off back into the queue, and reports false if
// that was done often enough. If the service throttles all, nothing more begins. A device that is throttled comes first: it was its turn.
func (r *run) tryAgain(e end) bool {
	t, now := e.task, time.Now()
	if e.asked > 0 {
		if r.throttled.IsZero() {
			r.throttled = now
		}
		if now.Sub(r.throttled) > r.cfg.Patience {
			r.stopped = true
			return false
		}
		r.queue = slices.Insert(r.queue, 0, t)
		return true
	}
	if t.failed++; t.failed >= failedRounds {
		return false
	}
	t.notBefore = now.Add(throttledPause)
	r.queue = append(r.queue, t)
	return true
}

// probe probes one device.
func (r *run) probe(ctx context.Context, t *task) end {
	cfg := r.cfg.Probe
	cfg.RegistrationID = t.device.RegistrationID
	var err error
	if cfg.Attestation, err = r.cfg.Credentials.Attestation(t.device); err != nil {
		// It could be used when the list was checked.
		return r.finish(t, Result{
			RegistrationID: cfg.RegistrationID, Verdict: advice.NoVerdict, Transport: cfg.Transports[0].ID(),
			Stage: probe.StageInputs, Detail: err.Error(), EndedAt: time.Now().UTC(),
		})
	}
	registers := cmp.Or(cfg.Mode, probe.ModeRegister) == probe.ModeRegister
	if registers && !t.doubt.IsZero() {
		if e, known := r.lookUp(ctx, t, cfg); known {
			return e
		}
	}
	begun := time.Now()
	if registers {
		if err := r.cfg.Journal.begin(cfg.RegistrationID, begun); err != nil {
			return end{task: t, unsaved: err}
		}
		t.doubt = time.Time{}
	}
	ev := probe.Do(ctx, cfg)
	e := r.judge(t, &ev)
	if registers && e.again && accepted(&ev.Runs[0]) {
		t.doubt = begun
	}
	return e
}

// lookUp finds out how a registration ended that an earlier probe began; known is false if the
// device has to be registered.
func (r *run) lookUp(ctx context.Context, t *task, cfg probe.Config) (e end, known bool) {
	cfg.Mode, cfg.CheckHub, cfg.Transports = probe.ModeLookup, false, []probe.Transport{probe.NewHTTPS()}
	budget, cancel := context.WithTimeout(ctx, cmp.Or(cfg.Budget, probe.DefaultBudget))
	defer cancel()
	for {
		ev := probe.Do(ctx, cfg)
		e = r.judge(t, &ev)
		switch says := readLookup(&ev, time.Since(t.doubt), time.Now()); {
		case e.again || e.result.Verdict == advice.Interrupted:
			return e, true
		case says == notRegistered:
			return end{}, false
		case says == underWay && pause(budget, lookupPause):
			continue
		}
		if ctx.Err() != nil {
			e.result.Verdict = advice.Interrupted
			return e, true
		}
		e.result.LookedUp = true
		return r.finish(t, e.result), true
	}
}

// judge makes the end of a probe from its evidence, and saves a result.
func (r *run) judge(t *task, ev *probe.Evidence) end {
	e := end{task: t, begun: true, result: newResult(ev, time.Now())}
	switch {
	case e.result.Verdict == advice.RetryLater:
		e.again = true
		if last := ev.Runs[0].LastAnswer(); last != nil && last.Op != probe.OpStatus && last.Status == http.StatusTooManyRequests {
			e.asked = throttledPause
			if last.RetryAfter != nil && last.RetryAfter.Valid {
				e.asked = max(last.RetryAfter.Wait, time.Second)
			}
		}
	case e.result.Verdict != advice.Interrupted && ev.Target.Mode == r.mode():
		return r.finish(t, e.result)
	}
	return e
}

func (r *run) mode() probe.Mode { return cmp.Or(r.cfg.Probe.Mode, probe.ModeRegister) }

// finish saves the result of a device.
func (r *run) finish(t *task, result Result) end {
	return end{task: t, result: result, begun: true, unsaved: r.cfg.Journal.finish(&result)}
}

// pause waits, and reports false if the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
