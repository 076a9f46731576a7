// Package probe gathers evidence by a real registration with a device provisioning service, stage
// by stage. It draws no conclusions: package advice does that.
//
// Fill in a [Config] and call [Do]. Do always returns what it learned, even after a
// failure, a timeout or a cancelled context.
//
// The files:
//
//   - config.go, evidence*.go: the input and the result
//   - stages.go: the list of the stages; a stage_*.go for each
//   - runner.go: how a run goes through the stages, with retry.go, timeout.go and route.go for the
//     pauses, the budget and the proxy
//   - attestation.go: the list of the attestations; an attest_*.go for each
//   - transport.go: the list of the transports; a transport_*.go for each
//   - hub.go: the protocols for asking a hub; a hub_*.go for each
//   - exchange.go, redact.go: the recorded exchanges, and the removal of secrets from them
package probe

import (
	"context"
	"sync"
	"time"

	"dpsdiag/internal/redact"
)

// Do probes the target over every transport of the configuration, in parallel, and returns
// the evidence with the runs in the order of Config.Transports. It ends when all runs have
// ended, the budget is spent or ctx is cancelled.
func Do(ctx context.Context, cfg Config) Evidence {
	start := time.Now()
	p := &shared{cfg: cfg.withDefaults(), parent: ctx, registering: make(chan struct{}, 1), asking: make(chan struct{}, 1), patterns: redact.NewPatterns()}
	ev := Evidence{Started: p.cfg.Now(), Target: p.cfg.target(), Runs: make([]Run, len(cfg.Transports)), Origins: p.cfg.Origins}
	ev.Inputs = p.cfg.Attestation.Inspect(ev.Target, p.cfg.Now(), p.cfg.ExpiresIn)
	ev.Inputs.inspectSettings(ev.Target, p.cfg.Payload)
	p.cfg.Signing.inspect(&ev.Inputs, ev.Target)
	ev.Inputs.preferRemarks(p.cfg.Remarks)
	p.inputs = &ev.Inputs

	ctx, cancel := context.WithTimeout(ctx, p.cfg.Budget)
	defer cancel()
	var wg sync.WaitGroup
	for i, transport := range p.cfg.Transports {
		wg.Go(func() {
			ev.Runs[i] = p.probe(ctx, transport, ev.Target)
		})
	}
	wg.Wait()
	ev.Took = time.Since(start)
	return ev
}

// shared is what all runs of one probe share.
type shared struct {
	cfg      Config
	inputs   *Inputs
	parent   context.Context // without the budget: distinguishes an interruption from a timeout
	events   sync.Mutex
	patterns *redact.Patterns
	// registering contains one token: two runs that register the same identity at the same time
	// would get a conflict that no real device has.
	registering chan struct{}
	// asking contains one token: a hub accepts one connection per device, and two runs would
	// disconnect each other.
	asking chan struct{}
}

// probe probes the target over one transport. The reason for a cut connection may be temporary, so
// the probe is made once more, unless only one attempt is allowed.
func (s *shared) probe(ctx context.Context, transport Transport, target Target) Run {
	first := s.walk(ctx, transport, target)
	cut := first.cutIn()
	if cut == "" || s.cfg.MaxAttempts == 1 || !pause(ctx, firstBackoff) {
		return first
	}
	second := s.walk(ctx, transport, target)
	if second.End != EndInterrupted && !second.reached(cut) {
		return first // it says more
	}
	if connect := second.Find(StageConnect); connect.Outcome == Passed {
		connect.Detail += "; once more, as the first connection was cut at " + string(cut)
		*connect = connect.with("cut-before", string(cut))
	}
	return second
}

func (s *shared) walk(ctx context.Context, transport Transport, target Target) Run {
	var run Run
	newRunner(s, transport, target, &run).walk(ctx)
	return run
}

func (s *shared) now() time.Time { return s.cfg.Now() }

func (s *shared) emit(e Event) {
	s.events.Lock()
	defer s.events.Unlock()
	s.cfg.OnEvent(e)
}
