package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

func TestExitStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		verdict       advice.Verdict
		warned, check bool
		want          int
	}{
		{advice.Registered, false, false, 0},
		{advice.Registered, true, false, 0},
		{advice.Registered, false, true, 0},
		{advice.Registered, true, true, 5},
		{advice.Fault, true, true, 1},
		{advice.NoVerdict, true, true, 3},
		{advice.RetryLater, true, true, 4},
		{advice.Interrupted, true, true, 130},
		{"", false, false, 3},
	} {
		if got := exitOf(test.verdict, test.warned, test.check); got != test.want {
			t.Errorf("exitOf(%q, %t, %t) = %d, want %d", test.verdict, test.warned, test.check, got, test.want)
		}
	}
}

func TestAWarnedStageIsAWarning(t *testing.T) {
	t.Parallel()
	ev := healthy()
	ev.Runs[0].Findings[2].Outcome = probe.Warned
	doc := NewProbe(ev, advice.Diagnosis{Verdict: advice.Registered}, Tool{}, true)
	if doc.ExitCode != ExitWarned {
		t.Errorf("exit code %d, want %d", doc.ExitCode, ExitWarned)
	}
}

func TestEndpointText(t *testing.T) {
	t.Parallel()
	standard := dps.Endpoint{Host: "h", HTTPS: 443, MQTT: 8883, AMQP: 5671}
	own := dps.Endpoint{Host: "h", HTTPS: 8443, MQTT: 8443, AMQP: 8443}
	mixed := dps.Endpoint{Host: "h", HTTPS: 8443, MQTT: 1883, AMQP: 5671}
	for _, test := range []struct {
		endpoint   dps.Endpoint
		transports []probe.TransportID
		want       string
	}{
		{standard, nil, "h"},
		{standard, []probe.TransportID{probe.HTTPS, probe.MQTT, probe.AMQP}, "h"},
		{own, []probe.TransportID{probe.HTTPS}, "h:8443"},
		{own, []probe.TransportID{probe.MQTTWS, probe.MQTT, probe.AMQP}, "h:8443"},
		{mixed, []probe.TransportID{probe.MQTT}, "h:1883"},
		{mixed, []probe.TransportID{probe.HTTPS, probe.MQTT}, "h"},
		{mixed, []probe.TransportID{probe.HTTPS, probe.AMQP}, "h"},
		{dps.Endpoint{Host: "::1", HTTPS: 8443}, []probe.TransportID{probe.HTTPS}, "[::1]:8443"},
	} {
		ev := &probe.Evidence{Target: probe.Target{Endpoint: test.endpoint}}
		for _, id := range test.transports {
			ev.Runs = append(ev.Runs, probe.Run{Transport: id})
		}
		if got := endpointText(ev); got != test.want {
			t.Errorf("%+v over %v: %q, want %q", test.endpoint, test.transports, got, test.want)
		}
	}
}

