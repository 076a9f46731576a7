package plan

import (
	"math"
	"math/rand/v2"
	"time"
)

// levels is the number of backoff levels. A device goes up one level with each refusal, until the
// backoff has its longest value.
const levels = 8

// simulation advances time in steps. Devices that do the same in one step are only counted, so that
// the running time depends on the steps and not on the calls: a million devices that begin at once
// make half a billion calls.
type simulation struct {
	Question

	step      time.Duration
	random    *rand.Rand
	instances []*instance
	waiting   int // devices that have begun and not been taken
	taken     int
	assigning float64 // seconds from the register calls to the assignments, of all devices together
	polled    []polling
	out       Answer
	minutes   []Minute
	series    series
}

// instance is one service with its devices.
type instance struct {
	// starts are the devices that have not begun yet: when they do, in order, as parts of the time in which
	// all do. Before the step next none does.
	starts []float64
	next   int
	// calls are the coming register calls: a ring of the steps, each with the devices by the
	// number of their refusals.
	calls   [][levels]int32
	pending int // all of them
	// taken are the register calls taken in each step of the last window, a ring; sum is their
	// sum. No step before oldest is in it, and none from left on was looked at.
	taken             []int32
	sum, oldest, left int
}

func newSimulation(q Question, step time.Duration) *simulation {
	s := &simulation{Question: q, step: step, random: rand.New(rand.NewPCG(q.Seed, 1)), series: series{every: 1}} //nolint:gosec // a simulation is to be repeatable
	asked := window + time.Second
	longest := max(asked+asked/retryAfterJitter, longestBackoff)
	for range q.Instances {
		s.instances = append(s.instances, &instance{
			calls: make([][levels]int32, s.steps(longest)+2),
			taken: make([]int32, s.steps(window)),
		})
	}
	return s
}

// steps is a duration in whole steps, rounded up.
func (s *simulation) steps(d time.Duration) int { return int((d + s.step - 1) / s.step) }

// at is the time of a step.
func (s *simulation) at(step int) time.Duration { return time.Duration(step) * s.step }

// done reports whether nothing happens from a step on.
func (s *simulation) done(now, begins int) bool { return now >= begins && s.waiting == 0 }

// begin lets devices make their first call.
func (s *simulation) begin(i *instance, now int) {
	devices := 0
	for i.next = math.MaxInt; devices < len(i.starts); devices++ {
		if step := int(i.starts[devices] * float64(s.Over) / float64(s.step)); step > now {
			i.next = step
			break
		}
	}
	i.starts = i.starts[devices:]
	s.waiting += devices
	i.pending += devices
	i.calls[now%len(i.calls)][0] += int32(devices)
}

// leave forgets what was taken a window ago or earlier.
func (i *instance) leave(now int) {
	for i.left = max(i.left, now-len(i.taken)+1); i.left <= now; i.left++ {
		leaving := &i.taken[i.left%len(i.taken)]
		i.sum -= int(*leaving)
		*leaving = 0
	}
}

// advance takes and refuses the calls of a step.
func (s *simulation) advance(i *instance, now int) {
	i.leave(now)
	calls := &i.calls[now%len(i.calls)]
	total := 0
	for _, n := range calls {
		total += int(n)
	}
	if total == 0 {
		return
	}
	room := min(total, s.PerMinute-i.sum)
	refused := s.choose(*calls, total, total-room)
	clear(calls[:])
	i.pending -= total
	i.sum += room
	i.taken[now%len(i.taken)] = int32(room)
	s.count(now, total, total-room)
	s.take(now, room)
	if total > room {
		s.refuse(i, now, refused)
	}
}

// choose chooses wanted of the total calls of a step, by level, as if they came in random order.
func (s *simulation) choose(calls [levels]int32, total, wanted int) (chosen [levels]int32) {
	left := wanted
	for level, n := range calls {
		chosen[level] = int32(int64(n) * int64(wanted) / int64(total))
		left -= int(chosen[level])
	}
	for level := s.random.IntN(levels); left > 0; level = (level + 1) % levels {
		if chosen[level] < calls[level] {
			chosen[level]++
			left--
		}
	}
	return chosen
}

// count counts the calls of a step.
func (s *simulation) count(now, calls, refused int) {
	s.out.RegisterCalls += int64(calls)
	s.out.Refused += int64(refused)
	s.series.refused += int64(refused)
	minute := int(s.at(now) / time.Minute)
	for len(s.minutes) <= minute {
		s.minutes = append(s.minutes, Minute{At: time.Duration(len(s.minutes)) * time.Minute})
	}
	s.minutes[minute].Calls += int64(calls)
	s.minutes[minute].Refused += int64(refused)
}

// refuse makes refused devices wait, each level for its pause.
func (s *simulation) refuse(i *instance, now int, refused [levels]int32) {
	asked := s.room(i, now)
	for level, n := range refused {
		if n == 0 {
			continue
		}
		if s.Retry == RetryNone {
			s.out.GivenUp += int(n)
			s.waiting -= int(n)
			continue
		}
		least, most := s.pause(level, asked)
		s.spread(i, min(level+1, levels-1), now+max(int(least/s.step), 1), now+max(s.steps(most), 1), int(n))
	}
}

// room is the Retry-After of a service: how long until it accepts another call, in whole seconds.
func (s *simulation) room(i *instance, now int) time.Duration {
	i.oldest = max(i.oldest, now-len(i.taken)+1)
	for i.oldest < now && i.taken[i.oldest%len(i.taken)] == 0 {
		i.oldest++
	}
	wait := s.at(i.oldest + len(i.taken) - now)
	return (wait + time.Second - 1).Truncate(time.Second)
}

