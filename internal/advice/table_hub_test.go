package advice

import (
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/tpm"
)

const hubHost = "plant-4.azure-devices.net"

// atHub assigns the device to a hub and lets the run end with the steps of its check.
func atHub(end probe.End, steps ...probe.HubStep) change {
	return func(ev *probe.Evidence) {
		state(dps.StatusAssigned, 0, "")(ev)
		path := reachedRun(run(ev).Transport)
		path.Resolution.Host, path.TLS.ServerName, path.Opening, path.End = hubHost, hubHost, nil, ""
		endpoint, _ := dps.ParseEndpoint(hubHost)
		run(ev).Hub = &probe.HubCheck{Hub: hubHost, DeviceID: "sensor-17", Endpoint: endpoint, Protocol: run(ev).Transport, Path: path, Steps: steps}
		run(ev).End = end
		finding := probe.Finding{Stage: probe.StageHub, Outcome: probe.Failed, Detail: "as it was"}
		if end == probe.EndComplete {
			finding.Outcome = probe.Warned
		}
		run(ev).Findings = append(run(ev).Findings, finding)
	}
}

// onTheWay lets the way to the hub end as changes would end that to the service.
func onTheWay(changes ...change) change {
	return func(ev *probe.Evidence) {
		atHub(probe.EndRefused, probe.HubStep{Action: probe.HubAsk, Result: probe.HubUnreached, Hub: hubHost})(ev)
		way := probe.Evidence{Target: ev.Target, Runs: []probe.Run{run(ev).Hub.Path}}
		for _, alter := range changes {
			alter(&way)
		}
		run(ev).Hub.Path = way.Runs[0]
	}
}

func asked(result probe.HubResult, o probe.Opening) probe.HubStep {
	return probe.HubStep{Action: probe.HubAsk, Result: result, Hub: hubHost, Text: "as it was", Answer: &o}
}

// overHTTPS is an answer with an error of a hub.
func overHTTPS(status int, name string) probe.Opening {
	return probe.Opening{Layer: probe.LayerHTTP, Status: status, Body: dps.Body{
		Kind: dps.BodyHubError, Hub: &dps.HubError{Message: "ErrorCode:" + name + ";as it was"},
	}}
}

func overMQTT(code int) probe.Opening {
	return probe.Opening{Layer: probe.LayerMQTTConnect, Status: code}
}

func registeredAgain(result probe.HubResult) probe.HubStep {
	return probe.HubStep{Action: probe.HubRegister, Result: result, Hub: hubHost}
}

func lookedUp() probe.HubStep { return probe.HubStep{Action: probe.HubLookup, Result: probe.HubTaken} }

// speechless is the end of a connection to the hub that stood.
func speechless(kind netfail.Kind, end probe.End) change {
	return func(ev *probe.Evidence) {
		o := probe.Opening{Layer: probe.LayerMQTTConnect, Failure: &netfail.Failure{Kind: kind}}
		atHub(end, asked(probe.HubSilent, o))(ev)
		run(ev).Hub.Path.Opening = &o
	}
}

