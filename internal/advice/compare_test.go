package advice

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// findCause returns a cause of a diagnosis.
func findCause(t *testing.T, d Diagnosis, id string) Cause {
	t.Helper()
	i := slices.IndexFunc(d.Causes, func(c Cause) bool { return c.ID.String() == id })
	if i < 0 {
		t.Fatalf("no cause %s, only %s", id, causesOf(d))
	}
	return d.Causes[i]
}

// TestBlockedPorts: the ports are given, and first of all the transport that is open.
func TestBlockedPorts(t *testing.T) {
	t.Parallel()
	silent := undialed(netfail.Timeout)
	d := Diagnose(refusedProbe(
		passes(probe.HTTPS), on(probe.MQTT, silent), also(passes(probe.MQTTWS)), on(probe.AMQP, silent), also(via(probe.AMQPWS, unauthorized()))))
	blocked := findCause(t, d, "port-blocked")
	want := []string{
		"no TCP connection was made: 20.43.44.10:8883 did not answer",
		"port 8883 (mqtt) and port 5671 (amqp) accepted no connection, while port 443 (https, mqtt-ws, amqp-ws) of the same host did",
		"the service listens on all of them at this address",
		"no TCP connection was made: 20.43.44.10:5671 did not answer",
		"the same probe passes over https, mqtt-ws",
	}
	if diff := cmp.Diff(want, blocked.Because); diff != "" {
		t.Errorf("because (-want +got):\n%s", diff)
	}
	if got := blocked.Remedies[0]; got != "Use a transport that is open from here: port 443 (https, mqtt-ws)" {
		t.Errorf("the first remedy is: %s", got)
	}
	if len(blocked.Remedies) != 1+len(blocked.Definition.Remedies) {
		t.Errorf("remedies: %q", blocked.Remedies)
	}
}

// TestOpenWayWithoutPass: if no transport passes, one that connects is suggested.
func TestOpenWayWithoutPass(t *testing.T) {
	t.Parallel()
	d := Diagnose(refusedProbe(unauthorized(), on(probe.MQTT, undialed(netfail.Timeout)), also(via(probe.AMQP, unauthorized()))))
	if got := findCause(t, d, "port-blocked").Remedies[0]; got != "Use a transport that is open from here: port 443 (https) and port 5671 (amqp)" {
		t.Errorf("the first remedy is: %s", got)
	}
	if len(d.Decide) == 0 {
		t.Error("a proven fault of one transport leaves no step for the fault of another")
	}
}

// TestAgreement: the causes that all refused transports share say so.
func TestAgreement(t *testing.T) {
	t.Parallel()
	const agree = "3 transports agree on this: https, mqtt, amqp"
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		id   string
		want bool
	}{
		"the key":               {refusedProbe(unauthorized(), also(connack(5)), also(sasl(1))), "symmetric-key-mismatch", true},
		"one of two keys":       {refusedProbe(unauthorized(), also(connack(5)), also(sasl(1))), "group-key-not-derived", true},
		"what is only possible": {refusedProbe(unauthorized(), also(connack(5)), also(sasl(1))), "enrollment-not-found", false},
		"the id scope":          {refusedProbe(bare(404), also(connack(3)), also(condition(probe.LayerAMQPOpen, "amqp:not-found", ""))), "wrong-id-scope", true},
		"no id scope over one":  {refusedProbe(bare(404), also(connack(3)), also(connack(1))), "wrong-id-scope", false},
		"an open transport":     {refusedProbe(connack(3), also(sasl(4)), also(passes(probe.HTTPS))), "service-transient", false},
		"one refusal, two cuts": {refusedProbe(unauthorized(), also(unopened), also(unopened)), "symmetric-key-mismatch", false},
		"the clearer answer": {
			refusedProbe(refuse(404, 404201, "Enrollment not found."), also(connack(5)), also(sasl(1))), "enrollment-not-found", true,
		},
		"refusals and a blocked port": {refusedProbe(unauthorized(), also(connack(5)), also(sasl(1)), on(probe.AMQPWS, undialed(netfail.Timeout))), "symmetric-key-mismatch", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			because := findCause(t, Diagnose(test.ev), test.id).Because
			if got := because[0] == agree; got != test.want || !test.want && slices.Contains(because, agree) {
				t.Errorf("because %q", because)
			}
		})
	}
}

