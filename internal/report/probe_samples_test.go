package report

import (
	"strings"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// sample is a named document for the golden tests.
type sample struct {
	name string
	doc  Document
}

var started = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

func probeSamples() []sample {
	return []sample{
		{"probe-healthy", NewProbe(healthy(), advice.Diagnosis{
			Verdict: advice.Registered, Runs: []advice.Verdict{advice.Registered},
		}, Tool{"1.2.3"}, false)},
		{"probe-preflight-warned", NewProbe(preflight(), advice.Diagnosis{
			Verdict: advice.Registered, Runs: []advice.Verdict{advice.Registered},
			Warnings: []probe.Warning{{ID: "cert-expires-soon", Detail: `"sensor-17" expires on 2026-12-01, in 9 days`}},
		}, Tool{"1.2.3"}, true)},
		{"probe-fault", NewProbe(refused(), refusedDiagnosis(), Tool{"1.2.3"}, false)},
		{"probe-compared", NewProbe(compared(), advice.Diagnosis{
			Verdict: advice.Fault, Runs: []advice.Verdict{advice.Registered, advice.Fault}, Causes: refusedDiagnosis().Causes,
		}, Tool{"1.2.3"}, false)},
		{"probe-throttled", NewProbe(throttled(), advice.Diagnosis{
			Verdict: advice.RetryLater, Runs: []advice.Verdict{advice.RetryLater},
			Causes: []advice.Cause{{
				Definition: &cause.Definition{ID: cause.Throttled, Title: "Service is throttling"}, Strength: advice.Proves,
				Because: []string{"the service answered 429 to each of 4 attempts"}, Remedies: []string{"Wait, then try again"}, Explain: "429",
			}},
		}, Tool{"1.2.3"}, false)},
		{"probe-hub", NewProbe(refusedByHub(), advice.Diagnosis{
			Verdict: advice.Fault, Runs: []advice.Verdict{advice.Fault},
			Causes: []advice.Cause{{
				Definition: &cause.Definition{ID: cause.HubIdentityUnusable, Title: "Device identity in the hub deleted, disabled or re-keyed"}, Strength: advice.Suggests,
				Because: []string{"a second registration did not change that"}, Remedies: []string{"Look the identity up in the hub"}, Explain: "hub-identity-unusable",
			}},
		}, Tool{"1.2.3"}, false)},
		{"probe-interrupted", NewProbe(interrupted(), advice.Diagnosis{
			Verdict: advice.Interrupted, Runs: []advice.Verdict{advice.Interrupted},
		}, Tool{"1.2.3"}, false)},
		{"probe-hostile", NewProbe(hostile(hostileText), hostileDiagnosis(hostileText), Tool{"1.2.3"}, false)},
		{"probe-markup", NewProbe(hostile(markupText), hostileDiagnosis(markupText), Tool{"1.2.3"}, false)},
	}
}

func target() probe.Target {
	return probe.Target{
		Endpoint:       dps.Endpoint{Host: "global.azure-devices-provisioning.net", HTTPS: 443, MQTT: 8883, AMQP: 5671},
		Scope:          "0ne0045B3C6",
		RegistrationID: "sensor-17",
		Attestation:    probe.KindSymmetricKey,
		Mode:           probe.ModeRegister,
	}
}

// upToOpen are the findings of a probe that reached the service.
func upToOpen() []probe.Finding {
	return []probe.Finding{
		{Stage: probe.StageInputs, Outcome: probe.Passed, Took: 40 * time.Microsecond, Detail: "symmetric key of 64 bytes"},
		{
			Stage: probe.StageResolve, Outcome: probe.Passed, Took: 3100 * time.Microsecond, Detail: "20.43.44.10",
			Facts: []probe.Fact{{Name: "addresses", Value: "20.43.44.10"}},
		},
		{Stage: probe.StageConnect, Outcome: probe.Passed, Took: 12 * time.Millisecond, Detail: "20.43.44.10:443"},
		{
			Stage: probe.StageTLS, Outcome: probe.Passed, Took: 31 * time.Millisecond, Detail: "TLS 1.3, *.azure-devices-provisioning.net, root DigiCert Global Root G2",
			Facts: []probe.Fact{{Name: "root", Value: "DigiCert Global Root G2"}, {Name: "cipher", Value: "TLS_AES_256_GCM_SHA384"}},
		},
		{Stage: probe.StageOpen, Outcome: probe.Passed, Took: 0, Detail: "ready for requests"},
	}
}

func evidence(run probe.Run) *probe.Evidence {
	run.Transport = probe.HTTPS
	return &probe.Evidence{Started: started, Took: 812400 * time.Microsecond, Target: target(), Runs: []probe.Run{run}}
}

func healthy() *probe.Evidence {
	state := &dps.Registration{
		RegistrationID: "sensor-17", AssignedHub: "plant-4.azure-devices.net", DeviceID: "sensor-17",
		Status: dps.StatusAssigned, Substatus: "initialAssignment",
	}
	return evidence(probe.Run{
		Findings: append(upToOpen(),
			probe.Finding{Stage: probe.StageRegister, Outcome: probe.Passed, Took: 141 * time.Millisecond, Detail: "accepted, assigning"},
			probe.Finding{Stage: probe.StageAssign, Outcome: probe.Passed, Took: 1520 * time.Millisecond, Detail: "assigned to plant-4.azure-devices.net"},
			probe.Finding{Stage: probe.StageHub, Outcome: probe.NotApplicable, Detail: "only with --check-hub"}),
		Answers: []probe.Answer{
			{Op: probe.OpRegister, Status: 202, RequestID: "11111111-aaaa", Body: dps.Body{Kind: dps.BodyOperation, Operation: &dps.Operation{OperationID: "5.b5b1.4f", Status: dps.StatusAssigning}}},
			{Op: probe.OpStatus, Status: 200, RequestID: "22222222-bbbb", Body: dps.Body{Kind: dps.BodyOperation, Operation: &dps.Operation{
				OperationID: "5.b5b1.4f", Status: dps.StatusAssigned, Registration: state,
			}}},
		},
		End: probe.EndComplete,
	})
}

// refusedByHub is a registration whose hub refuses the device twice.
func refusedByHub() *probe.Evidence {
	ev := healthy()
	run := &ev.Runs[0]
	const hub = "plant-4.azure-devices.net"
	run.Findings[len(run.Findings)-1] = probe.Finding{
		Stage: probe.StageHub, Outcome: probe.Failed, Took: 412 * time.Millisecond,
		Detail: hub + " refuses the device sensor-17: 401 IotHubUnauthorizedAccess, even after it was registered again",
		Facts:  []probe.Fact{{Name: "hub", Value: hub}, {Name: "result", Value: "denied"}, {Name: "hub-error", Value: "IotHubUnauthorizedAccess"}},
		Steps: []string{
			"asked " + hub + " over https: 401 IotHubUnauthorizedAccess",
			"registered again: assigned to " + hub + " as sensor-17",
			"asked " + hub + " over https: 401 IotHubUnauthorizedAccess",
		},
	}
	refusal := &probe.Opening{Layer: probe.LayerHTTP, Status: 401, Exchanges: []probe.Exchange{{
		Request: probe.Message{Line: "GET /devices/sensor-17/messages/devicebound?api-version=2021-04-12 HTTP/1.1"},
		Answer:  probe.Message{Line: "HTTP/1.1 401 Unauthorized"},
	}}}
	run.Hub = &probe.HubCheck{Hub: hub, DeviceID: "sensor-17", Steps: []probe.HubStep{
		{Action: probe.HubAsk, Result: probe.HubDenied, Answer: refusal},
		{Action: probe.HubRegister, Result: probe.HubTaken},
		{Action: probe.HubAsk, Result: probe.HubDenied, Answer: &probe.Opening{Layer: probe.LayerHTTP, Status: 401}},
	}}
	run.End = probe.EndRefused
	return ev
}

func preflight() *probe.Evidence {
	findings := upToOpen()
	findings[0].Outcome, findings[0].Detail = probe.Warned, `certificate "sensor-17" expires in 9 days`
	ev := evidence(probe.Run{
		Findings: append(findings,
			probe.Finding{Stage: probe.StageRegister, Outcome: probe.NotApplicable, Detail: "a preflight stops before it"},
			probe.Finding{Stage: probe.StageAssign, Outcome: probe.NotApplicable, Detail: "a preflight stops before it"},
			probe.Finding{Stage: probe.StageHub, Outcome: probe.NotApplicable, Detail: "only with --check-hub"}),
		End: probe.EndComplete,
	})
	ev.Target.Mode, ev.Target.Attestation = probe.ModePreflight, probe.KindX509
	ev.Target.Endpoint.HTTPS = 8443
	return ev
}

func refused() *probe.Evidence {
	return evidence(probe.Run{
		Findings: append(upToOpen(),
			probe.Finding{Stage: probe.StageRegister, Outcome: probe.Failed, Took: 88 * time.Millisecond, Detail: "401, 401002: Unauthorized"},
			probe.Finding{Stage: probe.StageAssign, Outcome: probe.Skipped, Needs: probe.StageRegister, Detail: "needs register"},
			probe.Finding{Stage: probe.StageHub, Outcome: probe.NotApplicable, Detail: "only with --check-hub"}),
		Opening: &probe.Opening{Status: 404, Exchanges: []probe.Exchange{{Request: probe.Message{Line: "GET / HTTP/1.1"}}}},
		Answers: []probe.Answer{{Op: probe.OpRegister, Status: 401, RequestID: "33333333-cccc", Body: dps.Body{
			Kind:  dps.BodyError,
			Error: &dps.ServiceError{ErrorCode: 401002, TrackingID: "33333333-cccc", Message: "Unauthorized"},
		}, Exchange: &probe.Exchange{
			Request: probe.Message{
				Line:    "PUT /0ne0045B3C6/registrations/sensor-17/register?api-version=2019-03-31 HTTP/1.1",
				Headers: []probe.Fact{{Name: "Authorization", Value: "[redacted]"}, {Name: "Content-Type", Value: "application/json; charset=utf-8"}},
				Body:    `{"registrationId":"sensor-17"}`, Size: 30,
			},
			Answer: probe.Message{Line: "HTTP/1.1 401 Unauthorized", Headers: []probe.Fact{{Name: "Date", Value: "Sun, 22 Nov 2026 09:30:00 GMT"}}, Body: `{"errorCode":401002}`, Size: 20},
		}}},
		End: probe.EndRefused,
	})
}

// compared is a probe over two transports, one of them through a proxy.
func compared() *probe.Evidence {
	ev, other := healthy(), refused()
	run := other.Runs[0]
	run.Transport = probe.MQTT
	run.Route = probe.Route{Proxy: &proxy.Ref{URL: "http://proxy.example:3128", Origin: "HTTPS_PROXY"}}
	ev.Runs = append(ev.Runs, run)
	return ev
}

func refusedDiagnosis() advice.Diagnosis {
	return advice.Diagnosis{
		Verdict: advice.Fault, Runs: []advice.Verdict{advice.Fault},
		Causes: []advice.Cause{
			{
				Definition: &cause.Definition{ID: cause.SymmetricKeyMismatch, Title: "Symmetric key is not the enrolled one"}, Strength: advice.Suggests,
				Because: []string{
					`the service answered 401 with 401002 "Unauthorized" to a token that was signed with the key given to this probe`,
					"the clocks differ by less than a second",
				},
				Remedies: []string{"Copy the primary or secondary key of the individual enrollment to the device; do not type it", "Register again; the same key will be refused again"},
				Explain:  "401002",
			},
			{
				Definition: &cause.Definition{ID: cause.GroupKeyNotDerived, Title: "Group key used directly"}, Strength: advice.Allows,
				Because:  []string{"a key of 64 bytes is of the size of a group key"},
				Remedies: []string{"Derive the device key from the group key"},
				Explain:  "CONNACK 5",
			},
		},
		RuledOut: []advice.Cause{{
			Definition: &cause.Definition{ID: cause.DeviceClockWrong, Title: "Device clock wrong or never set"}, Strength: advice.RulesOut,
			Because: []string{"the local clock is within 1 s of the service's"},
		}},
		Warnings: []probe.Warning{{ID: "registration-id-invalid", Detail: `the registration id ends in "."; it should end in a letter, a digit or a dash`}},
		Decide: []cause.Step{{
			How:     "If the key is that of an enrollment group, a probe that derives the device key succeeds.",
			Command: "dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --group-key-file GROUP-KEY-FILE",
		}},
	}
}

func throttled() *probe.Evidence {
	refusal := probe.Answer{Op: probe.OpRegister, Status: 429, Body: dps.Body{
		Kind: dps.BodyError, Error: &dps.ServiceError{ErrorCode: 429001, TrackingID: "44444444-dddd", Message: "Operations are being throttled for this tenant."},
	}}
	ev := evidence(probe.Run{
		Findings: append(upToOpen(),
			probe.Finding{Stage: probe.StageRegister, Outcome: probe.Failed, Took: 61 * time.Second, Detail: "429 to each of 4 attempts"},
			probe.Finding{Stage: probe.StageAssign, Outcome: probe.Skipped, Needs: probe.StageRegister, Detail: "needs register"},
			probe.Finding{Stage: probe.StageHub, Outcome: probe.NotApplicable, Detail: "only with --check-hub"}),
		Answers: []probe.Answer{refusal, refusal, refusal, refusal},
		End:     probe.EndExhausted,
	})
	ev.Took = 61200 * time.Millisecond
	return ev
}

func interrupted() *probe.Evidence {
	findings := upToOpen()[:3]
	findings[2] = probe.Finding{Stage: probe.StageConnect, Outcome: probe.Failed, Took: 2300 * time.Millisecond, Detail: "interrupted"}
	for _, id := range []probe.StageID{probe.StageTLS, probe.StageOpen, probe.StageRegister, probe.StageAssign} {
		findings = append(findings, probe.Finding{Stage: id, Outcome: probe.Skipped, Needs: probe.StageConnect, Detail: "needs connect"})
	}
	findings = append(findings, probe.Finding{Stage: probe.StageHub, Outcome: probe.NotApplicable, Detail: "only with --check-hub"})
	return evidence(probe.Run{Findings: findings, End: probe.EndInterrupted})
}

// hostileText holds everything that must not reach a terminal, a wide character that may,
// and a word that fits no line.
const hostileText = "\x1b[31mred\x1b]0;title\a\r\n\x00\x7f\u009b2J\u202eevil\u2066\u200b\xff\xfe漢字 " +
	"https://example.invalid/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// markupText is written to break out of every format: of Markdown and its tables and code,
// of HTML, XML and CDATA, of workflow commands and of SARIF messages.
const markupText = "1. | a | `b` ```c``` **d** _e_ ~f~ $g$ [h](https://example.invalid) {0} ]]> --> <script>alert(1)</script> </details> " +
	"::error title=x::y %0A,: ##[error]z &lt; @everyone \\| \n::warning::w\n# i\n- j"

func hostile(text string) *probe.Evidence {
	findings := append(upToOpen(),
		probe.Finding{
			Stage: probe.StageRegister, Outcome: probe.Failed, Took: time.Millisecond, Detail: text,
			Facts: []probe.Fact{{Name: text, Value: text}}, Steps: []string{text, text},
		},
		probe.Finding{Stage: probe.StageAssign, Outcome: probe.Skipped, Needs: probe.StageRegister, Detail: "needs register"},
		probe.Finding{Stage: probe.StageHub, Outcome: probe.NotApplicable, Detail: text})
	ev := evidence(probe.Run{
		Findings: findings,
		Answers: []probe.Answer{{Op: probe.OpRegister, Status: 200, RequestID: text, Body: dps.Body{Kind: dps.BodyOperation, Operation: &dps.Operation{
			OperationID: text, Status: dps.Status(text), Registration: &dps.Registration{
				AssignedHub: text, DeviceID: text, Status: dps.Status(text), Substatus: text,
				ErrorCode: 400207, ErrorMessage: text,
			},
		}}, Exchange: &probe.Exchange{
			Request: probe.Message{Line: text},
			Answer:  probe.Message{Line: text, Headers: []probe.Fact{{Name: text, Value: text}}, Body: strings.Repeat(text, 40)[:maxText], Size: 1 << 20},
		}}},
		End: probe.EndRefused,
	})
	ev.Target.RegistrationID, ev.Target.Scope, ev.Target.Endpoint.Host = text, text, text
	return ev
}

func hostileDiagnosis(text string) advice.Diagnosis {
	rule := &cause.Definition{ID: cause.CustomAllocationFailed, Title: "Custom allocation failed"}
	return advice.Diagnosis{
		Verdict: advice.Fault, Runs: []advice.Verdict{advice.Fault},
		Causes:   []advice.Cause{{Definition: rule, Strength: advice.Proves, Because: []string{text}, Remedies: []string{text}, Explain: text}},
		RuledOut: []advice.Cause{{Definition: rule, Strength: advice.RulesOut, Because: []string{text}}},
		Warnings: []probe.Warning{{ID: text, Detail: text}},
		Decide:   []cause.Step{{How: text, Command: text}},
	}
}
