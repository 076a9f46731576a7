package advice

import (
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// poll refuses the status poll of a registration that was accepted.
func poll(a probe.Answer) change {
	a.Op = probe.OpStatus
	return both(accept, answer(a))
}

func says(text string) change { return func(ev *probe.Evidence) { run(ev).Opening.Said = text } }

func saysInClear(text string) change {
	return both(unshaken(netfail.TLSNotTLS, ""), func(ev *probe.Evidence) { run(ev).TLS.Failure.Said = text })
}

func outOfTime(stage probe.StageID) change {
	return func(ev *probe.Evidence) { run(ev).OutOfTime = &probe.Timeout{Stage: stage, Budget: 8 * time.Second} }
}

// disabledAgain is a hub that refuses the device, which the service then reports as disabled.
func disabledAgain(ev *probe.Evidence) {
	atHub(probe.EndRefused, asked(probe.HubDenied, overHTTPS(404, "")))(ev)
	run(ev).Hub.Steps = append(run(ev).Hub.Steps, probe.HubStep{Action: probe.HubRegister, Result: probe.HubFailed})
	answer(probe.Answer{Status: 200, Body: operation(dps.StatusDisabled, nil)})(ev)
}

// TestFirstCause: the likeliest cause of cases that are easily misjudged, with words of its reason.
func TestFirstCause(t *testing.T) {
	t.Parallel()
	none := dps.Body{Kind: dps.BodyEmpty}
	web := both(ports(8443, 8443, 8443), wordless(probe.MQTT, probe.LayerMQTTConnect, netfail.Protocol, probe.EndRefused), says("HTTP/1.1 400 Bad Request"))
	for name, test := range map[string]struct {
		ev      *probe.Evidence
		verdict Verdict
		first   cause.ID
		reason  string
	}{
		"a poll refused with 401": {refusedProbe(poll(probe.Answer{Status: 401, Body: none})), Fault, cause.ServiceTransient, "accepted the registration before"},
		"a poll refused with 404": {refusedProbe(poll(probe.Answer{Status: 404, Body: serviceError(404202, "Registration not found.")})), Fault, cause.ServiceTransient, "accepted the registration before"},
		"a poll refused with 409": {refusedProbe(poll(probe.Answer{Status: 409, Body: none})), Fault, cause.ConcurrentRegistration, "may have replaced it"},
		"a page instead of a poll": {
			refusedProbe(host(ownHost), poll(probe.Answer{Status: 200, Body: dps.ParseBody([]byte(blockPage))})), Fault, cause.ProxyInterference, "JSON in its own format",
		},
		"a code of an allocation": {refusedProbe(state(dps.StatusFailed, 400210, "no")), Fault, cause.CustomAllocationFailed, "400210"},
		"sign in first":           {refusedProbe(host(ownHost), page(511)), Fault, cause.ProxyInterference, "RFC 6585"},
		"the company's policy":    {refusedProbe(saysInClear("blocked by company policy")), Fault, cause.ProxyInterference, `"blocked by company policy"`},
		"another protocol":        {refusedProbe(ports(2222, 8883, 5671), saysInClear("SSH-2.0-OpenSSH_9.6")), Fault, cause.TransportProtocolWrong, "2222"},
		"a web server for MQTT":   {refusedProbe(host(ownHost), web), Fault, cause.TransportProtocolWrong, "given for HTTPS"},
		"a redirect of AMQP":      {refusedProbe(condition(probe.LayerAMQPOpen, "amqp:connection:redirect", "")), Fault, cause.TransportProtocolWrong, "genuine certificate"},
		"no route to a resolver":  {refusedProbe(unresolved(netfail.Unreachable)), Fault, cause.NetworkUnreachable, "no route to its resolver"},
		"the budget while connecting": {
			refusedProbe(undialed(netfail.Timeout), outOfTime(probe.StageConnect)), NoVerdict, cause.NetworkUnreachable,
			"the --timeout of 8 s ran out while a connection was being made",
		},
		"the budget while assigning": {
			refusedProbe(accept, ends(probe.EndUnanswered), outOfTime(probe.StageAssign)), NoVerdict, cause.CustomAllocationFailed, "the --timeout of 8 s ran out",
		},
		"the service mentions the id": {
			refusedProbe(id("sensor_17"), version("2021-06-01"), refuse(400, 400004, "Invalid RegistrationId")), Fault, cause.RegistrationIDInvalid, "400004",
		},
		"disabled after the hub": {refusedProbe(disabledAgain), Fault, cause.EnrollmentDisabled, "refused the device first"},
		"a remark of the settings": {
			refusedProbe(key(48), warn("symmetric-key-mismatch", "config.toml line 11: base64 where raw bytes belong"), unauthorized()), Fault,
			cause.SymmetricKeyMismatch, "line 11",
		},
		"a request that timed out": {refusedProbe(bare(408)), Fault, cause.ServiceTransient, "408 (Request Timeout)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := Diagnose(test.ev)
			if d.Verdict != test.verdict || len(d.Causes) == 0 || d.Causes[0].ID != test.first {
				t.Fatalf("%s, %s; want %s, %s first", d.Verdict, causesOf(d), test.verdict, test.first)
			}
			if got := strings.Join(d.Causes[0].Because, "\n"); !strings.Contains(got, test.reason) {
				t.Errorf("no %q in:\n%s", test.reason, got)
			}
		})
	}
	if d := Diagnose(refusedProbe(host(ownHost), web)); !strings.Contains(d.Causes[0].Remedies[0], "--port-mqtt") {
		t.Errorf("the first remedy names no flag: %s", d.Causes[0].Remedies[0])
	}
	if d := Diagnose(refusedProbe(lookup, refuse(404, 404202, "Registration not found."))); !d.Unregistered {
		t.Error("the diagnosis does not say that the lookup found no registration")
	}
	remark := Diagnose(refusedProbe(key(48), warn("symmetric-key-mismatch", "line 11"), unauthorized())).Causes[0]
	if remark.Because[0] != "line 11" {
		t.Errorf("the finding about the settings is not the first reason: %q", remark.Because)
	}
}