// pause returns the shortest and the longest time that a device waits at a level, which is its
// number of refusals.
func (q *Question) pause(level int, asked time.Duration) (least, most time.Duration) {
	backoff := min(firstBackoff<<level, longestBackoff)
	switch {
	case !q.IgnoreRetryAfter && q.Retry == RetryBackoffJitter:
		return asked, asked + asked/retryAfterJitter
	case !q.IgnoreRetryAfter:
		return asked, asked
	case q.Retry == RetryFixed:
		return fixedPause, fixedPause
	case q.Retry == RetryBackoff:
		return backoff, backoff
	}
	return 0, backoff
}

// spread lets devices call again at random steps of a period.
func (s *simulation) spread(i *instance, level, from, to, devices int) {
	i.pending += devices
	width := to - from + 1
	if each := devices / width; each > 0 {
		for step := from; step <= to; step++ {
			i.calls[step%len(i.calls)][level] += int32(each)
		}
		devices %= width
	}
	for range devices {
		i.calls[(from+s.random.IntN(width))%len(i.calls)][level]++
	}
}

// take takes devices, which then poll until they are assigned.
func (s *simulation) take(now, devices int) {
	s.waiting -= devices
	s.taken += devices
	if devices == 0 {
		return
	}
	if !s.pollsThrottled() {
		s.out.PollCalls += int64(devices) * int64(s.Polls)
		s.assigned(s.at(now), s.at(now)+s.AssignTime, devices)
		return
	}
	for i := range devices {
		s.polls(now, s.taken-devices+i)
	}
}

// mostPolled is how many devices are simulated poll by poll. The others poll like them.
const mostPolled = 2000

// polls counts the polls of a device, which is the nth that was taken.
func (s *simulation) polls(now, nth int) {
	different := mostPolled
	if s.Retry != RetryBackoffJitter {
		different = 1
	}
	if len(s.polled) < different {
		s.polled = append(s.polled, s.poll())
	}
	p := s.polled[nth%len(s.polled)]
	s.out.PollCalls += p.calls
	s.out.PollsRefused += p.refused
	if p.gaveUp {
		s.out.GivenUp++
		return
	}
	s.assigned(s.at(now), s.at(now)+p.took, 1)
}

// assigned counts devices whose register call is taken now and that are assigned at a time.
func (s *simulation) assigned(now, at time.Duration, devices int) {
	s.out.Assigned += devices
	s.assigning += float64(devices) * (at - now).Seconds()
	s.out.LastAssigned = max(s.out.LastAssigned, at)
}

// pollsThrottled reports whether a device polls faster than the service takes.
func (q *Question) pollsThrottled() bool {
	spacing := q.AssignTime / time.Duration(q.Polls)
	return q.Polls > PollLimit && spacing*time.Duration(PollLimit) < PollWindow
}

// polling is how one device polled until it was assigned or gave up.
type polling struct {
	took           time.Duration
	calls, refused int64
	gaveUp         bool
}

// poll polls as one device.
func (s *simulation) poll() (p polling) {
	recent := make([]time.Duration, 0, s.Polls) // of the polls that were taken
	for range s.Polls {
		p.took += s.AssignTime / time.Duration(s.Polls)
		for level := 0; ; level++ {
			p.calls++
			wait := time.Duration(0)
			if n := len(recent); n >= PollLimit {
				wait = recent[n-PollLimit] + PollWindow - p.took
			}
			if wait <= 0 {
				break
			}
			p.refused++
			if s.Retry == RetryNone {
				p.gaveUp = true
				return p
			}
			least, most := s.pause(min(level, levels-1), (wait + time.Second - 1).Truncate(time.Second))
			p.took += least + time.Duration(s.random.Int64N(int64(most-least)+1))
		}
		recent = append(recent, p.took)
	}
	return p
}

// record adds a step to the timeline.
func (s *simulation) record(now int) {
	p := Point{At: s.at(now + 1), Waiting: s.waiting, Taken: s.taken}
	if p.Waiting > s.out.Queue.Waiting {
		s.out.Queue = p
	}
	s.series.add(now, p)
}

func (s *simulation) answer() Answer {
	for _, m := range s.minutes {
		if m.Calls > s.out.Busiest.Calls {
			s.out.Busiest = m
		}
	}
	s.out.Timeline = s.series.end()
	if s.out.Assigned > 0 {
		mean := time.Duration(s.assigning / float64(s.out.Assigned) * float64(time.Second))
		s.out.HalfAssigned = min(half(s.out.Timeline, s.taken)+mean, s.out.LastAssigned)
	}
	return s.out
}

// mostPoints is the largest number of points of a timeline.
const mostPoints = 120

// series is a timeline of any length with at most mostPoints points at equal intervals.
type series struct {
	points  []Point
	every   int // steps between points
	refused int64
	last    Point
}

func (s *series) add(now int, p Point) {
	s.last = p
	if (now+1)%s.every != 0 {
		return
	}
	p.Refused, s.refused = s.refused, 0
	s.points = append(s.points, p)
	if len(s.points) < mostPoints {
		return
	}
	for i := range mostPoints / 2 {
		p := s.points[2*i+1]
		p.Refused += s.points[2*i].Refused
		s.points[i] = p
	}
	s.points = s.points[:mostPoints/2]
	s.every *= 2
}

// end returns the points, with one for what came after the last.
func (s *series) end() []Point {
	if n := len(s.points); n == 0 || s.points[n-1].At < s.last.At {
		s.last.Refused = s.refused
		s.points = append(s.points, s.last)
	}
	return s.points
}