// TestPlainerWords: a vague refusal is judged by a clearer one, and still quoted as it was.
func TestPlainerWords(t *testing.T) {
	t.Parallel()
	first := Diagnose(refusedProbe(connack(5), also(via(probe.HTTPS, refuse(404, 404201, "Enrollment not found."))))).Causes[0]
	want := []string{
		"2 transports agree on this: mqtt, https",
		"the session was refused: CONNACK 5: as it was",
		`the service answered 404 with error code 404201 ("Enrollment not found.")`,
	}
	if diff := cmp.Diff(want, first.Because); diff != "" || first.Explain != "404201" {
		t.Errorf("explain %s, because (-want +got):\n%s", first.Explain, diff)
	}
	for name, test := range map[string]struct {
		alter          change
		vague, telling bool
	}{
		"CONNACK 5":           {connack(5), true, false},
		"CONNACK 3":           {connack(3), false, false},
		"SASL outcome 1":      {sasl(1), true, false},
		"open-error":          {condition(probe.LayerAMQPOpen, "amqp:unauthorized-access", overAMQP), true, false},
		"not found":           {condition(probe.LayerAMQPOpen, "amqp:not-found", ""), false, false},
		"api-version":         {condition(probe.LayerAMQPAttach, "com.microsoft:argument-error", badVersion), false, true},
		"handshake":           {upgrade(probe.MQTTWS, 401, badToken), false, false},
		"401002":              {unauthorized(), false, true},
		"401 without a code":  {bare(401), false, false},
		"429001":              {refuse(429, 429001, ""), false, false},
		"allocation":          {webhook("500"), false, false},
		"a failed state":      {state(dps.StatusFailed, 401002, ""), false, false},
		"nothing was refused": {accept, false, false},
	} {
		r := refusalOf(run(refusedProbe(test.alter)))
		if r.vague() != test.vague || r.telling() != test.telling {
			t.Errorf("%s: vague %t, telling %t", name, r.vague(), r.telling())
		}
	}
}

// TestReachOfOthers: a port that accepts no connection is judged by those that connect, a connection
// without an answer by those that got one.
func TestReachOfOthers(t *testing.T) {
	t.Parallel()
	blocked := undialed(netfail.Timeout)
	for name, test := range map[string]struct {
		ev      *probe.Evidence
		want    Strength
		because []string
	}{
		"blocked, another connects": {
			refusedProbe(via(probe.MQTT, blocked), also(via(probe.HTTPS, unopened))), Silent,
			[]string{"port 443 (https) of the same host accepted a connection"},
		},
		"blocked, as the other": {refusedProbe(via(probe.MQTT, blocked), on(probe.AMQP, blocked)), Silent, nil},
		"blocked at times": {
			refusedProbe(via(probe.MQTTWS, blocked), also(via(probe.HTTPS, unopened))), Allows,
			[]string{"port 443 (https) accepted another connection, so the network works some of the time"},
		},
		"silent, another answers":       {refusedProbe(unopened, also(connack(5))), Silent, []string{"an answer came over mqtt"}},
		"silent, another only connects": {refusedProbe(unopened, also(unopened)), Silent, nil},
	} {
		w, ok := newCases(test.ev, compare(test.ev))[0].weighReachOfOthers()
		if w.Strength != test.want || ok != (test.because != nil) || !slices.Equal(append(w.Because, w.Against...), test.because) {
			t.Errorf("%s: %t, %+v", name, ok, w)
		}
	}
}

// TestPassedText: the likeliest cause lists the transports that pass.
func TestPassedText(t *testing.T) {
	t.Parallel()
	own := host(ownHost)
	ev := refusedProbe(own, passes(probe.HTTPS), also(own, passes(probe.MQTT)), also(own, upgrade(probe.MQTTWS, 404, "")))
	causes := Diagnose(ev).Causes
	if got := causes[0].Because[len(causes[0].Because)-1]; got != "the same probe passes over https, mqtt" {
		t.Errorf("the last reason is: %s", got)
	}
	if got := causes[1].Because; slices.Contains(got, "the same probe passes over https, mqtt") {
		t.Errorf("the second cause says it again: %q", got)
	}
}

