package report

import (
	"bytes"
	"testing"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/fleet"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/schematest"
)

// fleetSamples are the reports of fleets.
func fleetSamples() []sample {
	begun := time.Date(2026, 11, 29, 10, 15, 0, 0, time.UTC)
	at := func(minutes float64) time.Time { return begun.Add(time.Duration(minutes * float64(time.Minute))) }
	options := FleetOptions{
		Tool: Tool{"1.2.3"}, Endpoint: "global.azure-devices-provisioning.net", IDScope: "0ne0045B3C6",
		Transport: probe.HTTPS, Mode: string(probe.ModeRegister), Rate: "600/m",
	}
	healthy := &fleet.Outcome{Started: begun, Took: 1000200 * time.Millisecond, Devices: 10000, Totals: map[advice.Verdict]int{advice.Registered: 10000}, Retries: 12, Throttled: 12}
	faults := &fleet.Outcome{
		Started: begun, Took: 17*time.Minute + 3*time.Second, Devices: 10000, Resumed: 1200,
		Totals: map[advice.Verdict]int{advice.Registered: 9910, advice.Fault: 80, advice.RetryLater: 3, advice.NoVerdict: 7}, Warned: 4,
		Retries: 31, Throttled: 22,
		Clusters: []fleet.Cluster{
			{
				Verdict: advice.Fault, Cause: "cert-not-trusted-by-enrollment", ErrorCode: 401002, Transport: probe.HTTPS, Stage: probe.StageRegister, Detail: "401: 401002 CA certificate not found.",
				Devices: 71, Examples: []string{"sensor-0018", "sensor-0033", "sensor-0107", "sensor-0214", "sensor-0215"}, First: at(1), Last: at(16.2),
			},
			{
				Verdict: advice.Fault, Cause: "enrollment-not-found", ErrorCode: 404201, Transport: probe.HTTPS, Stage: probe.StageRegister, Detail: "404: 404201 Not found",
				Devices: 8, Examples: []string{"press-07", "press-08", "press-09", "press-10", "press-11"}, First: at(4), Last: at(4.5),
			},
			{Verdict: advice.NoVerdict, Transport: probe.HTTPS, Stage: probe.StageAssign, Detail: "still assigning after 20 polls", Devices: 7, Examples: []string{"a", "b", "c", "d", "e"}, First: at(9), Last: at(9)},
			{Verdict: advice.RetryLater, Cause: "throttled", ErrorCode: 429001, Transport: probe.HTTPS, Stage: probe.StageRegister, Detail: "429: 429001 Operations are being throttled for this tenant., after 4 attempts", Devices: 3, Examples: []string{"x", "y", "z"}, First: at(12), Last: at(13)},
			{Verdict: advice.Fault, Cause: "server-root-ca-missing", Transport: probe.HTTPS, Stage: probe.StageTLS, Detail: "the server's certificate is not signed by a trusted authority", Devices: 1, Examples: []string{"edge-gw-02"}, First: at(2), Last: at(2)},
		},
	}
	interrupted := &fleet.Outcome{
		Started: begun, Took: 90 * time.Second, Devices: 3000, Interrupted: true, NotStarted: 2100,
		Totals: map[advice.Verdict]int{advice.Registered: 899, advice.Interrupted: 1},
		Clusters: []fleet.Cluster{{
			Verdict: advice.Interrupted, Transport: probe.MQTT, Stage: probe.StageRegister, Detail: "interrupted", Devices: 1, Examples: []string{"dev-900"}, First: at(1.5), Last: at(1.5),
		}},
	}
	hostile := &fleet.Outcome{
		Started: begun, Took: time.Second, Devices: 1, Totals: map[advice.Verdict]int{advice.Fault: 1},
		Clusters: []fleet.Cluster{{
			Verdict: advice.Fault, Cause: hostileText, ErrorCode: -1, Transport: hostileText, Stage: hostileText, Detail: hostileText, Devices: 1, Examples: []string{hostileText}, First: begun, Last: begun,
		}},
	}
	with := func(alter func(*FleetOptions)) FleetOptions {
		changed := options
		alter(&changed)
		return changed
	}
	return []sample{
		{"fleet-healthy", NewFleet(healthy, options)},
		{"fleet-faults", NewFleet(faults, options)},
		{"fleet-interrupted", NewFleet(interrupted, with(func(o *FleetOptions) { o.Transport, o.Journal, o.Rate = probe.MQTT, "run.jsonl", "none" }))},
		{"fleet-dry-run", NewFleet(&fleet.Outcome{Started: begun, Devices: 42}, with(func(o *FleetOptions) { o.Mode = DryRun }))},
		{"fleet-hostile", NewFleet(hostile, with(func(o *FleetOptions) { o.Endpoint, o.IDScope, o.Journal = hostileText, hostileText, hostileText }))},
	}
}

