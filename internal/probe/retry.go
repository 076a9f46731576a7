package probe

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Pauses between calls.
const (
	firstBackoff = 250 * time.Millisecond // mean of the first pause after 429 or 5xx
	defaultPoll  = 2 * time.Second        // between polls if the service names no pause, as in most SDKs
	leastPoll    = time.Second            // between polls after freePolls, even if the service names no pause
)

// freePolls is the number of polls that may follow each other as fast as the service
// allows.
const freePolls = 5

// ParseRetryAfter parses a Retry-After with whole seconds or an HTTP date (RFC 9110
// 10.2.3), relative to now. It returns nil if there is none; a value that cannot be parsed
// is not Valid.
func ParseRetryAfter(text string, now time.Time) *RetryAfter {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	ra := &RetryAfter{Text: text}
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		ra.Valid, ra.Wait = true, time.Duration(seconds)*time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		ra.Valid, ra.Wait = true, max(date.Sub(now), 0)
	}
	return ra
}

// metBy reports whether a pause is at least as long as requested. It is false if nothing
// was requested.
func (ra *RetryAfter) metBy(pause time.Duration) bool {
	return ra != nil && ra.Valid && pause >= ra.Wait
}

// pacer decides how long to wait before the next call: the pause that the service asked for
// plus a little jitter, or else exponential backoff with full jitter. So a fleet that
// failed together does not return together.
type pacer struct {
	longest  time.Duration
	schedule *backoff.ExponentialBackOff
}

func newPacer(longest time.Duration) *pacer {
	// A randomisation factor of 1 chooses from 0 to twice the interval: full jitter.
	return &pacer{longest: longest, schedule: &backoff.ExponentialBackOff{
		InitialInterval:     firstBackoff,
		RandomizationFactor: 1,
		Multiplier:          2,
		MaxInterval:         max(longest/2, firstBackoff),
	}}
}

// afterRefusal returns the pause after a 429 or 5xx.
func (p *pacer) afterRefusal(asked *RetryAfter) time.Duration {
	next := p.schedule.NextBackOff()
	if asked.usable() {
		next = asked.Wait + jitter(asked.Wait/4)
	}
	return min(next, p.longest)
}

// beforePoll returns the pause before a status poll, counted from 1. Without it, a service
// that always asks for no pause would be polled thousands of times.
func (p *pacer) beforePoll(asked *RetryAfter, number int) time.Duration {
	wait := defaultPoll
	if asked.usable() {
		wait = asked.Wait
	}
	if number > freePolls {
		wait = max(wait, leastPoll)
	}
	return min(wait, p.longest)
}

func jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return rand.N(most) //nolint:gosec // a pause need not be secret
}

// pause waits, and reports false if the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