func TestReply(t *testing.T) {
	t.Parallel()
	refusal := func(status, code int, message string) probe.Answer {
		return probe.Answer{Op: probe.OpRegister, Status: status, Body: dps.Body{
			Kind: dps.BodyError, Error: &dps.ServiceError{ErrorCode: code, TrackingID: "t", Message: message},
		}}
	}
	assigning := probe.Answer{Op: probe.OpRegister, Status: 202, RequestID: "r", Body: dps.Body{
		Kind: dps.BodyOperation, Operation: &dps.Operation{OperationID: "o", Status: dps.StatusAssigning},
	}}
	failed := probe.Answer{Op: probe.OpStatus, Status: 200, Body: dps.Body{Kind: dps.BodyOperation, Operation: &dps.Operation{
		OperationID: "o", Status: dps.StatusFailed,
		Registration: &dps.Registration{Status: dps.StatusFailed, ErrorCode: 400207, ErrorMessage: "Custom allocation failed"},
	}}}
	tests := []struct {
		name    string
		answers []probe.Answer
		want    Reply
	}{
		{"nothing", nil, Reply{}},
		{"refused", []probe.Answer{refusal(401, 401002, "Unauthorized")}, Reply{ErrorCode: 401002, ErrorMessage: "Unauthorized", TrackingID: "t", HTTPStatus: 401, Attempts: 1}},
		{"refused, then accepted", []probe.Answer{refusal(429, 429001, "Throttled"), assigning}, Reply{Status: "assigning", OperationID: "o", TrackingID: "r", HTTPStatus: 202, Attempts: 2}},
		{"failed", []probe.Answer{assigning, failed}, Reply{Status: "failed", ErrorCode: 400207, ErrorMessage: "Custom allocation failed", OperationID: "o", TrackingID: "r", HTTPStatus: 200, Attempts: 1}},
		{"no answer", []probe.Answer{{Op: probe.OpRegister, Failure: &netfail.Failure{Kind: netfail.Reset}}}, Reply{Attempts: 1}},
		{"a foreign page", []probe.Answer{{Op: probe.OpRegister, Status: 403, Body: dps.Body{Kind: dps.BodyHTML, Excerpt: "<html>\n"}}}, Reply{ErrorMessage: `<html>\n`, HTTPStatus: 403, Attempts: 1}},
		{"a hub's error", []probe.Answer{{Op: probe.OpRegister, Status: 401, Body: dps.Body{Kind: dps.BodyHubError, Hub: &dps.HubError{Message: "ErrorCode:IotHubUnauthorizedAccess"}}}}, Reply{ErrorMessage: "ErrorCode:IotHubUnauthorizedAccess", HTTPStatus: 401, Attempts: 1}},
		{"looked up", []probe.Answer{{Op: probe.OpLookup, Status: 200, Body: dps.Body{Kind: dps.BodyRegistration, Registration: &dps.Registration{
			Status: dps.StatusAssigned, Substatus: "initialAssignment", AssignedHub: "h", DeviceID: "d",
		}}}}, Reply{Status: "assigned", Substatus: "initialAssignment", AssignedHub: "h", DeviceID: "d", HTTPStatus: 200, Attempts: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, newReply(&probe.Run{Answers: test.answers})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// keysOf lists the keys of a JSON document in order, those of a list's first item once.
func keysOf(t *testing.T, doc Document) []string {
	t.Helper()
	var keys []string
	dec := json.NewDecoder(strings.NewReader(string(render(t, doc, "json", Options{}))))
	var value func(path string)
	value = func(path string) {
		token, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch token {
		case json.Delim('{'):
			for dec.More() {
				key, err := dec.Token()
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, fmt.Sprintf("%s%s", path, key))
				value(fmt.Sprintf("%s%s.", path, key))
			}
		case json.Delim('['):
			for i := 0; dec.More(); i++ {
				before := len(keys)
				value(path)
				if i > 0 {
					keys = keys[:before]
				}
			}
		default:
			return
		}
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
	}
	value("")
	return keys
}

// TestProbeSchema holds the keys of dpsdiag/probe/1. They are a promise to scripts: a
// change needs a new schema number.
func TestProbeSchema(t *testing.T) {
	t.Parallel()
	ev := refused()
	ev.Runs[0].Findings[0].Facts = []probe.Fact{{Name: "FACT", Value: "v"}}
	ev.Origins = []probe.Origin{{Name: "id_scope", From: "--id-scope"}}
	want := strings.Fields(`schema tool tool.version started_at duration_ms verdict exit_code
		target target.endpoint target.id_scope target.registration_id target.attestation
		target.origins target.origins.name target.origins.from target.origins.source target.proxies
		runs runs.transport runs.verdict
		runs.stages runs.stages.id runs.stages.outcome runs.stages.duration_ms runs.stages.detail runs.stages.needs
		runs.stages.facts runs.stages.facts.FACT
		runs.reply runs.reply.status runs.reply.substatus runs.reply.assigned_hub runs.reply.device_id
		runs.reply.error_code runs.reply.error_message runs.reply.tracking_id runs.reply.operation_id
		runs.reply.http_status runs.reply.attempts
		runs.exchanges runs.exchanges.title runs.exchanges.sent runs.exchanges.received
		causes causes.id causes.title causes.strength causes.because causes.remedies causes.command causes.explain
		ruled_out ruled_out.id ruled_out.title ruled_out.because
		warnings warnings.id warnings.detail
		decide decide.how decide.command mode unregistered`)
	got := keysOf(t, NewProbe(ev, refusedDiagnosis(), Tool{"1"}, false))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
