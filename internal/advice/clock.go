package advice

import (
	"time"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
)

// clockTolerance is how far two clocks may differ and still both be called right: more than the
// uncertainty of a Date header, less than the margin of any token or certificate.
const clockTolerance = 2 * time.Minute

// clock compares the clocks by the Date of an answer, in this run or in another one: MQTT and AMQP
// have no date. It is nil if no answer had one; a bound taken from a certificate does not count.
func (c *Case) clock() *probe.Clock {
	if clock := c.Run.Clock; clock != nil && clock.Source == probe.ClockDateHeader {
		return clock
	}
	return c.across.clock()
}

// skew returns how far the local clock is ahead of the service's; negative when behind.
func (c *Case) skew() (ahead time.Duration, known bool) {
	if clock := c.clock(); clock != nil {
		return clock.Skew, true
	}
	return 0, false
}

// clockRight reports whether the local clock is known to agree with the service's.
func (c *Case) clockRight() bool {
	ahead, known := c.skew()
	return known && ahead.Abs() <= clockTolerance
}

// clockWrong reports whether the local clock is known to disagree with the service's.
func (c *Case) clockWrong() bool {
	ahead, known := c.skew()
	return known && ahead.Abs()-c.clock().Uncertainty > clockTolerance
}

// serviceTime is the time of the probe by the service's clock, or by the local clock if the service's
// is not known.
func (c *Case) serviceTime() time.Time {
	ahead, _ := c.skew()
	return c.Evidence.Started.Add(-ahead)
}

// skewText says how the clocks compare.
func (c *Case) skewText() string {
	ahead, known := c.skew()
	switch {
	case !known:
		return "the service's clock is not known"
	case c.clockRight():
		return "the clock is within " + duration.Rough(max(ahead.Abs()+c.clock().Uncertainty, time.Second)) + " of the service's"
	case ahead < 0:
		return "the clock is " + duration.Rough(ahead) + " behind the service's"
	}
	return "the clock is " + duration.Rough(ahead) + " ahead of the service's"
}
