package emulator

import (
	"net/http"
	"time"
)

// The documented limits, which are the defaults of the table [limits] in a configuration:
// 1,000 registrations per minute for each service, 5 polls in 10 seconds for each device
// (learn.microsoft.com: iot-dps limits).
const (
	defaultRegistrations        = 1000
	defaultRegistrationsSeconds = 60
	defaultPollsPerDevice       = 5
	defaultPollsSeconds         = 10
)

// limits are how many calls the emulator accepts in a period. Only accepted calls count;
// whether the real service counts refused ones too is not documented.
type limits struct {
	registrations, polls rate
	// retryAfter is the Retry-After of a refused call; nil means the time until another call
	// would be accepted.
	retryAfter *time.Duration
}

// rate is the number of calls that are accepted in any period of a given length.
type rate struct {
	calls  int
	period time.Duration
}

// window holds the times of the last accepted calls. Its zero value is empty.
type window struct {
	taken []time.Time // a ring buffer once it has as many as the rate allows
	next  int         // the index of the oldest time in a full ring
}

// take accepts a call, or returns how long it will be until one is accepted.
func (w *window) take(r rate, now time.Time) (wait time.Duration, ok bool) {
	if len(w.taken) < r.calls {
		w.taken = append(w.taken, now)
		return 0, true
	}
	if wait := w.taken[w.next].Add(r.period).Sub(now); wait > 0 {
		return wait, false
	}
	w.taken[w.next] = now
	w.next = (w.next + 1) % len(w.taken)
	return 0, true
}

// throttle returns the refusal of a call that is above the limits, or nil.
func (s *service) throttle(rec *record, op operation) *refusal {
	if s.limits == nil {
		return nil
	}
	var wait time.Duration
	ok := true
	why := ""
	switch op {
	case opRegister:
		wait, ok = s.registrations.take(s.limits.registrations, s.now())
		why = "the limit of registrations in this period is reached"
	case opStatus:
		wait, ok = rec.polls.take(s.limits.polls, s.now())
		why = "the limit of polls of this device in this period is reached"
	}
	if ok {
		return nil
	}
	if s.limits.retryAfter != nil {
		wait = *s.limits.retryAfter
	}
	return &refusal{
		reason: reasonLimit, status: http.StatusTooManyRequests, code: 429001, message: messageThrottled, why: why,
		wait: &wait,
	}
}

// limits reads the table [limits]; nil if there is none.
func (c *checker) limits(doc *documentLimits) *limits {
	if doc == nil {
		return nil
	}
	read := func(key string, value *int, least, most, otherwise int) int {
		if value == nil {
			return otherwise
		}
		c.within("limits."+key, *value, least, most)
		return *value
	}
	seconds := func(key string, value *int, otherwise int) time.Duration {
		return time.Duration(read(key, value, 1, maxRetryAfter, otherwise)) * time.Second
	}
	return &limits{
		registrations: rate{
			read("registrations", doc.Registrations, 1, maxLimit, defaultRegistrations),
			seconds("registrations_seconds", doc.RegistrationsSeconds, defaultRegistrationsSeconds),
		},
		polls: rate{
			read("polls_per_device", doc.PollsPerDevice, 1, maxLimit, defaultPollsPerDevice),
			seconds("polls_seconds", doc.PollsSeconds, defaultPollsSeconds),
		},
		retryAfter: c.wait("limits.retry_after", doc.RetryAfter),
	}
}

// printLimits is the opposite of checker.limits.
func printLimits(l *limits) *documentLimits {
	if l == nil {
		return nil
	}
	return &documentLimits{
		Registrations: &l.registrations.calls, RegistrationsSeconds: wholeSeconds(&l.registrations.period),
		PollsPerDevice: &l.polls.calls, PollsSeconds: wholeSeconds(&l.polls.period), RetryAfter: wholeSeconds(l.retryAfter),
	}
}
