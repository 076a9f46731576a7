package main

import (
	"encoding/json"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
)

// hubExpectation is what a probe with --check-hub must end in.
type hubExpectation struct {
	exit    int
	outcome probe.Outcome
	causes  []string // "strength id", all of them, in order
	warning string   // id of the one that must be there, "" for none
	did     []string // how the steps begin, in order
}

func hubExpectations(mqtt bool) map[string]hubExpectation {
	const ask, register, lookup, wait = "asked ", "registered again: assigned", "looked the registration up: assigned", "waited "
	busy := func(causes ...string) hubExpectation {
		return hubExpectation{report.ExitRetryLater, probe.Failed, causes, "", []string{ask, lookup, wait, wait}}
	}
	throttled := busy("proves throttled")
	away := busy("suggests service-transient")
	if mqtt { // which has one return code for both
		away = busy("suggests service-transient", "allows throttled")
		throttled = away
	}
	passing := hubExpectation{report.ExitOK, probe.Passed, nil, "", []string{ask, lookup, wait}}
	return map[string]hubExpectation{
		"healthy": {report.ExitOK, probe.Passed, nil, "", []string{ask}},
		"hub-identity-unusable": {
			report.ExitFault, probe.Failed, []string{"suggests hub-identity-unusable", "allows stale-assignment"}, "", []string{ask, register, ask},
		},
		"issued-certificate-unusable": {
			report.ExitFault, probe.Failed,
			[]string{"suggests issued-certificate-unusable", "allows hub-identity-unusable", "allows stale-assignment"},
			"",
			[]string{ask, register, ask},
		},
		"hub-protocol-unsupported": {
			report.ExitFault, probe.Failed, []string{"proves hub-protocol-unsupported"}, "", []string{ask, "tried MQTT 5, as another client: CONNACK 0x87"},
		},
		"stale-assignment":        {report.ExitOK, probe.Warned, nil, "stale-assignment", []string{ask, register, ask}},
		"hub-unavailable":         passing,
		"hub-throttled":           passing,
		"hub-unavailable-forever": away,
		"hub-throttled-forever":   throttled,
	}
}

// checkHub probes a scenario and returns the hub's stage of the only run.
func checkHub(t *testing.T, w *world, args ...string) (int, *report.Probe, report.Stage) {
	t.Helper()
	args = append([]string{"probe", "--check-hub", "-o", "json", "--max-attempts", "3", "--retry-max-wait", "20ms"}, args...)
	status := w.run(t, args...)
	var doc report.Probe
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
		t.Fatalf("%v in %q; standard error: %s", err, w.out.String(), w.err.String())
	}
	stages := doc.Runs[0].Stages
	return status, &doc, stages[len(stages)-1]
}

