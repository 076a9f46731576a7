package fleet

import (
	"fmt"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// A local clock that was set during a run decides nothing: otherwise a device would be registered a second time,
// or an old registration be taken for its own.
func TestALookupIsReadByTheClockOfTheService(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, jump := range []time.Duration{0, time.Hour, -time.Hour} {
		for age, want := range map[time.Duration]lookupSays{time.Second: conclusive, 10 * time.Second: conclusive, 30 * time.Second: notRegistered} {
			body := fmt.Sprintf(`{"registrationId":"d","status":"assigned","assignedHub":"h","deviceId":"d","lastUpdatedDateTimeUtc":%q}`, date.Add(-age).Format(time.RFC3339))
			ev := &probe.Evidence{Runs: []probe.Run{{Answers: []probe.Answer{{Op: probe.OpLookup, Status: 200, Date: date, Body: dps.ParseBody([]byte(body))}}}}}
			if got := readLookup(ev, 10*time.Second, date.Add(jump)); got != want {
				t.Errorf("a state of %s, the local clock off by %s: %v, want %v", age, jump, got, want)
			}
		}
	}
}
