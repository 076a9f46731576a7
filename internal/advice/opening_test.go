package advice

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// opening is a session that was not opened, and the result to expect.
type opening struct {
	name    string
	opening probe.Opening
	end     probe.End
	verdict Verdict
}

// openings are the ways in which a transport can fail to open a session.
func openings(t probe.TransportID) []opening {
	var list []opening
	if t == probe.MQTTWS || t == probe.AMQPWS {
		list = append(list, webSocketOpenings()...)
	}
	switch t {
	case probe.MQTT, probe.MQTTWS:
		list = append(list, mqttOpenings()...)
	case probe.AMQP, probe.AMQPWS:
		list = append(list, amqpOpenings()...)
	}
	for _, layer := range layers(t) {
		list = append(list, silentOpenings(layer)...)
	}
	return list
}

// layers are those at which a session over a transport can end.
func layers(t probe.TransportID) []probe.Layer {
	switch t {
	case probe.MQTT:
		return []probe.Layer{probe.LayerMQTTConnect, probe.LayerMQTTSubscribe}
	case probe.MQTTWS:
		return []probe.Layer{probe.LayerWebSocket, probe.LayerMQTTConnect, probe.LayerMQTTSubscribe}
	case probe.AMQP:
		return []probe.Layer{probe.LayerSASL, probe.LayerAMQPOpen, probe.LayerAMQPAttach}
	case probe.AMQPWS:
		return []probe.Layer{probe.LayerWebSocket, probe.LayerSASL, probe.LayerAMQPOpen, probe.LayerAMQPAttach}
	}
	return []probe.Layer{probe.LayerHTTP}
}

func mqttOpenings() []opening {
	list := []opening{{"SUBACK", probe.Opening{Layer: probe.LayerMQTTSubscribe, Status: 128}, probe.EndRefused, Fault}}
	for code := 1; code <= 255; code++ {
		list = append(list, opening{fmt.Sprint("CONNACK ", code), probe.Opening{Layer: probe.LayerMQTTConnect, Status: code}, probe.EndRefused, Fault})
	}
	return list
}

func amqpOpenings() []opening {
	list := []opening{
		{"no mechanism", probe.Opening{Layer: probe.LayerSASL, Mechanisms: []string{"EXTERNAL"}}, probe.EndRefused, Fault},
		{"no SASL", probe.Opening{Layer: probe.LayerSASL}, probe.EndRefused, Fault},
		{"no AMQP 1.0", probe.Opening{Layer: probe.LayerAMQPOpen}, probe.EndRefused, Fault},
		{"SASL 1", probe.Opening{Layer: probe.LayerSASL, Status: 1}, probe.EndRefused, Fault},
		{"SASL 2", probe.Opening{Layer: probe.LayerSASL, Status: 2}, probe.EndRefused, RetryLater},
		{"SASL 3", probe.Opening{Layer: probe.LayerSASL, Status: 3}, probe.EndRefused, Fault},
		{"SASL 4", probe.Opening{Layer: probe.LayerSASL, Status: 4}, probe.EndExhausted, RetryLater},
		{"SASL 4 without a retry", probe.Opening{Layer: probe.LayerSASL, Status: 4}, probe.EndRefused, RetryLater},
		{"SASL 5", probe.Opening{Layer: probe.LayerSASL, Status: 5}, probe.EndRefused, Fault},
		{"an unknown condition", probe.Opening{Layer: probe.LayerAMQPOpen, Condition: "vendor:no"}, probe.EndRefused, Fault},
	}
	for _, layer := range []probe.Layer{probe.LayerAMQPOpen, probe.LayerAMQPAttach} {
		for e := range codes.All() {
			if e.Kind != codes.KindAMQP || !strings.Contains(e.Code, ":") || strings.Contains(e.Code, " ") {
				continue
			}
			want := Fault
			if e.HTTPStatus == http.StatusTooManyRequests || e.HTTPStatus/100 == 5 {
				want = RetryLater
			}
			list = append(list, opening{e.Code + " at " + string(layer), probe.Opening{Layer: layer, Condition: e.Code}, probe.EndRefused, want})
		}
	}
	return list
}

func webSocketOpenings() []opening {
	var list []opening
	for status := 101; status <= 599; status++ {
		want := Fault
		if status == http.StatusTooManyRequests || status >= http.StatusInternalServerError && status != http.StatusNetworkAuthenticationRequired {
			want = RetryLater
		}
		list = append(list, opening{fmt.Sprint("handshake ", status), probe.Opening{Layer: probe.LayerWebSocket, Status: status}, probe.EndRefused, want})
	}
	return list
}

func silentOpenings(layer probe.Layer) []opening {
	failed := func(kind netfail.Kind) probe.Opening {
		return probe.Opening{Layer: layer, Failure: &netfail.Failure{Kind: kind}}
	}
	at := " at " + string(layer)
	return []opening{
		{"silence" + at, failed(netfail.Timeout), probe.EndTimeout, NoVerdict},
		{"a cut" + at, failed(netfail.Reset), probe.EndCut, NoVerdict},
		{"another protocol" + at, failed(netfail.Protocol), probe.EndRefused, Fault},
		{"an error" + at, failed(netfail.Other), probe.EndRefused, Fault},
		{"an interruption" + at, failed(netfail.Timeout), probe.EndInterrupted, Interrupted},
	}
}

