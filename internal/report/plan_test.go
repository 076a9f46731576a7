package report

import (
	"bytes"
	"testing"
	"time"

	"dpsdiag/internal/plan"
	"dpsdiag/internal/schematest"
)

// planSamples are reports of simulations.
func planSamples() []sample {
	tool := Tool{"1.2.3"}
	at := func(minutes int) time.Duration { return time.Duration(minutes) * time.Minute }
	question := plan.Question{
		Devices: 10000, Instances: 1, PerMinute: 1000, Polls: 3, AssignTime: 2 * time.Second, Retry: plan.RetryBackoffJitter, Seed: 1,
	}
	var timeline []plan.Point
	for i := range 20 {
		timeline = append(timeline, plan.Point{At: at(i + 1), Waiting: max(9000-470*i, 0), Taken: min(1000+470*i, 10000), Refused: int64(max(9000-470*i, 0))})
	}
	timeline[19].Waiting, timeline[19].Taken = 0, 10000
	crowded := &plan.Answer{
		Assigned: 10000, HalfAssigned: at(9) + 2*time.Second, LastAssigned: at(20) + 2*time.Second, RegisterCalls: 99400, Refused: 89400, PollCalls: 30000,
		Busiest: plan.Minute{Calls: 10000, Refused: 9000}, Queue: plan.Point{At: 100 * time.Millisecond, Waiting: 9000}, Timeline: timeline,
	}
	calm := &plan.Answer{
		Assigned: 10000, HalfAssigned: at(7), LastAssigned: at(15), RegisterCalls: 10000, PollCalls: 30000,
		Busiest: plan.Minute{At: at(3), Calls: 700}, Timeline: []plan.Point{{At: at(8), Taken: 5000}, {At: at(15), Taken: 10000}},
	}
	lost := &plan.Answer{
		Assigned: 1, GivenUp: 1, HalfAssigned: time.Second, LastAssigned: time.Second, RegisterCalls: 2, Refused: 1, PollCalls: 8, PollsRefused: 2,
		Busiest: plan.Minute{Calls: 2, Refused: 1}, Queue: plan.Point{At: time.Second, Waiting: 1}, Timeline: []plan.Point{{At: 100 * time.Millisecond, Waiting: 1, Taken: 1, Refused: 1}, {At: time.Second, Taken: 1}},
	}
	with := func(alter func(*plan.Question)) plan.Question {
		changed := question
		alter(&changed)
		return changed
	}
	return []sample{
		{"plan-at-once", NewPlan(question, crowded, new(at(11)), tool)},
		{"plan-spread", NewPlan(with(func(q *plan.Question) { q.Over, q.Even, q.Instances, q.IgnoreRetryAfter = at(15), true, 2, true }), calm, new(at(5)), tool)},
		{"plan-lost", NewPlan(with(func(q *plan.Question) {
			q.Devices, q.PerMinute, q.Polls, q.Retry, q.Over = 2, 1, 8, plan.RetryNone, time.Second
		}), lost, new(at(1)), tool)},
		{"plan-no-spread", NewPlan(with(func(q *plan.Question) { q.PerMinute = 1 }), crowded, nil, tool)},
		{"plan-none-assigned", NewPlan(with(func(q *plan.Question) { q.Retry = plan.RetryFixed }), &plan.Answer{Timeline: []plan.Point{{At: time.Second}}}, new(time.Duration(0)), tool)},
	}
}

func TestPlanFollowsItsSchema(t *testing.T) {
	t.Parallel()
	schema := schematest.Load(t, "plan-1")
	for _, s := range planSamples() {
		schema.Check(t, s.name, render(t, s.doc, "json", Options{}))
	}
}

func TestADamagedPlanIsRefused(t *testing.T) {
	t.Parallel()
	doc := render(t, planSamples()[0].doc, "json", Options{})
	for from, to := range map[string]string{
		`"retry": "backoff-jitter"`: `"retry": "hope"`, `"timeline": [`: `"timeline": [], "more": [`,
		`"waiting": 8530`: `"waiting": -1`, `"waiting": 8060`: `"waiting": 9001`, `"at_ms": 1200000`: `"at_ms": 0`,
	} {
		changed := bytes.Replace(doc, []byte(from), []byte(to), 1)
		if bytes.Equal(changed, doc) {
			t.Fatalf("%q is not in it", from)
		}
		if _, err := Read(bytes.NewReader(changed)); err == nil {
			t.Errorf("%q is read", to)
		}
	}
}