func hubTable() []row {
	unauthorized, unknown := overHTTPS(401, "IotHubUnauthorizedAccess"), overHTTPS(404, "DeviceNotFound")
	return []row{
		{
			name: "the hub refuses, also after a second registration", verdict: Fault,
			ev: refusedProbe(atHub(probe.EndRefused,
				asked(probe.HubDenied, unauthorized), registeredAgain(probe.HubTaken), asked(probe.HubDenied, unauthorized))),
			causes: []string{"suggests hub-identity-unusable", "allows stale-assignment"},
			out:    []string{"hub-link-broken", "symmetric-key-mismatch", "wrong-id-scope", "quota-exceeded"},
		},
		{
			name: "the hub refuses, and then the service as well", verdict: Fault,
			ev: refusedProbe(atHub(probe.EndRefused, asked(probe.HubDenied, overMQTT(5)), registeredAgain(probe.HubFailed)),
				refuse(409, 409203, "")),
			causes: []string{"suggests hub-identity-unusable", "allows stale-assignment"},
		},
		{
			name: "a lookup finds an assignment that the hub does not know", verdict: Fault,
			ev:     refusedProbe(lookup, atHub(probe.EndRefused, asked(probe.HubDenied, unknown))),
			causes: []string{"suggests hub-identity-unusable", "suggests stale-assignment"},
		},
		{
			name: "a lookup finds an assignment whose hub refuses", verdict: Fault,
			ev:     refusedProbe(lookup, atHub(probe.EndRefused, asked(probe.HubDenied, unauthorized))),
			causes: []string{"suggests hub-identity-unusable", "allows stale-assignment"},
		},
		{
			name: "the hub's quota is used up", verdict: Fault,
			ev:     refusedProbe(atHub(probe.EndRefused, asked(probe.HubDenied, overHTTPS(403, "IotHubQuotaExceeded")))),
			causes: []string{"suggests quota-exceeded"},
			out:    []string{"hub-identity-unusable"},
		},
		{
			name: "the hub accepts the device after it is registered again", verdict: Registered, causes: []string{},
			ev: refusedProbe(atHub(probe.EndComplete,
				asked(probe.HubDenied, unknown), registeredAgain(probe.HubTaken), asked(probe.HubTaken, probe.Opening{}))),
		},
		{
			name: "the hub is unavailable until the end", verdict: RetryLater,
			ev: refusedProbe(atHub(probe.EndExhausted,
				asked(probe.HubBusy, overHTTPS(503, "ServiceUnavailable")), lookedUp(), asked(probe.HubBusy, overHTTPS(503, "ServiceUnavailable")))),
			causes: []string{"suggests service-transient"},
		},
		{
			name: "the hub throttles until the end", verdict: RetryLater,
			ev:     refusedProbe(atHub(probe.EndExhausted, asked(probe.HubBusy, overHTTPS(429, "ThrottlingException")), lookedUp())),
			causes: []string{"proves throttled"},
		},
		{
			name: "something throttles instead of the hub", verdict: RetryLater,
			ev:     refusedProbe(atHub(probe.EndExhausted, asked(probe.HubBusy, probe.Opening{Layer: probe.LayerHTTP, Status: 429}))),
			causes: []string{"suggests throttled"},
		},
		{
			name: "the hub is unavailable over MQTT", verdict: RetryLater,
			ev:     refusedProbe(atHub(probe.EndExhausted, asked(probe.HubBusy, overMQTT(3)))),
			causes: []string{"suggests service-transient", "allows throttled"},
		},
		{
			name: "a page instead of the hub", verdict: Fault,
			ev: refusedProbe(atHub(probe.EndRefused, asked(probe.HubOdd, probe.Opening{
				Layer: probe.LayerHTTP, Status: 200, Body: dps.Body{Kind: dps.BodyHTML},
			}))),
			causes: []string{"suggests proxy-interference"},
		},
		{
			name: "an answer that is not from a hub", verdict: Fault,
			ev:     refusedProbe(atHub(probe.EndRefused, asked(probe.HubOdd, overMQTT(1)))),
			causes: []string{"allows proxy-interference"},
		},
		{
			name: "the hub says nothing", verdict: NoVerdict,
			ev:     refusedProbe(over(probe.MQTT), speechless(netfail.Timeout, probe.EndTimeout)),
			causes: []string{"allows network-unreachable", "allows service-transient", "allows proxy-interference"},
		},
		{
			name: "the hub's name does not resolve", verdict: Fault,
			ev:     refusedProbe(onTheWay(unresolved(netfail.NoSuchHost))),
			causes: []string{"suggests dns-failure", "allows proxy-not-configured"},
			out:    []string{"wrong-global-endpoint"},
		},
		{
			name: "the hub's port is closed", verdict: Fault,
			ev:     refusedProbe(over(probe.MQTT), onTheWay(undialed(netfail.Timeout))),
			causes: []string{"suggests port-blocked", "allows network-unreachable", "allows proxy-not-configured"},
		},
		{
			name: "the hub's port is closed over one transport only", verdict: Fault,
			ev: refusedProbe(over(probe.MQTT), onTheWay(undialed(netfail.Timeout)),
				also(over(probe.HTTPS), atHub(probe.EndComplete, asked(probe.HubTaken, probe.Opening{})))),
			causes: []string{"proves port-blocked"},
		},
		{
			name: "the TLS session with the hub is intercepted", verdict: Fault,
			ev:     refusedProbe(onTheWay(unshaken(netfail.TLSUnknownAuthority, probe.IssuerOther))),
			causes: []string{"suggests proxy-interference", "allows server-root-ca-missing"},
		},
		{
			name: "the hub aborts the handshake", verdict: Fault,
			ev:     refusedProbe(device(), onTheWay(alert(42))),
			causes: []string{"suggests hub-identity-unusable", "suggests proxy-interference", "allows device-key-material-unreadable"},
		},
		{
			name: "the TPM cannot sign for the hub", verdict: Fault,
			ev: refusedProbe(chip(), atHub(probe.EndRefused, probe.HubStep{Action: probe.HubAsk, Result: probe.HubFailed}), func(ev *probe.Evidence) {
				run(ev).TPM = &tpm.Error{Kind: tpm.Blob, Step: "sign", Path: "/dev/tpmrm0", Text: "as it was"}
			}),
			causes: []string{"allows tpm-not-available"},
		},
		{
			name: "interrupted at the hub", verdict: Interrupted, causes: []string{},
			ev: refusedProbe(atHub(probe.EndInterrupted, asked(probe.HubDenied, unauthorized))),
		},
	}
}

