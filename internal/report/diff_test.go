package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/schematest"
)

// saved is a probe as it comes back from its JSON, after a change.
func saved(t *testing.T, doc *Probe, alter func(*Probe)) *Probe {
	t.Helper()
	document, err := Read(bytes.NewReader(render(t, doc, "json", Options{})))
	if err != nil {
		t.Fatal(err)
	}
	read := document.(*Probe)
	if alter != nil {
		alter(read)
	}
	return read
}

// probeSample is the probe of that name among the samples.
func probeSample(t *testing.T, name string) *Probe {
	t.Helper()
	for _, s := range probeSamples() {
		if doc, ok := s.doc.(*Probe); ok && s.name == name {
			return doc
		}
	}
	t.Fatalf("there is no sample %s", name)
	return nil
}

func diffSamples() []sample {
	named := map[string]*Probe{}
	for _, s := range probeSamples() {
		if doc, ok := s.doc.(*Probe); ok {
			named[s.name] = doc
		}
	}
	return []sample{
		{"diff-fault", NewDiff("good.json", named["probe-healthy"], "bad.json", named["probe-fault"])},
		{"diff-nothing", NewDiff("good.json", named["probe-healthy"], "again.json", named["probe-healthy"])},
		{"diff-hostile", NewDiff("good.json", named["probe-healthy"], hostileText, named["probe-hostile"])},
	}
}

