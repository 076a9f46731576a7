package monitor

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/monitor/monitortest"
)

// told is what was read of a text: a line for each record with all its fields, and what was damaged.
type told []string

func tell(b *batch) told {
	var t told
	for i := range b.records {
		r := &b.records[i]
		t = append(t, fmt.Sprintf("line %d class %d at %d hash %x of %x: %q %q %q %q %q %q %q %q %q", r.line, r.class, r.at, r.hash, r.deviceHash,
			r.result, r.signature, r.description, r.operation, r.correlation, r.device, r.kind, r.protocol, r.resource))
	}
	return append(t, fmt.Sprintf("%d unreadable, partial %t", b.unreadable, b.partial))
}

// ways are the ways to read a text, by layout and member by member. A batch that is never reset learns no
// layout.
type ways struct {
	byLayout job
	byMember batch
}

func newWays() *ways {
	seed := maphash.MakeSeed()
	return &ways{job{line: 1, batch: batch{seed: seed}}, batch{seed: seed}}
}

// check reads a text in all ways.
func (w *ways) check(t *testing.T, text []byte) {
	t.Helper()
	want := w.linesByMember(text)
	w.byLayout.batch.layouts = layouts{}
	for _, what := range []string{"lines", "the same lines again"} { // with the layouts that were learned
		if diff := cmp.Diff(want, w.linesByLayout(text)); diff != "" {
			t.Errorf("%q: %s (-by member +by layout):\n%s", text, what, diff)
		}
	}
	w.clearMember()
	want = streamed(text, &w.byMember)
	w.byLayout.batch.reset()
	if diff := cmp.Diff(want, streamed(text, &w.byLayout.batch)); diff != "" {
		t.Errorf("%q: stream (-by member +by layout):\n%s", text, diff)
	}
}

// clearMember empties the batch without layouts.
func (w *ways) clearMember() {
	w.byMember = batch{seed: w.byMember.seed, arena: w.byMember.arena}
	w.byMember.arena.reset()
}

func (w *ways) linesByMember(text []byte) told {
	w.clearMember()
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !w.byMember.readLine(line, i+1) {
			break
		}
	}
	return tell(&w.byMember)
}

func (w *ways) linesByLayout(text []byte) told {
	w.byLayout.text = text
	w.byLayout.read()
	return tell(&w.byLayout.batch)
}

func streamed(text []byte, b *batch) told {
	s := stream{text: text, ended: true, line: 1, batch: b}
	for s.peek() {
		s.element()
	}
	return tell(b)
}