func TestHealedAssignmentIsAWarning(t *testing.T) {
	t.Parallel()
	d := Diagnose(refusedProbe(atHub(probe.EndComplete,
		asked(probe.HubDenied, overMQTT(5)), registeredAgain(probe.HubTaken), asked(probe.HubTaken, overMQTT(0)))))
	i := slices.IndexFunc(d.Warnings, func(w probe.Warning) bool { return w.ID == "stale-assignment" })
	if i < 0 || !strings.Contains(d.Warnings[i].Detail, hubHost+" refused the device (as it was)") {
		t.Errorf("warnings %+v", d.Warnings)
	}
}

// TestNextStepsComeToTheHub: the commands of the next steps check the hub again.
func TestNextStepsComeToTheHub(t *testing.T) {
	t.Parallel()
	for want, ev := range map[string]*probe.Evidence{
		" --check-hub":          refusedProbe(onTheWay(undialed(netfail.Timeout))),
		" --lookup --check-hub": refusedProbe(atHub(probe.EndExhausted, asked(probe.HubBusy, overHTTPS(500, "ServerError")))),
	} {
		d := Diagnose(ev)
		if len(d.Decide) == 0 || !strings.HasSuffix(d.Decide[0].Command, "--key-file KEY-FILE"+want) {
			t.Errorf("%s: %+v", want, d.Decide)
		}
	}
}

// TestNoNextStepTwice: a hub that was asked again after another registration is not to be
// asked in that way once more.
func TestNoNextStepTwice(t *testing.T) {
	t.Parallel()
	once := refusedProbe(atHub(probe.EndRefused, asked(probe.HubDenied, overMQTT(5))))
	twice := refusedProbe(atHub(probe.EndRefused,
		asked(probe.HubDenied, overMQTT(5)), registeredAgain(probe.HubTaken), asked(probe.HubDenied, overMQTT(5))))
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		want bool
	}{"once": {once, true}, "twice": {twice, false}} {
		asks := slices.ContainsFunc(commands(test.ev), func(c string) bool { return strings.HasSuffix(c, "--key-file KEY-FILE --check-hub") })
		if asks != test.want {
			t.Errorf("%s: %q", name, commands(test.ev))
		}
	}
}
