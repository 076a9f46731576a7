package emulator

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"dpsdiag/internal/plan"
)

// The plan's simulation is compared with the service of the emulator, which enforces the same
// limits, in virtual time: every call of every device is made one by one.

// plannedDevice is a device that registers and polls at this service.
type plannedDevice struct {
	at        time.Duration // of the next call
	caller    *caller
	operation string // once the register call was taken
	refusals  int    // one after the other
}

type deviceHeap []*plannedDevice

func (h deviceHeap) Len() int           { return len(h) }
func (h deviceHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h deviceHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *deviceHeap) Push(d any)        { *h = append(*h, d.(*plannedDevice)) }
func (h *deviceHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// live lets the devices of a question call the service of an emulator.
func live(t *testing.T, q plan.Question) plan.Answer {
	t.Helper()
	s, now := withLimits(t, fmt.Sprintf("polls = %d\n[limits]\nregistrations = %d\n", q.Polls-1, q.PerMinute))
	random := rand.New(rand.NewPCG(q.Seed, 99))
	var devices deviceHeap
	for i := range q.Devices {
		d := &plannedDevice{caller: &caller{registrationID: fmt.Sprint("dev-", i), enrollment: s.enrolled.individual(keyDevice)}}
		d.at = time.Duration(random.Float64() * float64(q.Over))
		if q.Even {
			d.at = q.Over * time.Duration(i) / time.Duration(q.Devices)
		}
		heap.Push(&devices, d)
	}
	var a plan.Answer
	for len(devices) > 0 {
		d := devices[0]
		*now = noon.Add(d.at)
		call := request{operation: opRegister}
		if d.operation != "" {
			call = request{operation: opStatus, operationID: d.operation}
			a.PollCalls++
		} else {
			a.RegisterCalls++
		}
		answer := s.call(d.caller, call)
		switch answer.status {
		case http.StatusTooManyRequests:
			if d.operation == "" {
				a.Refused++
			} else {
				a.PollsRefused++
			}
			if q.Retry == plan.RetryNone {
				a.GivenUp++
				heap.Pop(&devices)
				continue
			}
			d.at += pauseOf(q, d.refusals, time.Duration(seconds(*answer.retryAfter))*time.Second, random)
			d.refusals++
		case http.StatusAccepted:
			d.refusals, d.operation = 0, answer.operationID
			d.at += q.AssignTime / time.Duration(q.Polls)
		default:
			a.Assigned++
			a.LastAssigned = d.at
			heap.Pop(&devices)
			continue
		}
		heap.Fix(&devices, 0)
	}
	return a
}

// pauseOf is how long a device waits, as the documentation of plan says it.
func pauseOf(q plan.Question, refusals int, asked time.Duration, random *rand.Rand) time.Duration {
	if !q.IgnoreRetryAfter {
		if q.Retry == plan.RetryBackoffJitter {
			asked += time.Duration(random.Int64N(int64(asked / 4)))
		}
		return asked
	}
	switch backoff := min(time.Second<<min(refusals, 10), time.Minute); q.Retry {
	case plan.RetryFixed:
		return 5 * time.Second
	case plan.RetryBackoff:
		return backoff
	default:
		return time.Duration(random.Int64N(int64(backoff)))
	}
}

func TestPlanAgreesWithTheService(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]plan.Question{
		"at once":                           {Devices: 2000},
		"at once, far above":                {Devices: 7300},
		"at once, evenly":                   {Devices: 2500, Retry: plan.RetryFixed},
		"at once, without retries":          {Devices: 2000, Retry: plan.RetryNone},
		"at once, no Retry-After, fixed":    {Devices: 2000, Retry: plan.RetryFixed, IgnoreRetryAfter: true},
		"at once, no Retry-After, backoff":  {Devices: 3000, Retry: plan.RetryBackoff, IgnoreRetryAfter: true},
		"at once, no Retry-After, jitter":   {Devices: 3000, IgnoreRetryAfter: true},
		"over two minutes, a little above":  {Devices: 2200, Over: 2 * time.Minute},
		"over a minute, evenly, above":      {Devices: 2000, Over: time.Minute, Even: true},
		"over three minutes, below":         {Devices: 2000, Over: 3 * time.Minute},
		"many polls":                        {Devices: 2000, Over: 3 * time.Minute, Polls: 12, AssignTime: 6 * time.Second},
		"many polls, no Retry-After, fixed": {Devices: 1000, Polls: 8, Retry: plan.RetryFixed, IgnoreRetryAfter: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q.PerMinute, q.Polls = plan.DefaultPerMinute, max(q.Polls, plan.DefaultPolls)
			q.AssignTime = max(q.AssignTime, plan.DefaultAssignTime)
			if q.Retry == "" {
				q.Retry = plan.RetryBackoffJitter
			}
			want, got := live(t, q), plan.Simulate(q)
			if got.Assigned != want.Assigned || got.GivenUp != want.GivenUp {
				t.Errorf("%d assigned, %d given up; the service assigned %d, %d gave up", got.Assigned, got.GivenUp, want.Assigned, want.GivenUp)
			}
			for _, figure := range []struct {
				what      string
				got, want float64
			}{
				{"last assigned after seconds", got.LastAssigned.Seconds(), want.LastAssigned.Seconds()},
				{"register calls", float64(got.RegisterCalls), float64(want.RegisterCalls)},
				{"polls", float64(got.PollCalls), float64(want.PollCalls)},
			} {
				if off := (figure.got - figure.want) / figure.want; off < -0.05 || off > 0.05 {
					t.Errorf("%s: %.1f, the service has %.1f", figure.what, figure.got, figure.want)
				}
			}
			t.Logf("last after %v, service %v; refused %d, service %d; polls refused %d, service %d", got.LastAssigned, want.LastAssigned, got.Refused, want.Refused, got.PollsRefused, want.PollsRefused)
		})
	}
}