// recordLines are pairs of records that have a layout in common, in the ways in which members come.
func recordLines() map[string][2]string {
	return map[string][2]string{
		"storage": {
			`{"time":"2026-11-29T10:15:30.1203381Z","resourceId":"/S/0/PROVISIONINGSERVICES/MYDPS","operationName":"AttestationAttempt","category":"DeviceOperations","resultType":"Success","resultSignature":"","resultDescription":"","durationMs":"226","correlationId":"c-1","properties":"{\"id\":\"sensor-17\",\"type\":\"Registration\",\"protocol\":\"Mqtt\"}"}`,
			`{"time":"2026-11-29T10:16:31.5Z","resourceId":"/S/0/PROVISIONINGSERVICES/OTHER","operationName":"AttestationAttempt","category":"DeviceOperations","resultType":"ClientError","resultSignature":"401","resultDescription":"401002: no","durationMs":"6","correlationId":"c-2","properties":"{\"id\":\"s-1\",\"type\":\"Registration\",\"protocol\":\"Http\"}"}`,
		},
		"numbers and an object": {
			`{"category":"DeviceOperations","time":"2026-11-29T10:15:30Z","resultType":"ClientError","resultSignature":401,"durationMs":-1.5e3,"level":4,"ok":true,"properties":{"id":"a","protocol":"Mqtt","n":1},"correlationId":"c-1"}`,
			`{"category":"DeviceOperations","time":"2026-11-29T10:15:31Z","resultType":"ClientError","resultSignature":null,"durationMs":40,"level":2,"ok":false,"properties":{"id":"b","protocol":"Http","n":2},"correlationId":"c-2"}`,
		},
		"spaces": {
			`{ "time" : "2026-11-29T10:15:30Z" , "category":	"DeviceOperations", "resultType" : "Success" , "properties" : "{ \"id\" : \"a\" , \"protocol\":\"Mqtt\" } " } `,
			`{ "time" : "2026-11-29T10:15:39Z" , "category":	"DeviceOperations", "resultType" : "Failure" , "properties" : "{ \"id\" : \"bc\" , \"protocol\":\"Http\" } " } `,
		},
		"doubled": {
			`{"TimeGenerated":"2026-11-29T10:15:30Z","Category":"DeviceOperations","ResultType":"","resultType":"Success","ResourceId":"/S/PROVISIONINGSERVICES/A","_ResourceId":"/s/provisioningservices/a","properties_s":"{\"id\":\"a\",\"id\":\"b\"}"}`,
			`{"TimeGenerated":"2026-11-29T10:15:31Z","Category":"DeviceOperations","ResultType":"Odd","resultType":"","ResourceId":"","_ResourceId":"/s/provisioningservices/b","properties_s":"{\"id\":\"c\",\"id\":\"\"}"}`,
		},
		"properties twice": {
			`{"time":"2026-11-29T10:15:30Z","category":"DeviceOperations","resultType":"Success","properties":"{\"id\":\"b\"}","properties_s":"{\"protocol\":\"a\"}"}`,
			`{"time":"2026-11-29T10:15:30Z","category":"DeviceOperations","resultType":"Success","properties":"{\"id\":\"b\"}","properties_s":"{\"protocol\":\"b\"}"}`,
		},
		"escapes": {
			`{"time":"2026-11-29T10:15:30Z","category":"DeviceOperations","resultType":"ClientError","resultDescription":"a \"quoted\" word","properties":"{\"id\":\"a\\\"b\",\"protocol\":\"Mq\u0074t\"}"}`,
			`{"time":"2026-11-29T10:15:31Z","category":"DeviceOperations","resultType":"ClientError","resultDescription":"a\nb","properties":"{\"id\":\"c\\u0064\",\"protocol\":\"Mqtt\"}"}`,
		},
		"properties with the end of a line": {
			`{"time":"2026-11-29T10:15:30Z","category":"DeviceOperations","resultType":"Success","properties":"{\"a\":\"x\ny\",\"id\":\"s-1\"}"}`,
			`{"time":"2026-11-29T10:15:31Z","category":"DeviceOperations","resultType":"Success","properties":"{\"a\":\"x\ny\",\"id\":\"s-2\"}"}`,
		},
		"two ids": {
			`{"time":"2026-11-29T10:15:30Z","category":"DeviceOperations","resultType":"Success","properties":{"id":"a","registrationId":null}}`,
			`{"time":"2026-11-29T10:15:31Z","category":"DeviceOperations","resultType":"Success","properties":{"id":"b","registrationId":null}}`,
		},
		"cut properties": {
			`{"time":"2026-11-29T10:15:30Z","category":"DeviceOperations","resultType":"Success","properties":"{\"id\":\"a\",\"type\":\"Reg"}`,
			`{"time":"2026-11-29T10:15:31Z","category":"DeviceOperations","resultType":"Success","properties":"{\"id\":\"b\",\"type\":\"Reg"}`,
		},
		"deep": {
			`{"time":"2026-11-29T10:15:30Z","category":"ServiceOperations","operationName":"Upsert","identity":{"a":{"b":["x"]}},"properties":{"id":"a","more":{"id":"z"},"list":[1,2]}}`,
			`{"time":"2026-11-29T10:15:31Z","category":"ServiceOperations","operationName":"Delete","identity":{"a":{"b":["y"]}},"properties":{"id":"b","more":{"id":"y"},"list":[3]}}`,
		},
		"nothing": {`{}`, `{"a":"b"}`},
		"a list":  {`{"time":"1","records":[{"category":"DeviceOperations","resultType":"x"}]}`, `{"time":"2","records":"none"}`},
		"columns": {`{"time":"1","columns":[{"name":"time"}],"rows":[["2026-11-29T10:15:30Z"]]}`, `{"time":"2","columns":"","rows":""}`},
	}
}