// TestDetour: if a transport fails for no known cause, another one is suggested.
func TestDetour(t *testing.T) {
	t.Parallel()
	want := []cause.Step{{
		How:     "The same probe passes over https: a device can use that transport",
		Command: "dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --key-file KEY-FILE --transport https",
	}}
	if diff := cmp.Diff(want, Diagnose(refusedProbe(connack(5), also(passes(probe.HTTPS)))).Decide); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, ev := range map[string]*probe.Evidence{
		"all pass":  refusedProbe(passes(probe.HTTPS), also(passes(probe.MQTT))),
		"none does": refusedProbe(connack(9), also(connack(9))),
	} {
		for _, step := range Diagnose(ev).Decide {
			if step == want[0] {
				t.Errorf("%s: %s", name, step.How)
			}
		}
	}
}

// TestWebSocketsAlone: the reasons if only WebSockets fail.
func TestWebSocketsAlone(t *testing.T) {
	t.Parallel()
	own := host(ownHost)
	d := Diagnose(refusedProbe(own, unauthorized(), also(own, upgrade(probe.MQTTWS, 403, "")), also(own, upgrade(probe.AMQPWS, 403, ""))))
	proxy := findCause(t, d, "proxy-interference")
	want := []string{
		"the session was refused: refused",
		"only WebSockets fail (mqtt-ws, amqp-ws), while the service answers over https",
	}
	if diff := cmp.Diff(want, proxy.Because); diff != "" {
		t.Errorf("because (-want +got):\n%s", diff)
	}
	if got := proxy.Remedies[1]; got != "Use a transport that is open from here: port 443 (https, mqtt-ws, amqp-ws)" {
		t.Errorf("the second remedy is: %s", got)
	}
}

// TestNoWebSocketsAlone: transports other than WebSockets fail, or no other run was served.
func TestNoWebSocketsAlone(t *testing.T) {
	t.Parallel()
	own := host(ownHost)
	for name, ev := range map[string]*probe.Evidence{
		"a cut elsewhere":        refusedProbe(unopened, also(passes(probe.MQTT))),
		"nothing served":         refusedProbe(own, page(403), also(own, upgrade(probe.MQTTWS, 403, blockPage))),
		"refused by the service": refusedProbe(unauthorized(), also(upgrade(probe.MQTTWS, 401, badToken))),
		"refused in its turn":    refusedProbe(unauthorized(), also(via(probe.MQTTWS, connack(5)))),
		"put off":                refusedProbe(own, passes(probe.HTTPS), also(own, upgrade(probe.MQTTWS, 502, blockPage))),
	} {
		for _, c := range newCases(ev, compare(ev)) {
			if c.webSocketsAlone() {
				t.Errorf("%s: as if it were WebSockets alone", name)
			}
		}
	}
}

