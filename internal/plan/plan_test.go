package plan

import (
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSimulate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		q    Question
		want Answer
	}{
		"below the limit": {
			Question{Devices: 1000},
			Answer{Assigned: 1000, LastAssigned: 2 * time.Second, RegisterCalls: 1000, PollCalls: 3000},
		},
		"twice the limit, no retries": {
			Question{Devices: 2000, Retry: RetryNone},
			Answer{Assigned: 1000, GivenUp: 1000, LastAssigned: 2 * time.Second, RegisterCalls: 2000, Refused: 1000, PollCalls: 3000},
		},
		"three times the limit, all come back at once": {
			Question{Devices: 3000, Retry: RetryFixed},
			Answer{Assigned: 3000, LastAssigned: 122 * time.Second, RegisterCalls: 6000, Refused: 3000, PollCalls: 9000},
		},
		"three instances": {
			Question{Devices: 3000, Instances: 3},
			Answer{Assigned: 3000, LastAssigned: 2 * time.Second, RegisterCalls: 3000, PollCalls: 9000},
		},
		"no Retry-After, every 5 seconds": {
			Question{Devices: 1001, Retry: RetryFixed, IgnoreRetryAfter: true},
			Answer{Assigned: 1001, LastAssigned: 62 * time.Second, RegisterCalls: 1001 + 12, Refused: 12, PollCalls: 3003},
		},
		"no Retry-After, 1, 2, 4, 8, 16, 32 seconds": {
			Question{Devices: 1001, Retry: RetryBackoff, IgnoreRetryAfter: true},
			Answer{Assigned: 1001, LastAssigned: 65 * time.Second, RegisterCalls: 1001 + 6, Refused: 6, PollCalls: 3003},
		},
		"evenly, below the limit": {
			Question{Devices: 10000, Over: 11 * time.Minute, Even: true},
			Answer{Assigned: 10000, LastAssigned: 662 * time.Second, RegisterCalls: 10000, PollCalls: 30000},
		},
		"too many polls": {
			Question{Devices: 2, Polls: 7, AssignTime: 7 * time.Second, Retry: RetryFixed},
			Answer{Assigned: 2, LastAssigned: 12 * time.Second, RegisterCalls: 2, PollCalls: 16, PollsRefused: 2},
		},
		"too many polls, no retries": {
			Question{Devices: 2, Polls: 7, AssignTime: 7 * time.Second, Retry: RetryNone},
			Answer{GivenUp: 2, RegisterCalls: 2, PollCalls: 12, PollsRefused: 2},
		},
	} {
		if err := test.q.Check(); err != nil {
			t.Fatal(err)
		}
		got := Simulate(test.q)
		last := got.Timeline[len(got.Timeline)-1]
		if last.Waiting != 0 || last.Taken+got.GivenUp < test.q.Devices {
			t.Errorf("%s: ends with %+v", name, last)
		}
		refused := int64(0)
		for i, p := range got.Timeline {
			refused += p.Refused
			if i > 0 && (p.At <= got.Timeline[i-1].At || p.Taken < got.Timeline[i-1].Taken) {
				t.Errorf("%s: %+v after %+v", name, p, got.Timeline[i-1])
			}
		}
		if refused != got.Refused || got.HalfAssigned > got.LastAssigned {
			t.Errorf("%s: %d of %d refused calls are in the timeline", name, refused, got.Refused)
		}
		if diff := test.want.LastAssigned - got.LastAssigned; diff.Abs() < time.Second {
			got.LastAssigned = test.want.LastAssigned // a step more or less
		}
		got.Timeline, got.Queue, got.Busiest, got.HalfAssigned = nil, Point{}, Minute{}, 0
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// No device is lost, whatever the devices do, and no service takes more than its limit allows.
func TestNobodyIsLost(t *testing.T) {
	t.Parallel()
	for _, retry := range Retries() {
		for _, ignore := range []bool{false, true} {
			for _, over := range []time.Duration{0, 90 * time.Second} {
				q := Question{Devices: 4321, Over: over, Retry: retry, IgnoreRetryAfter: ignore, Instances: 2, PerMinute: 300, Polls: 8}
				a := Simulate(q)
				if a.Assigned+a.GivenUp != q.Devices || retry != RetryNone && a.GivenUp != 0 {
					t.Errorf("%+v: %d assigned, %d given up", q, a.Assigned, a.GivenUp)
				}
				windows := a.LastAssigned/time.Minute + 1
				if most := int(windows) * q.Instances * q.PerMinute; a.Assigned > most {
					t.Errorf("%+v: %d assigned in %d windows", q, a.Assigned, windows)
				}
				if retry != RetryNone && int64(q.Devices)+a.Refused != a.RegisterCalls {
					t.Errorf("%+v: %d calls, %d refused", q, a.RegisterCalls, a.Refused)
				}
			}
		}
	}
}

func TestTheSameSeedGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	q := Question{Devices: 5000, Over: time.Minute, Seed: 7}
	first := Simulate(q)
	if diff := cmp.Diff(first, Simulate(q)); diff != "" {
		t.Errorf("the same question (-first +second):\n%s", diff)
	}
	q.Seed = 8
	if cmp.Equal(first, Simulate(q)) {
		t.Error("another seed has the same answer")
	}
}