// TestLayouts: records are read by their layout as they are member by member, in the order in which
// they come, with the ends of lines of every system, with commas, doubled, and cut anywhere.
func TestLayouts(t *testing.T) {
	t.Parallel()
	for name, pair := range recordLines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b, w := pair[0], pair[1], newWays()
			lines := []string{a, b, a, a + b, b + ",", " " + a, "", b + "]", a, hubLine, b}
			for _, end := range []string{"\n", "\r\n", ",\n", " \n\n"} {
				w.check(t, []byte(strings.Join(lines, end)))
			}
			all := strings.Join([]string{a, b, b, a}, "\n")
			for cut := range len(all) {
				w.check(t, []byte(all[:cut]))
			}
		})
	}
}

const hubLine = `{"time":"2026-11-29T10:15:50Z","resourceId":"/S/IOTHUBS/HUB","operationName":"deviceConnect","category":"Connections","resultType":"404104","properties":"{\"deviceId\":\"sensor-17\"}"}`

// TestLayoutsOfChangedRecords changes, puts in and takes out each byte of a record after others of its
// layout.
func TestLayoutsOfChangedRecords(t *testing.T) {
	t.Parallel()
	for name, pair := range recordLines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b, w := pair[0], pair[1], newWays()
			before := a + "\n" + b + "\n"
			for i := range len(a) {
				w.check(t, []byte(before+a[:i]+a[i+1:]+"\n"+b))
				for _, c := range []string{`"`, `\`, "}", ",", "\n"} {
					w.check(t, []byte(before+a[:i]+c+a[i:]+"\n"+b))
				}
				w.check(t, []byte(before+a[:i]+"é"+a[i+1:]+"\n"+b))
			}
		})
	}
}

// TestLayoutsOfSamples reads the samples of every shape in both ways.
func TestLayoutsOfSamples(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "monitor", "*"))
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d samples, %v", len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		newWays().check(t, text)
	}
}

// TestLayoutsAreLearned: of the records of a fleet, those of a day are read by few layouts, and a text
// whose records all differ is not learned from without end.
func TestLayoutsAreLearned(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	if err := monitortest.WriteLines(&text, monitortest.Faulty().Small(10).Events()); err != nil {
		t.Fatal(err)
	}
	w := newWays()
	w.check(t, []byte(text.String()))
	w.linesByLayout([]byte(text.String()))
	if learned := w.byLayout.batch.layouts; learned.lessons != lessons || len(learned.known) > 4 {
		t.Errorf("%d lessons the second time, %d layouts", lessons-learned.lessons, len(learned.known))
	}

	var odd strings.Builder
	for i := range 200 {
		fmt.Fprintf(&odd, `{"key%d":"x","time":"2026-11-29T10:15:30Z","category":"DeviceOperations","resultType":"Success"}`+"\n", i)
	}
	w.check(t, []byte(odd.String()))
	if learned := w.byLayout.batch.layouts; learned.lessons != 0 || len(learned.known) != maxLayouts {
		t.Errorf("%d lessons left, %d layouts", learned.lessons, len(learned.known))
	}
}

// FuzzLayouts: a text is read the same by layouts and member by member.
func FuzzLayouts(f *testing.F) {
	for _, pair := range recordLines() {
		f.Add([]byte(pair[0] + "\n" + pair[1] + "\n" + pair[0]))
		f.Add([]byte("[" + pair[1] + "," + pair[0] + "," + pair[1] + "]"))
	}
	f.Fuzz(func(t *testing.T, text []byte) { newWays().check(t, text) })
}
