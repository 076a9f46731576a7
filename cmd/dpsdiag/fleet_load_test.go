//go:build load && linux

package main

import (
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/plan"
	"dpsdiag/internal/probe"
)

// The tests of this file take minutes and want the machine for themselves: make load.

// TestLoadOfTenThousand: killed twice, 10,000 devices are registered once each, in less than
// 200 MB.
func TestLoadOfTenThousand(t *testing.T) {
	const devices, mostKB = 10_000, 200_000
	counted, args := startFleetService(t, "retry_after = 0\n", devices)
	start := time.Now()
	p, doc := killAndResume(t, counted, append(args, "--rate", "none"), 2500, 6000)
	if doc.Totals.Registered != devices || doc.Totals.Resumed == 0 {
		t.Errorf("%+v", doc.Totals)
	}
	counted.wantOnce(t, devices)
	used := p.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	t.Logf("%v in all, %d KB at most, %+v", time.Since(start), used, doc.Totals)
	if used > mostKB {
		t.Errorf("%d KB of memory", used)
	}
}

// wantNear compares a time with that of a plan.
func wantNear(t *testing.T, what string, got, planned time.Duration, most float64) {
	t.Helper()
	off := got.Seconds()/planned.Seconds() - 1
	t.Logf("%s: %v, planned %v (%+.1f %%)", what, got, planned, 100*off)
	if off > most || off < -most {
		t.Errorf("%s took %v, the plan says %v", what, got, planned)
	}
}

// limited is the configuration of an emulator that enforces the documented limits. A device
// polls three times, a second apart.
const limited = "retry_after = 1\npolls = 2\n[limits]\n"

// TestLoadWithLimits: a fleet above the limits of the service loses no device, and takes as
// long as planned.
func TestLoadWithLimits(t *testing.T) {
	const devices = 2000
	counted, args := startFleetService(t, limited, devices)
	start := time.Now()
	doc := startProcess(t, append(args, "--rate", "1500/m", "--concurrency", "128", "-o", "json")...).readFleet(t)
	took := time.Since(start)
	if doc.Totals.Registered != devices || doc.Throttled == 0 || doc.Throttled != counted.refused {
		t.Errorf("%+v, throttled %d, the emulator refused %d", doc.Totals, doc.Throttled, counted.refused)
	}
	counted.wantOnce(t, devices)
	planned := plan.Simulate(plan.Question{Devices: devices, Over: devices * time.Minute / 1500, Even: true, AssignTime: 3 * time.Second})
	t.Logf("throttled %d", doc.Throttled)
	wantNear(t, "the fleet", took, planned.LastAssigned, 0.15)
}

// TestLoadOfThePlan: devices that know nothing of each other take as long as planned. How often
// they are refused depends on how busy this machine is too: a device that waits for a second
// and whose call takes half of one calls less often. TestPlanAgreesWithTheService compares that
// in virtual time.
func TestLoadOfThePlan(t *testing.T) {
	const devices = 2000
	question := plan.Question{Devices: devices, Over: time.Minute, Even: true, AssignTime: 3 * time.Second}
	file, err := emulator.ParseFile("f.toml", []byte(limited), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := emulator.Start(t.Context(), emulator.Config{File: file, Files: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	text, err := os.ReadFile(groupKeyFile(e))
	if err != nil {
		t.Fatal(err)
	}
	key, err := dps.ParseKey(dps.NewSecret(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	device := e.Device()
	cfg := probe.Config{
		Endpoint: device.Endpoint, Scope: device.Scope, Roots: device.Roots, Attestation: probe.NewGroupKey(key),
		Transports: []probe.Transport{probe.NewHTTPS()}, Budget: time.Hour, MaxAttempts: 1000, RetryMaxWait: time.Hour,
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	refused, last := 0, time.Duration(0)
	start := time.Now()
	for i := range devices {
		all.Go(func() {
			timer := time.NewTimer(question.Over * time.Duration(i) / devices)
			defer timer.Stop()
			<-timer.C
			cfg := cfg
			cfg.RegistrationID = deviceName(i)
			ev := probe.Do(t.Context(), cfg)
			mu.Lock()
			defer mu.Unlock()
			last = max(last, time.Since(start))
			refused += len(ev.Runs[0].Answers) - 4 // one to register, three polls
			if state := ev.Runs[0].Registration(); state == nil || state.Status != dps.StatusAssigned {
				t.Errorf("%s: %+v", cfg.RegistrationID, ev.Runs[0].FailedStage())
			}
		})
	}
	all.Wait()
	planned := plan.Simulate(question)
	wantNear(t, "the last device", last, planned.LastAssigned, 0.10)
	t.Logf("refused %d, planned %d", refused, planned.Refused)
}