func TestSmallestSpread(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		q           Question
		least, most time.Duration
	}{
		"none needed":   {Question{Devices: 1000}, 0, 0},
		"two instances": {Question{Devices: 2000, Instances: 2}, 0, 0},
		"evenly":        {Question{Devices: 10000, Even: true}, 9*time.Minute + 50*time.Second, 10*time.Minute + 10*time.Second},
		"at random":     {Question{Devices: 10000}, 10*time.Minute + 10*time.Second, 13 * time.Minute},
	} {
		got, ok := SmallestSpread(test.q)
		if !ok || got < test.least || got > test.most {
			t.Errorf("%s: %v, want %v to %v", name, got, test.least, test.most)
		}
		if got == 0 {
			continue
		}
		test.q.Over = got
		if a := Simulate(test.q); a.Refused != 0 {
			t.Errorf("%s: %d calls refused over %v", name, a.Refused, got)
		}
		test.q.Over = got * 98 / 100
		if a := Simulate(test.q); a.Refused == 0 {
			t.Errorf("%s: no call refused over %v either", name, test.q.Over)
		}
	}
}

// At random times, a minute in which two devices begin is avoided only within years.
func TestNoSpreadIsPractical(t *testing.T) {
	t.Parallel()
	for _, q := range []Question{
		{Devices: 2000, PerMinute: 1, Over: time.Hour},
		{Devices: 10_000, PerMinute: 2},
		{Devices: 100_000, PerMinute: 3, Instances: 2},
	} {
		if err := q.Check(); err != nil {
			t.Fatal(err)
		}
		if got, ok := SmallestSpread(q); ok {
			t.Errorf("%+v: %v", q, got)
		}
		q.Even = true
		if got, ok := SmallestSpread(q); !ok {
			t.Errorf("%+v: none", q)
		} else if q.Over = got; Simulate(q).Refused != 0 {
			t.Errorf("%+v: calls are refused", q)
		}
	}
}

func TestTooLongToSimulate(t *testing.T) {
	t.Parallel()
	if err := (Question{Devices: MaxDevices, PerMinute: 1}).Check(); err == nil {
		t.Error("ten million minutes are simulated")
	}
	if err := (Question{Devices: 1_000_000, PerMinute: 10}).Check(); err != nil {
		t.Error(err)
	}
}

// A million devices whose polls are refused take no longer than the polls of a part of them.
func TestManyRefusedPolls(t *testing.T) {
	t.Parallel()
	q := Question{Devices: 1_000_000, PerMinute: 1_000_000, Over: time.Hour, Polls: 1000, AssignTime: time.Second}
	start := time.Now()
	a := Simulate(q)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if a.Assigned != q.Devices || a.PollCalls-a.PollsRefused != int64(q.Devices)*int64(q.Polls) {
		t.Errorf("%d assigned, %d polls, %d of them refused", a.Assigned, a.PollCalls, a.PollsRefused)
	}
	// The mean of many devices is that of few.
	few := q
	few.Devices = mostPolled
	want := Simulate(few)
	got, wanted := float64(a.PollsRefused)/float64(q.Devices), float64(want.PollsRefused)/float64(few.Devices)
	if got < wanted*0.99 || got > wanted*1.01 {
		t.Errorf("%.1f refused polls of each device, want %.1f", got, wanted)
	}
}

// Many instances with a low limit take no more memory than the devices need. It is not parallel: it
// measures what all of the program allocates.
func TestManyInstances(t *testing.T) {
	for _, q := range []Question{
		{Devices: 100_000, Instances: 100, PerMinute: 1, Over: 24 * time.Hour},
		{Devices: 100_000, Instances: 100, PerMinute: 10},
		{Devices: 1000, Instances: 30, Over: 3000 * time.Hour},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if a := Simulate(q); a.Assigned != q.Devices {
			t.Errorf("%+v: %+v", q, a)
		}
		SmallestSpread(q)
		runtime.ReadMemStats(&after)
		if megabytes := (after.TotalAlloc - before.TotalAlloc) >> 20; megabytes > 50 {
			t.Errorf("%+v: %d MB", q, megabytes)
		}
	}
}

func BenchmarkMillion(b *testing.B) {
	for name, q := range map[string]Question{
		"AtOnce":             {Devices: 1_000_000},
		"AtOnceNoRetryAfter": {Devices: 1_000_000, IgnoreRetryAfter: true},
		"OverADay":           {Devices: 1_000_000, Over: 24 * time.Hour},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if a := Simulate(q); a.Assigned != q.Devices {
					b.Fatalf("%+v", a)
				}
				SmallestSpread(q)
			}
		})
	}
}