// TestVerdictOfOpening covers every end of a session that was not opened, on every
// transport.
func TestVerdictOfOpening(t *testing.T) {
	t.Parallel()
	for _, transport := range everyTransport() {
		for _, test := range openings(transport) {
			if test.opening.Failure == nil {
				test.opening.Refusal = test.name
			}
			ev := refusedProbe(session(transport, test.opening), ends(test.end))
			run(ev).Opening.Refusal = test.opening.Refusal
			name := string(transport) + ": " + test.name
			if got := Diagnose(ev); got.Verdict != test.verdict {
				t.Errorf("%s: %s, want %s", name, got.Verdict, test.verdict)
			}
			checkDiagnosis(t, name, ev)
		}
	}
}

// TestEquivalents: the terms of a transport have an entry, and explain finds it.
func TestEquivalents(t *testing.T) {
	t.Parallel()
	told := 0
	for _, transport := range everyTransport() {
		for _, test := range openings(transport) {
			got := readOpening(&test.opening)
			if got.entry != "" && codes.ByID(got.entry) == nil {
				t.Errorf("%s: the catalogue has no entry %q", test.name, got.entry)
			}
			if got.term == "" {
				continue
			}
			told++
			if entries := codes.Lookup(got.term); len(entries) == 0 || entries[0].ID != got.entry {
				t.Errorf("%s: explain %q does not show the entry %s", test.name, got.term, got.entry)
			}
		}
	}
	if told < 50 {
		t.Errorf("only %d openings have their own term", told)
	}
}

// TestOpeningText: the text for a refused session, and the query for explain.
func TestOpeningText(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change change
		text   string
		query  string
		class  int
	}{
		"CONNACK":         {connack(5), "the session was refused: CONNACK 5: as it was", "CONNACK 5", 401},
		"CONNACK 3":       {connack(3), "the session was refused: CONNACK 3: as it was", "CONNACK 3", 0},
		"SUBACK":          {suback(), "the session was refused: refused", "SUBACK 0x80", 0},
		"SASL":            {sasl(4), "the session was refused: refused", "SASL outcome 4", 503},
		"no mechanism":    {sasl(0, "ANONYMOUS"), "the session was refused: refused", "", 0},
		"handshake":       {upgrade(probe.MQTTWS, 403, ""), "the session was refused: refused", "", 0},
		"handshake later": {upgrade(probe.MQTTWS, 429, ""), "the session was refused: refused", "429", 429},
		"subprotocol":     {upgrade(probe.MQTTWS, 101, ""), "the session was refused: refused", "websocket subprotocol", 0},
		"condition": {
			condition(probe.LayerAMQPOpen, "amqp:not-found", "no\x1b such"),
			`the session was refused (amqp:not-found) ("no\x1b such")`, "amqp:not-found", 404,
		},
		"condition with a code": {
			condition(probe.LayerAMQPAttach, "amqp:unauthorized-access", overAMQP),
			`the session was refused (amqp:unauthorized-access) with error code 401002 ("IotHubUnauthorizedAccess")`, "401002", 401,
		},
		"condition of a call": {
			answer(probe.Answer{Condition: "amqp:not-allowed", Body: dps.ParseBody([]byte("no"))}),
			`the call was refused (amqp:not-allowed) ("no")`, "amqp:not-allowed", 0,
		},
		"a long refusal": {
			session(probe.MQTT, probe.Opening{Layer: probe.LayerMQTTConnect, Status: 9, Refusal: strings.Repeat("x", 500)}),
			"the session was refused: " + strings.Repeat("x", maxQuoted) + "...", "", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := refusalOf(run(refusedProbe(test.change)))
			if r.String() != test.text || r.query() != test.query || r.class() != test.class {
				t.Errorf("%s, query %q, class %d, want %s, %q, %d", r, r.query(), r.class(), test.text, test.query, test.class)
			}
		})
	}
}

// TestLostText: a run that ended without a usable answer says how.
func TestLostText(t *testing.T) {
	t.Parallel()
	for kind, want := range map[netfail.Kind]string{
		netfail.Timeout:  "the connection was made, but no answer came in time",
		netfail.Reset:    "the connection was cut before an answer came",
		netfail.Protocol: "no usable answer came: as it was",
		netfail.Other:    "no usable answer came: as it was",
	} {
		ev := refusedProbe(wordless(probe.AMQP, probe.LayerAMQPOpen, kind, probe.EndRefused))
		if got := newCases(ev, compare(ev))[0].event(); got != want {
			t.Errorf("%s: %s", kind, got)
		}
	}
	if got := lostText(&netfail.Failure{Kind: netfail.Other}); got != "no usable answer came: other" {
		t.Errorf("without a text: %s", got)
	}
}

// TestOpeningIsAnAnswer: a peer that refuses a session was reached.
func TestOpeningIsAnAnswer(t *testing.T) {
	t.Parallel()
	for name, alter := range map[string]change{
		"CONNACK": connack(3), "handshake": upgrade(probe.AMQPWS, 404, ""),
		"another protocol": wordless(probe.AMQP, probe.LayerSASL, netfail.Protocol, probe.EndRefused),
	} {
		d := Diagnose(refusedProbe(alter))
		for _, id := range []string{"network-unreachable", "port-blocked"} {
			if !slices.Contains(outOf(d), id) {
				t.Errorf("%s: %s is not ruled out, only %s", name, id, outOf(d))
			}
		}
	}
	silence := Diagnose(refusedProbe(wordless(probe.MQTT, probe.LayerMQTTConnect, netfail.Reset, probe.EndCut)))
	if diff := cmp.Diff([]string{"allows proxy-interference", "allows network-unreachable", "allows service-transient"}, causesOf(silence)); diff != "" {
		t.Errorf("a cut (-want +got):\n%s", diff)
	}
}