// TestDiff changes one thing of a probe at a time.
func TestDiff(t *testing.T) {
	t.Parallel()
	stage := func(d *Probe, id string) *Stage {
		for i := range d.Runs[0].Stages {
			if d.Runs[0].Stages[i].ID == id {
				return &d.Runs[0].Stages[i]
			}
		}
		t.Fatalf("no stage %s", id)
		return nil
	}
	over := []string{"https"}
	for name, test := range map[string]struct {
		good, bad func(*Probe)
		want      []Difference
	}{
		"nothing": {},
		"what differs from probe to probe": {bad: func(d *Probe) {
			d.StartedAt, d.DurationMS, d.Tool.Version = "2027-01-01T00:00:00Z", 5000, "9"
			d.Target.RegistrationID = "other-18"
			d.Runs[0].Reply.DeviceID = strings.ReplaceAll(d.Runs[0].Reply.DeviceID, "sensor-17", "other-18")
			d.Runs[0].Reply.TrackingID, d.Runs[0].Reply.OperationID = "1", "2"
			stage(d, "register").Detail = "accepted, in other words"
		}},
		"an outcome, with what was skipped after it": {
			bad: func(d *Probe) {
				*stage(d, "tls") = Stage{ID: "tls", Outcome: "failed", Detail: "the peer sent nothing"}
				for _, id := range []string{"open", "register", "assign"} {
					*stage(d, id) = Stage{ID: id, Outcome: "skipped", Needs: "tls"}
				}
				d.Runs[0].Reply = Reply{}
			},
			want: []Difference{{"stage", "tls", over, "", "failed: the peer sent nothing"}},
		},
		"why the same stage failed": {
			good: func(d *Probe) { stage(d, "resolve").Outcome, stage(d, "resolve").Detail = "failed", "one 123" },
			bad:  func(d *Probe) { stage(d, "resolve").Outcome, stage(d, "resolve").Detail = "failed", "another" },
			want: []Difference{{"stage", "resolve", over, "failed: one 123", "failed: another"}},
		},
		"a failure before a warning": {
			bad: func(d *Probe) {
				stage(d, "connect").Outcome, stage(d, "connect").Detail = "warned", "the second address"
				stage(d, "assign").Outcome, stage(d, "assign").Detail = "failed", "400207"
				stage(d, "assign").DurationMS = 0
			},
			want: []Difference{{"stage", "assign", over, "", "failed: 400207"}, {"stage", "connect", over, "", "warned: the second address"}},
		},
		"the answer": {
			bad:  func(d *Probe) { d.Runs[0].Reply.AssignedHub, d.Runs[0].Reply.HTTPStatus = "other.example", 202 },
			want: []Difference{{"answer", "HTTP status", over, "200", "202"}, {"answer", "hub", over, "", "other.example"}},
		},
		"ids within a message": {
			good: func(d *Probe) {
				d.Runs[0].Reply.ErrorMessage = "no 5a2f6c0e-0000-4000-8000-000000000001 at 2026-11-22T09:30:01Z"
			},
			bad: func(d *Probe) {
				d.Runs[0].Reply.ErrorMessage = "no 5a2f6c0e-0000-4000-8000-000000000002 at 2026-11-23T09:30:01Z"
			},
		},
		"causes": {
			bad:  func(d *Probe) { d.Causes = []Cause{{ID: "throttled", Strength: "proves"}} },
			want: []Difference{{"cause", "causes", []string{}, "", "throttled (proves)"}},
		},
		"the target": {
			bad:  func(d *Probe) { d.Target.IDScope = "0ne00FFFFFF" },
			want: []Difference{{"target", "id scope", []string{}, "0ne0045B3C6", "0ne00FFFFFF"}},
		},
		"the certificates and TLS": {
			good: func(d *Probe) {
				stage(d, "tls").Facts = map[string]string{"chain": "a, b, issued by c", "root": "c", "version": "TLS 1.3", "cipher": "x"}
			},
			bad: func(d *Probe) {
				stage(d, "tls").Facts = map[string]string{"chain": "a, issued by Proxy", "version": "TLS 1.2", "cipher": "x"}
			},
			want: []Difference{
				{"certificates", "chain", over, "a, b, issued by c", "a, issued by Proxy"},
				{"tls", "version", over, "TLS 1.3", "TLS 1.2"},
			},
		},
		"addresses, in any order": {
			good: func(d *Probe) { stage(d, "resolve").Facts = map[string]string{"addresses": "192.0.2.1, 192.0.2.2"} },
			bad:  func(d *Probe) { stage(d, "resolve").Facts = map[string]string{"addresses": "192.0.2.2, 192.0.2.1"} },
		},
		"other addresses": {
			good: func(d *Probe) { stage(d, "resolve").Facts = map[string]string{"addresses": "192.0.2.1"} },
			bad:  func(d *Probe) { stage(d, "resolve").Facts = map[string]string{"addresses": "10.0.0.4"} },
			want: []Difference{{"addresses", "addresses", over, "192.0.2.1", "10.0.0.4"}},
		},
		"a warning": {
			bad:  func(d *Probe) { d.Warnings = []Warning{{"device-clock-wrong", "2 hours behind"}} },
			want: []Difference{{"warning", "device-clock-wrong", []string{}, "", "2 hours behind"}},
		},
		"times of one order": {
			good: func(d *Probe) { stage(d, "connect").DurationMS = 20 },
			bad:  func(d *Probe) { stage(d, "connect").DurationMS = 199 },
		},
		"times that nobody notices": {
			good: func(d *Probe) { stage(d, "connect").DurationMS = 1 },
			bad:  func(d *Probe) { stage(d, "connect").DurationMS = 99 },
		},
		"times by an order of magnitude": {
			good: func(d *Probe) { stage(d, "connect").DurationMS = 20 },
			bad:  func(d *Probe) { stage(d, "connect").DurationMS = 1500 },
			want: []Difference{{"time", "connect", over, "20 ms", "1.5 s"}},
		},
		"the transport": {
			bad:  func(d *Probe) { d.Runs[0].Transport = "amqp" },
			want: []Difference{{"transport", "transport", []string{}, "https", "amqp"}},
		},
		"a transport more, and the same over two": {
			good: func(d *Probe) {
				d.Runs = append(d.Runs, d.Runs[0])
				d.Runs[1].Transport = "mqtt"
			},
			bad: func(d *Probe) {
				d.Runs[0].Reply.HTTPStatus = 202
				d.Runs = append(d.Runs, d.Runs[0], d.Runs[0])
				d.Runs[1].Transport, d.Runs[2].Transport = "mqtt", "amqp"
			},
			want: []Difference{
				{"answer", "HTTP status", []string{"https", "mqtt"}, "200", "202"},
				{"transport", "amqp", []string{}, "not probed", "probed"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := saved(t, probeSample(t, "probe-healthy"), test.good)
			d := NewDiff("good.json", good, "bad.json", saved(t, probeSample(t, "probe-healthy"), test.bad))
			want := test.want
			for i := range want {
				if w := &want[i]; w.Good == "" { // what the sample has
					w.Good = sampleHas(good, w)
				}
			}
			if diff := cmp.Diff(append([]Difference{}, want...), d.Differences); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if d.ExitCode != min(len(want), 1) {
				t.Errorf("exit status %d", d.ExitCode)
			}
		})
	}
}

// sampleHas is what the healthy sample has where the bad one differs.
func sampleHas(d *Probe, diff *Difference) string {
	switch diff.Kind {
	case diffStage:
		for _, s := range d.Runs[0].Stages {
			if s.ID == diff.Name {
				return s.outcomeText()
			}
		}
	case diffAnswer:
		return d.Runs[0].Reply.AssignedHub
	}
	return ""
}

func TestDiffFollowsItsSchema(t *testing.T) {
	t.Parallel()
	schema := schematest.Load(t, "diff-1")
	for _, s := range diffSamples() {
		schema.Check(t, s.name, render(t, s.doc, "json", Options{}))
	}
	var doc map[string]any
	if err := json.Unmarshal(render(t, diffSamples()[0].doc, "json", Options{}), &doc); err != nil {
		t.Fatal(err)
	}
	doc["exit_code"] = 0.0
	if schema.Accepts(doc) {
		t.Error("differences with exit status 0 are accepted")
	}
}
