// Package plan simulates what many devices do to the limits of the service. The result says when
// the last one is assigned, how many calls are refused, and how long the queue is.
//
// [Simulate] answers a [Question], and [SmallestSpread] finds how far the devices must be
// spread so that no register call is refused.
package plan

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"dpsdiag/internal/duration"
)

// The documented limits of the service: registrations in a minute and service, and polls of
// each device in ten seconds (learn.microsoft.com: iot-dps limits).
const (
	DefaultPerMinute = 1000
	PollLimit        = 5
	PollWindow       = 10 * time.Second

	// window is the time to which the limit of the registrations applies.
	window = time.Minute
)

// Defaults of the devices.
const (
	DefaultPolls      = 3
	DefaultAssignTime = 2 * time.Second
)

// Retry is what a device does after a refused call.
type Retry string

// The ways to retry. None gives up. Fixed waits five seconds. Backoff waits one second, and
// twice as long after each refusal, up to a minute; with jitter it waits a random part of that.
const (
	RetryNone          Retry = "none"
	RetryFixed         Retry = "fixed"
	RetryBackoff       Retry = "backoff"
	RetryBackoffJitter Retry = "backoff-jitter"
)

// Retries lists the ways to retry.
func Retries() []Retry { return []Retry{RetryNone, RetryFixed, RetryBackoff, RetryBackoffJitter} }

// The pauses between retries.
const (
	fixedPause     = 5 * time.Second
	firstBackoff   = time.Second
	longestBackoff = time.Minute
)

// retryAfterJitter is the part of Retry-After that a device with jitter waits longer at most.
const retryAfterJitter = 4

// Question is what is to be simulated. Devices must be set; the zero value of every other
// field works.
type Question struct {
	Devices int
	// Over is the time in which the devices begin; 0 means all at once. They begin at random
	// times, or with Even at equal intervals.
	Over time.Duration
	Even bool
	// Instances are the services that the devices are divided among; 0 means one.
	Instances int
	// PerMinute is how many register calls a service takes in any minute; 0 means
	// DefaultPerMinute.
	PerMinute int
	// Polls is how often a device polls until it is assigned, at equal intervals within
	// AssignTime. 0 means the defaults.
	Polls      int
	AssignTime time.Duration
	Retry      Retry // "" means RetryBackoffJitter
	// IgnoreRetryAfter says that the devices do not wait as long as the service asks.
	IgnoreRetryAfter bool
	Seed             uint64
}

func (q Question) withDefaults() Question {
	q.Instances = cmp.Or(q.Instances, 1)
	q.PerMinute = cmp.Or(q.PerMinute, DefaultPerMinute)
	q.Polls = cmp.Or(q.Polls, DefaultPolls)
	q.AssignTime = cmp.Or(q.AssignTime, DefaultAssignTime)
	q.Retry = cmp.Or(q.Retry, RetryBackoffJitter)
	return q
}

// Answer is what happens. Times are since the first device could begin.
type Answer struct {
	Assigned int
	GivenUp  int // devices that did not retry
	// HalfAssigned and LastAssigned are when half of the assigned devices and the last of them
	// are; half to the nearest point of the timeline.
	HalfAssigned, LastAssigned time.Duration
	RegisterCalls, Refused     int64 // refused ones included
	PollCalls, PollsRefused    int64
	Busiest                    Minute // the minute with the most register calls
	Queue                      Point  // when most devices wait
	Timeline                   []Point
}

// Minute is a minute of the timeline.
type Minute struct {
	At             time.Duration
	Calls, Refused int64
}

// Point is a moment of the timeline, the end of a period.
type Point struct {
	At      time.Duration
	Waiting int   // devices that have begun and whose register call was not taken yet
	Taken   int   // devices whose register call was taken
	Refused int64 // register calls that were refused in the period
}

// Limits of a simulation: how fine its steps are, how many a window has at least, how many there may be,
// and how many those of all instances may be together unless a window has the fewest.
const (
	finestStep  = 100 * time.Millisecond
	fewestSteps = 10
	mostSteps   = 2_000_000
	mostOfAll   = 10 * mostSteps
)

// MaxDevices is the largest number of devices: that of the registrations of ten services.
const MaxDevices = 10_000_000

// Check returns an error if the question cannot be simulated.
func (q Question) Check() error {
	_, err := q.withDefaults().step()
	return err
}

// step is how long a step of the simulation is. It divides the window.
func (q Question) step() (time.Duration, error) {
	perInstance := (q.Devices + q.Instances - 1) / q.Instances
	expected := max(q.Over, time.Duration(perInstance/q.PerMinute+1)*window) + longestBackoff
	for _, parts := range []int{600, 200, 100, 50, 20, fewestSteps} {
		step := max(window/time.Duration(parts), finestStep)
		if steps := int(expected / step); steps <= mostSteps && (steps*q.Instances <= mostOfAll || parts == fewestSteps) {
			return step, nil
		}
	}
	return 0, fmt.Errorf("%s would take %s, too long to simulate", count(q.Devices), duration.Notation(expected.Round(time.Hour)))
}

func count(devices int) string { return fmt.Sprintf("%d devices", devices) }

// starts returns when the devices of each instance begin, in order, as parts of the time in which all do.
func (q Question) starts() [][]float64 {
	begin := make([][]float64, q.Instances)
	for i := range begin {
		begin[i] = make([]float64, 0, q.Devices/q.Instances+1)
	}
	random := rand.New(rand.NewPCG(q.Seed, 0)) //nolint:gosec // a simulation is to be repeatable
	for device := range q.Devices {
		part := float64(device) / float64(q.Devices)
		if !q.Even {
			part = random.Float64()
		}
		begin[device%q.Instances] = append(begin[device%q.Instances], part)
	}
	for _, parts := range begin {
		slices.Sort(parts)
	}
	return begin
}

// Simulate answers a question for which Check has no error. The same question has the same answer.
func Simulate(q Question) Answer {
	q = q.withDefaults()
	step, err := q.step()
	if err != nil {
		return Answer{}
	}
	s := newSimulation(q, step)
	begins := int(q.Over/step) + 1
	for i, parts := range q.starts() {
		s.instances[i].starts = parts
	}
	for now := 0; !s.done(now, begins); now++ {
		for _, i := range s.instances {
			if now >= i.next {
				s.begin(i, now)
			}
			if i.pending > 0 {
				s.advance(i, now)
			}
		}
		s.record(now)
	}
	return s.answer()
}

// SmallestSpread returns the shortest time in which the devices of a question can begin
// without a refused register call. It is not ok if the time is too long to simulate: at random times it
// grows with the square of the devices.
func SmallestSpread(q Question) (spread time.Duration, ok bool) {
	q = q.withDefaults()
	// If the devices begin within a longer time, all distances grow alike. So the smallest one of a device and
	// the one that is PerMinute later has to become a window.
	smallest := math.Inf(1)
	for _, begin := range q.starts() {
		for i, part := range begin[min(q.PerMinute, len(begin)):] {
			smallest = min(smallest, part-begin[i])
		}
	}
	const longest = mostSteps*(window/fewestSteps) - longestBackoff
	switch over := float64(window) / smallest; {
	case over == 0:
		return 0, true
	case over >= float64(longest):
		return 0, false
	default:
		return time.Duration(over).Truncate(time.Second) + time.Second, true
	}
}

// half returns the moment at which half of a total was reached.
func half(timeline []Point, total int) time.Duration {
	at, _ := slices.BinarySearchFunc(timeline, (total+1)/2, func(p Point, want int) int { return cmp.Compare(p.Taken, want) })
	return timeline[min(at, len(timeline)-1)].At
}