func TestFleetFollowsItsSchema(t *testing.T) {
	t.Parallel()
	schema := schematest.Load(t, "fleet-1")
	for _, s := range fleetSamples() {
		schema.Check(t, s.name, render(t, s.doc, "json", Options{}))
	}
}

func TestFleetExitStatus(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		out  fleet.Outcome
		want int
	}{
		"all registered":     {fleet.Outcome{Devices: 2, Totals: map[advice.Verdict]int{advice.Registered: 2}}, ExitOK},
		"warnings":           {fleet.Outcome{Devices: 2, Totals: map[advice.Verdict]int{advice.Registered: 2}, Warned: 1}, ExitWarned},
		"a fault is worst":   {fleet.Outcome{Totals: map[advice.Verdict]int{advice.Registered: 2, advice.RetryLater: 1, advice.Fault: 1, advice.NoVerdict: 4}, Warned: 1}, ExitFault},
		"to come back later": {fleet.Outcome{Totals: map[advice.Verdict]int{advice.RetryLater: 1, advice.NoVerdict: 1}}, ExitRetryLater},
		"no verdict":         {fleet.Outcome{Totals: map[advice.Verdict]int{advice.Registered: 1, advice.NoVerdict: 1}}, ExitNoVerdict},
		"not all were begun": {fleet.Outcome{Totals: map[advice.Verdict]int{advice.Registered: 1}, NotStarted: 1}, ExitNoVerdict},
		"interrupted":        {fleet.Outcome{Totals: map[advice.Verdict]int{advice.Fault: 1}, NotStarted: 1, Interrupted: true}, ExitInterrupted},
	} {
		if got := NewFleet(&test.out, FleetOptions{FailOnWarning: true}).ExitStatus(); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	if got := NewFleet(&fleet.Outcome{Devices: 2}, FleetOptions{Mode: DryRun}).ExitStatus(); got != ExitOK {
		t.Errorf("dry run: %d", got)
	}
}

func TestOneIsNotMany(t *testing.T) {
	t.Parallel()
	d := Fleet{Totals: FleetTotals{Resumed: 1, Warned: 1}, Retries: 1, Throttled: 1}
	if want := "0 ms, 1 device was finished before, 1 with warnings, 1 call made again, 1 answer of 429"; d.pace() != want {
		t.Errorf("%q, want %q", d.pace(), want)
	}
}

func TestADamagedFleetIsRefused(t *testing.T) {
	t.Parallel()
	doc := render(t, fleetSamples()[1].doc, "json", Options{})
	for from, to := range map[string]string{`"verdict": "fault",
  "exit_code"`: `"verdict": "fine", "exit_code"`, `"devices": 71`: `"devices": 2`} {
		changed := bytes.Replace(doc, []byte(from), []byte(to), 1)
		if bytes.Equal(changed, doc) {
			t.Fatalf("%q is not in it", from)
		}
		if _, err := Read(bytes.NewReader(changed)); err == nil {
			t.Errorf("%q is read", to)
		}
	}
}
