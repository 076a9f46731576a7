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
	defaultPoll  = 2 * time.Second        // between polls when the service names no pause, as most SDKs
	leastPoll    = time.Second            // between polls after freePolls, even if the service asks for none
)

// freePolls is how many polls may follow each other as fast as the service allows.
const freePolls = 5

// ParseRetryAfter reads a Retry-After of whole seconds or an HTTP date (RFC 9110 10.2.3),
// relative to now. It returns nil for an absent one; what cannot be read is not Valid.
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

// metBy reports whether a pause is at least what was asked for. Nothing asked is not met.
func (ra *RetryAfter) metBy(pause time.Duration) bool {
	return ra != nil && ra.Valid && pause >= ra.Wait
}

// pacer decides how long to wait before the next call: what the service asks for and a
// little more at random, or else exponential backoff with full jitter, so that a fleet
// that failed together does not come back together.
type pacer struct {
	longest  time.Duration
	schedule *backoff.ExponentialBackOff
}

func newPacer(longest time.Duration) *pacer {
	// A randomisation factor of 1 draws from 0 to twice the interval: full jitter.
	return &pacer{longest: longest, schedule: &backoff.ExponentialBackOff{
		InitialInterval:     firstBackoff,
		RandomizationFactor: 1,
		Multiplier:          2,
		MaxInterval:         max(longest/2, firstBackoff),
	}}
}

// afterRefusal is the pause after a 429 or 5xx.
func (p *pacer) afterRefusal(asked *RetryAfter) time.Duration {
	next := p.schedule.NextBackOff()
	if asked.usable() {
		next = asked.Wait + jitter(asked.Wait/4)
	}
	return min(next, p.longest)
}

// beforePoll is the pause before a status poll, counted from 1. A service that always asks
// for no pause would otherwise be asked thousands of times.
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

// pause waits, and reports false when the context ended first.
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
