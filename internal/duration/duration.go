// Package duration handles durations as text. It formats those that people read, and parses
// those that they type.
package duration

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	day     = 24 * time.Hour
	longest = math.MaxInt64 / int64(day) // in days
)

// Text formats a duration with its significant digits: "3.1 ms", "812 ms", "1.5 s",
// "1m30s", "30d".
func Text(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch size := d.Abs(); {
	case d == 0:
		return "0 ms"
	case size < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", ms)
	case size < time.Second:
		return fmt.Sprintf("%.0f ms", ms)
	case size < time.Minute && d%time.Second != 0:
		return fmt.Sprintf("%.1f s", ms/1000)
	case size < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return Notation(d.Round(time.Second))
}

// Rough formats the distance between two moments in whole units with about two digits: "9
// days", "23 hours", "12 s".
func Rough(d time.Duration) string {
	d = d.Abs()
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d.Round(day)/day)
	case d >= 100*time.Minute:
		return fmt.Sprintf("%d hours", d.Round(time.Hour)/time.Hour)
	case d >= 100*time.Second:
		return fmt.Sprintf("%d minutes", d.Round(time.Minute)/time.Minute)
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// Notation formats a duration as Parse reads it, without the trailing zeros of
// [time.Duration.String]: "30d", "1h30m", "60ms".
func Notation(d time.Duration) string {
	if d != 0 && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Parse accepts everything that [time.ParseDuration] accepts, and whole days such as "60d".
func Parse(text string) (time.Duration, error) {
	number, found := strings.CutSuffix(text, "d")
	if !found {
		return time.ParseDuration(text)
	}
	days, err := strconv.ParseInt(number, 10, 64)
	if err != nil || days > longest || days < -longest {
		return 0, fmt.Errorf("%q is not a whole number of days up to %d", number, longest)
	}
	return time.Duration(days) * day, nil
}