// steps are the steps that the facts of a stage tell.
func steps(s report.Stage) []string {
	var names, list []string
	for name := range s.Facts {
		if strings.HasPrefix(name, "step-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		list = append(list, s.Facts[name])
	}
	return list
}

func TestCheckHubInEveryScenario(t *testing.T) {
	t.Parallel()
	for _, transport := range transportNames() {
		for scenario, want := range hubExpectations(strings.HasPrefix(transport, "mqtt")) {
			t.Run(scenario+"/"+transport, func(t *testing.T) {
				t.Parallel()
				w := newWorld()
				status, doc, hub := checkHub(t, w, "--sandbox", scenario, "--transport", transport, "-q")
				want.check(t, status, doc, hub)
				if w.err.Len() > 0 {
					t.Errorf("standard error: %s", w.err.String())
				}
			})
		}
	}
}

func (want hubExpectation) check(t *testing.T, status int, doc *report.Probe, hub report.Stage) {
	t.Helper()
	var causes []string
	for _, c := range doc.Causes {
		causes = append(causes, c.Strength+" "+c.ID)
	}
	if status != want.exit || hub.Outcome != string(want.outcome) || !slices.Equal(causes, want.causes) {
		t.Errorf("exit status %d, %s, %s; want %d, %s, %s (%s)", status, hub.Outcome, causes, want.exit, want.outcome, want.causes, hub.Detail)
	}
	warned := slices.ContainsFunc(doc.Warnings, func(w report.Warning) bool { return w.ID == want.warning })
	if warned != (want.warning != "") || len(doc.Warnings) > 1 {
		t.Errorf("warnings %+v, want %q", doc.Warnings, want.warning)
	}
	did := steps(hub)
	if !slices.EqualFunc(did, want.did, strings.HasPrefix) {
		t.Errorf("steps %q, want %q", did, want.did)
	}
}

// TestCheckHubOverEveryTransport: side by side, no run cuts another one off.
func TestCheckHubOverEveryTransport(t *testing.T) {
	t.Parallel()
	status, doc, _ := checkHub(t, newWorld(), "--sandbox", "healthy", "--transport", "all")
	for _, run := range doc.Runs {
		if hub := run.Stages[len(run.Stages)-1]; hub.Outcome != string(probe.Passed) {
			t.Errorf("%s: %s: %s", run.Transport, hub.Outcome, hub.Detail)
		}
	}
	if status != report.ExitOK {
		t.Errorf("exit status %d", status)
	}
}

// running starts an emulator that plays a scenario until the test ends.
func running(t *testing.T, scenario string) emulator.Ready {
	t.Helper()
	return runningWith(t, emulator.Config{Scenario: scenario})
}

// runningWith starts an emulator that asks for no waits until the test ends.
func runningWith(t *testing.T, config emulator.Config) emulator.Ready {
	t.Helper()
	var none time.Duration
	config.Files = true
	if config.RetryAfter == nil {
		config.RetryAfter = &none
	}
	e, err := emulator.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e.Ready()
}

// flagsOf are the flags of a probe of an emulator with one of its identities.
func flagsOf(t *testing.T, ready emulator.Ready, id emulator.Identity) []string {
	t.Helper()
	_, port, err := net.SplitHostPort(ready.Endpoints.MQTT)
	if err != nil {
		t.Fatal(err)
	}
	_, amqp, err := net.SplitHostPort(ready.Endpoints.AMQP)
	if err != nil {
		t.Fatal(err)
	}
	flags := []string{
		"--endpoint", ready.Endpoints.HTTPS, "--port-mqtt", port, "--port-amqp", amqp, "--ca-file", ready.CAFile, "--id-scope", ready.IDScope,
		"--registration-id", id.RegistrationID,
	}
	switch id.Attestation {
	case emulator.X509:
		return append(flags, "--cert", id.CertFile, "--cert-key", id.KeyFile)
	case emulator.GroupKey:
		return append(flags, "--group-key-file", id.GroupKeyFile)
	}
	return append(flags, "--key-file", id.KeyFile)
}

// TestCheckHubByLookup: a lookup changes nothing, so the device is not registered again.
func TestCheckHubByLookup(t *testing.T) {
	t.Parallel()
	ready := running(t, "hub-identity-unusable")
	flags := flagsOf(t, ready, ready.Identities[0])
	w := newWorld()
	if status := w.run(t, append([]string{"probe"}, flags...)...); status != report.ExitOK {
		t.Fatalf("exit status %d: %s", status, w.err.String())
	}
	w.out.Reset()
	status, _, hub := checkHub(t, w, append(flags, "--lookup")...)
	if did := steps(hub); status != report.ExitFault || len(did) != 1 || !strings.Contains(hub.Detail, "which --lookup does not") {
		t.Errorf("exit status %d, steps %q, %s", status, did, hub.Detail)
	}
}

// TestCheckHubOfEveryCredential: each attestation is shown to the hub in its own way.
func TestCheckHubOfEveryCredential(t *testing.T) {
	t.Parallel()
	ready := running(t, "healthy")
	for _, id := range ready.Identities {
		for _, transport := range []string{"https", "mqtt", "mqtt-ws", "amqp-ws"} {
			_, _, hub := checkHub(t, newWorld(), append(flagsOf(t, ready, id), "--transport", transport)...)
			if hub.Outcome != string(probe.Passed) {
				t.Errorf("%s over %s: %s: %s", id.Attestation, transport, hub.Outcome, hub.Detail)
			}
		}
	}
}

// TestCheckHubAsksFirst: on a terminal a person may say no.
func TestCheckHubAsksFirst(t *testing.T) {
	t.Parallel()
	const question = "Go on with the hub check? [y/N] "
	for name, test := range map[string]struct {
		terminal bool
		answer   string
		flags    []string
		asked    bool
		outcome  probe.Outcome
	}{
		"yes":              {true, "y\n", []string{"--transport", "mqtt"}, true, probe.Passed},
		"no":               {true, "n\n", []string{"--transport", "mqtt"}, true, probe.NotApplicable},
		"only return":      {true, "\n", []string{"--transport", "mqtt"}, true, probe.NotApplicable},
		"end of input":     {true, "", []string{"--transport", "mqtt"}, true, probe.NotApplicable},
		"--yes":            {true, "", []string{"--transport", "mqtt", "--yes"}, false, probe.Passed},
		"no terminal":      {false, "", []string{"--transport", "mqtt"}, false, probe.Passed},
		"https harms none": {true, "", nil, false, probe.Passed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			ready := running(t, "healthy")
			flags := flagsOf(t, ready, ready.Identities[0])
			w.stdin = strings.NewReader(test.answer)
			w.terminal = func(stream any) (int, bool) { return 80, test.terminal && (stream == w.stdin || stream == w.stderr) }
			status, doc, hub := checkHub(t, w, append(flags, test.flags...)...)
			if status != report.ExitOK || hub.Outcome != string(test.outcome) {
				t.Errorf("exit status %d, %s: %s", status, hub.Outcome, hub.Detail)
			}
			told := w.err.String()
			if got := strings.Contains(told, question); got != test.asked {
				t.Errorf("asked: %t, want %t; standard error: %s", got, test.asked, told)
			}
			warned := strings.Contains(told, "disconnects a live device "+doc.Target.RegistrationID)
			if warned != (len(test.flags) > 0) {
				t.Errorf("warned: %t; standard error: %s", warned, told)
			}
		})
	}
}