// TestOverallOfComparison: silence of one transport is a fault if another one succeeds.
func TestOverallOfComparison(t *testing.T) {
	t.Parallel()
	cut := wordless(probe.MQTT, probe.LayerMQTTConnect, netfail.Reset, probe.EndCut)
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		want Verdict
		runs []Verdict
	}{
		"all pass":          {refusedProbe(passes(probe.HTTPS), also(passes(probe.MQTT))), Registered, []Verdict{Registered, Registered}},
		"one is refused":    {refusedProbe(passes(probe.HTTPS), also(connack(5))), Fault, []Verdict{Registered, Fault}},
		"one is cut":        {refusedProbe(passes(probe.HTTPS), also(cut)), Fault, []Verdict{Registered, NoVerdict}},
		"one is cut in TLS": {refusedProbe(passes(probe.HTTPS), also(unshaken(netfail.TLSCut, ""))), Fault, []Verdict{Registered, NoVerdict}},
		"one is cut, one put off": {
			refusedProbe(passes(probe.HTTPS), also(cut), also(sasl(4))), Fault, []Verdict{Registered, NoVerdict, RetryLater},
		},
		"one is cut, one interrupted": {
			refusedProbe(passes(probe.HTTPS), also(cut), also(ends(probe.EndInterrupted))), Interrupted, []Verdict{Registered, NoVerdict, Interrupted},
		},
		"one is still at it":       {refusedProbe(passes(probe.HTTPS), also(accept, ends(probe.EndUnanswered))), NoVerdict, []Verdict{Registered, NoVerdict}},
		"one never had its turn":   {refusedProbe(passes(probe.HTTPS), also(ends(probe.EndTimeout))), NoVerdict, []Verdict{Registered, NoVerdict}},
		"one is put off":           {refusedProbe(passes(probe.HTTPS), also(sasl(4))), RetryLater, []Verdict{Registered, RetryLater}},
		"all are cut":              {refusedProbe(cut, also(cut)), NoVerdict, []Verdict{NoVerdict, NoVerdict}},
		"one lost an own race":     {refusedProbe(passes(probe.HTTPS), also(refuse(409, 409203, ""))), Registered, []Verdict{Registered, NoVerdict}},
		"lost to one under way":    {refusedProbe(accept, ends(probe.EndUnanswered), also(refuse(409, 409203, ""))), NoVerdict, []Verdict{NoVerdict, NoVerdict}},
		"lost after its own start": {refusedProbe(accept, refuse(409, 409203, "")), Fault, []Verdict{Fault}},
		"lost to somebody else":    {refusedProbe(connack(5), also(refuse(409, 409203, ""))), Fault, []Verdict{Fault, Fault}},
	} {
		d := Diagnose(test.ev)
		if d.Verdict != test.want || !slices.Equal(d.Runs, test.runs) {
			t.Errorf("%s: %s of %s, want %s of %s", name, d.Verdict, d.Runs, test.want, test.runs)
		}
		checkDiagnosis(t, name, test.ev)
	}
}

// TestClockOfAnotherRun: the first Date in any run is used for all runs that have none.
func TestClockOfAnotherRun(t *testing.T) {
	t.Parallel()
	ev := refusedProbe(connack(5), also(via(probe.HTTPS, unauthorized()), clock(-time.Hour)), also(via(probe.AMQPWS, unauthorized()), clock(time.Hour)))
	for i, want := range []string{
		"the clock is 60 minutes behind the service's", "the clock is 60 minutes behind the service's", "the clock is 60 minutes ahead of the service's",
	} {
		if got := newCases(ev, compare(ev))[i].skewText(); got != want {
			t.Errorf("run %d: %s", i, got)
		}
	}
	alone := refusedProbe(connack(5), also(unshaken(netfail.TLSServerNotYet, ""), bound(-time.Hour)))
	if got := newCases(alone, compare(alone))[0].skewText(); got != "the service's clock is not known" {
		t.Errorf("a bound of another run: %s", got)
	}
}

// TestPorts: each port once, with its transports.
func TestPorts(t *testing.T) {
	t.Parallel()
	ev := refusedProbe(also(via(probe.MQTT)), also(via(probe.AMQPWS)), also(via(probe.AMQP)))
	m := compare(ev)
	if got := m.ports(m.runs); got != "port 443 (https, amqp-ws), port 8883 (mqtt) and port 5671 (amqp)" {
		t.Error(got)
	}
	if got := m.ports(nil); got != "" {
		t.Errorf("of no runs: %q", got)
	}
}

// TestAllClosed: the text says that no port is open only if several were tried.
func TestAllClosed(t *testing.T) {
	t.Parallel()
	silent := undialed(netfail.Timeout)
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		want []string
	}{
		"one port":  {refusedProbe(via(probe.HTTPS, silent), on(probe.MQTTWS, silent)), nil},
		"two ports": {refusedProbe(via(probe.HTTPS, silent), on(probe.MQTT, silent)), []string{"none accepted a connection: port 443 (https) and port 8883 (mqtt)"}},
		"one open":  {refusedProbe(unauthorized(), on(probe.MQTT, silent)), nil},
		"no run":    {&probe.Evidence{}, nil},
	} {
		if diff := cmp.Diff(test.want, compare(test.ev).allClosed()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
