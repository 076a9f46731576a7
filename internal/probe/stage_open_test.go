package probe_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/probe"
)

// reluctant is a transport whose opening is refused with the given answers before it
// succeeds.
type reluctant struct {
	probe.Transport
	refusals []probe.Opening
}

func (r *reluctant) Open(ctx context.Context, dial probe.Dialer, target probe.Target, id probe.Identity) (probe.Session, probe.Opening) {
	if len(r.refusals) == 0 {
		return r.Transport.Open(ctx, dial, target, id)
	}
	refusal := r.refusals[0]
	r.refusals = r.refusals[1:]
	return nil, refusal
}

func TestOpeningIsTriedAgain(t *testing.T) {
	t.Parallel()
	unavailable := probe.Opening{Layer: probe.LayerMQTTConnect, Status: 3, Refusal: "CONNACK 3"}
	unauthorized := probe.Opening{Layer: probe.LayerMQTTConnect, Status: 5, Refusal: "CONNACK 5"}
	subscription := probe.Opening{Layer: probe.LayerMQTTSubscribe, Status: 128, Refusal: "SUBACK 128"}
	// Rows that run in parallel share a RetryAfter; the race detector finds a probe that writes
	// to it.
	atOnce, inAnHour := probe.ParseRetryAfter("0", time.Now()), probe.ParseRetryAfter("3600", time.Now())
	handshake := func(status int, asked *probe.RetryAfter) probe.Opening {
		return probe.Opening{Layer: probe.LayerWebSocket, Status: status, Refusal: "handshake", RetryAfter: asked}
	}
	sasl := func(code int) probe.Opening {
		return probe.Opening{Layer: probe.LayerSASL, Status: code, Refusal: "SASL"}
	}
	condition := func(condition string) probe.Opening {
		return probe.Opening{Layer: probe.LayerAMQPOpen, Condition: condition, Refusal: condition}
	}
	times := func(n int, o probe.Opening) (list []probe.Opening) {
		for range n {
			list = append(list, o)
		}
		return list
	}
	for name, test := range map[string]struct {
		refusals []probe.Opening
		change   func(*probe.Config)
		waits    []probe.Wait // without Before and For
		end      probe.End
		detail   string
	}{
		"at once":             {end: probe.EndComplete, detail: "the peer speaks https"},
		"CONNACK 3 once":      {times(1, unavailable), nil, []probe.Wait{{Attempt: 2, Reason: "CONNACK 3"}}, probe.EndComplete, "the peer speaks https, after 2 attempts"},
		"CONNACK 3 for ever":  {times(9, unavailable), nil, []probe.Wait{{Attempt: 2, Reason: "CONNACK 3"}, {Attempt: 3, Reason: "CONNACK 3"}, {Attempt: 4, Reason: "CONNACK 3"}}, probe.EndRefused, "CONNACK 3, after 4 attempts"},
		"CONNACK 5 after 3":   {[]probe.Opening{unavailable, unauthorized}, nil, []probe.Wait{{Attempt: 2, Reason: "CONNACK 3"}}, probe.EndRefused, "CONNACK 5, after 2 attempts"},
		"CONNACK 5":           {times(1, unauthorized), nil, nil, probe.EndRefused, "CONNACK 5"},
		"SUBACK 128":          {times(1, subscription), nil, nil, probe.EndRefused, "SUBACK 128"},
		"handshake 429":       {times(1, handshake(429, atOnce)), nil, []probe.Wait{{Attempt: 2, Reason: "handshake", Asked: true}}, probe.EndComplete, "the peer speaks https, after 2 attempts"},
		"handshake 503":       {times(1, handshake(503, nil)), nil, []probe.Wait{{Attempt: 2, Reason: "handshake"}}, probe.EndComplete, "the peer speaks https, after 2 attempts"},
		"handshake 403":       {times(1, handshake(403, atOnce)), nil, nil, probe.EndRefused, "handshake"},
		"SASL auth":           {times(1, sasl(1)), nil, nil, probe.EndRefused, "SASL"},
		"SASL sys":            {times(1, sasl(2)), nil, []probe.Wait{{Attempt: 2, Reason: "SASL"}}, probe.EndComplete, "the peer speaks https, after 2 attempts"},
		"SASL sys-perm":       {times(1, sasl(3)), nil, nil, probe.EndRefused, "SASL"},
		"SASL sys-temp":       {times(1, sasl(4)), nil, []probe.Wait{{Attempt: 2, Reason: "SASL"}}, probe.EndComplete, "the peer speaks https, after 2 attempts"},
		"throttled":           {times(1, condition("com.microsoft:device-container-throttled")), nil, []probe.Wait{{Attempt: 2, Reason: "com.microsoft:device-container-throttled"}}, probe.EndComplete, "the peer speaks https, after 2 attempts"},
		"unauthorized access": {times(1, condition("amqp:unauthorized-access")), nil, nil, probe.EndRefused, "amqp:unauthorized-access"},
		"two attempts":        {times(9, sasl(4)), func(c *probe.Config) { c.MaxAttempts = 2 }, []probe.Wait{{Attempt: 2, Reason: "SASL"}}, probe.EndExhausted, "SASL, after 2 attempts"},
		"no retry":            {times(1, sasl(4)), func(c *probe.Config) { c.MaxAttempts = 1 }, nil, probe.EndExhausted, "SASL"},
		"no time":             {times(1, handshake(503, inAnHour)), func(c *probe.Config) { c.RetryMaxWait = time.Hour }, nil, probe.EndRefused, "handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := start(t, service{})
			cfg.Mode = probe.ModePreflight
			cfg.Transports = []probe.Transport{&reluctant{probe.NewHTTPS(), test.refusals}}
			if test.change != nil {
				test.change(&cfg)
			}
			var told []probe.StageID
			cfg.OnEvent = func(e probe.Event) {
				if e.Wait != nil {
					told = append(told, e.Stage)
				}
			}
			run := do(t, cfg)
			if diff := cmp.Diff(test.waits, run.Waits, cmpopts.IgnoreFields(probe.Wait{}, "Before", "For")); diff != "" {
				t.Errorf("waits (-want +got):\n%s", diff)
			}
			if got := run.Find(probe.StageOpen).Detail; got != test.detail || run.End != test.end {
				t.Errorf("detail %q, end %q; want %q, %q", got, run.End, test.detail, test.end)
			}
			for i, stage := range told {
				if stage != probe.StageOpen || run.Waits[i].Before != probe.OpOpen {
					t.Errorf("wait %d is told as one of %s before %s", i, stage, run.Waits[i].Before)
				}
			}
			if len(told) != len(test.waits) {
				t.Errorf("%d waits told", len(told))
			}
		})
	}
}