// TestCheckHubInEveryFormat: no format tells a secret, and all tell what the hub did.
func TestCheckHubInEveryFormat(t *testing.T) {
	t.Parallel()
	for _, format := range shownFormats() {
		for _, transport := range []string{"https", "mqtt"} {
			t.Run(format+"/"+transport, func(t *testing.T) {
				t.Parallel()
				w := newWorld()
				device := w.keepDevice()
				w.run(t, "probe", "--sandbox", "hub-identity-unusable", "--check-hub", "--transport", transport, "--verbose", "-o", format)
				if !strings.Contains(strings.Join(strings.Fields(w.out.String()), " "), "refuses the device") {
					t.Errorf("the refusal is not told: %s", w.out.String())
				}
				for _, secret := range secretsOf(*device) {
					for form := range leaks(secret, w.out.String()+w.err.String()) {
						t.Errorf("a secret is told: %s", form)
					}
				}
			})
		}
	}
}

// TestCheckHubHasTime: the budget ends a check of a hub that asks to come back for ever.
func TestCheckHubHasTime(t *testing.T) {
	t.Parallel()
	start := time.Now()
	status, _, hub := checkHub(t, newWorld(), "--sandbox", "hub-throttled-forever", "--max-attempts", "1000", "--retry-max-wait", "1m", "--timeout", "3s")
	if status != report.ExitRetryLater || hub.Outcome != string(probe.Failed) {
		t.Errorf("exit status %d after %s, %s: %s", status, time.Since(start), hub.Outcome, hub.Detail)
	}
}

// TestCheckHubOfMQTT5: such a hub is asked in its own protocol, with a certificate, over every
// transport, if the answer of the service names it.
func TestCheckHubOfMQTT5(t *testing.T) {
	t.Parallel()
	ready := runningWith(t, emulator.Config{HubProfile: dps.ProfileMQTT5})
	for _, transport := range transportNames() {
		protocol := "mqtt5"
		if strings.HasSuffix(transport, "-ws") {
			protocol = "mqtt5-ws"
		}
		for name, flags := range map[string][]string{
			"issued":     append(flagsOf(t, ready, ready.Identities[0]), "--csr-key", filepath.Join(t.TempDir(), "key.pem")),
			"registered": append(flagsOf(t, ready, ready.Identities[2]), "--api-version", dps.IssuingAPIVersion),
		} {
			t.Run(transport+"/"+name, func(t *testing.T) {
				t.Parallel()
				status, doc, hub := checkHub(t, newWorld(), append(flags, "--transport", transport)...)
				if status != report.ExitOK || hub.Outcome != string(probe.Passed) || hub.Facts["protocol"] != protocol {
					t.Errorf("exit status %d, hub %s: %s, %v", status, hub.Outcome, hub.Detail, hub.Facts)
				}
				if profile := doc.Runs[0].Stages[6].Facts["connection-profile"]; profile != "mqttV5" {
					t.Errorf("profile %q", profile)
				}
			})
		}
	}
	// A key is no credential for it, and is not blamed.
	status, doc, hub := checkHub(t, newWorld(), append(flagsOf(t, ready, ready.Identities[0]), "--api-version", dps.IssuingAPIVersion)...)
	if status != report.ExitOK || hub.Outcome != string(probe.NotApplicable) || !strings.Contains(hub.Detail, "--csr-key FILE requests one") || len(doc.Causes) > 0 {
		t.Errorf("exit status %d, hub %s: %s", status, hub.Outcome, hub.Detail)
	}
}

// TestCheckHubOfMQTT5DropsNobodyUnasked: over HTTPS nobody was asked whether a live device may be
// disconnected.
func TestCheckHubOfMQTT5DropsNobodyUnasked(t *testing.T) {
	t.Parallel()
	ready := runningWith(t, emulator.Config{HubProfile: dps.ProfileMQTT5})
	for yes, want := range map[string]probe.Outcome{"--yes=false": probe.NotApplicable, "--yes": probe.Passed} {
		w := newWorld()
		w.stdin = strings.NewReader("")
		w.terminal = func(stream any) (int, bool) { return 80, stream == w.stdin || stream == w.stderr }
		_, _, hub := checkHub(t, w, append(flagsOf(t, ready, ready.Identities[2]), "--api-version", dps.IssuingAPIVersion, yes)...)
		if hub.Outcome != string(want) {
			t.Errorf("%s: %s: %s", yes, hub.Outcome, hub.Detail)
		}
	}
}
