package duration_test

import (
	"math"
	"testing"
	"time"

	"dpsdiag/internal/duration"
)

const day = 24 * time.Hour

func TestText(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                         "0 ms",
		100 * time.Microsecond:    "0.1 ms",
		9900 * time.Microsecond:   "9.9 ms",
		3 * time.Millisecond:      "3.0 ms",
		10 * time.Millisecond:     "10 ms",
		812400 * time.Microsecond: "812 ms",
		time.Second:               "1 s",
		1500 * time.Millisecond:   "1.5 s",
		59940 * time.Millisecond:  "59.9 s",
		time.Minute:               "1m",
		61200 * time.Millisecond:  "1m1s",
		time.Hour:                 "1h",
		30 * day:                  "30d",
		-1500 * time.Millisecond:  "-1.5 s",
	} {
		if got := duration.Text(d); got != want {
			t.Errorf("Text(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestRough(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                         "0 s",
		900 * time.Millisecond:    "1 s",
		99 * time.Second:          "99 s",
		100 * time.Second:         "2 minutes",
		99 * time.Minute:          "99 minutes",
		-100 * time.Minute:        "2 hours",
		47 * time.Hour:            "47 hours",
		9*day + 23*time.Hour:      "10 days",
		9*day + 11*time.Hour:      "9 days",
		math.MaxInt64:             "106751 days",
		2*day - time.Millisecond:  "48 hours",
		-400*day + 20*time.Minute: "400 days",
	} {
		if got := duration.Rough(d); got != want {
			t.Errorf("Rough(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestNotationIsWhatParseReads(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0s": 0, "10ms": 10 * time.Millisecond, "30s": 30 * time.Second, "1m": time.Minute, "1m30s": 90 * time.Second,
		"10m": 10 * time.Minute, "1h": time.Hour, "10h": 10 * time.Hour, "1h0m5s": time.Hour + 5*time.Second,
		"1d": day, "30d": 30 * day, "-30d": -30 * day, "36h": 36 * time.Hour, "-5s": -5 * time.Second, "106751d": 106751 * day,
	} {
		if got := duration.Notation(d); got != want {
			t.Errorf("Notation(%v) = %q, want %q", d, got, want)
		}
		if got, err := duration.Parse(want); got != d || err != nil {
			t.Errorf("Parse(%q) = %v, %v, want %v", want, got, err, d)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "d", "5", "1.5d", "1h5d", "5d1h", "106752d", "-106752d", "99999999999999999999d", "five", "infd"} {
		if got, err := duration.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v", text, got)
		}
	}
}
