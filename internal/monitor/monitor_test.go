package monitor_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/logtext"
	"dpsdiag/internal/monitor"
	"dpsdiag/internal/monitor/monitortest"
)

// sampleText is a file of testdata/monitor: the records R1 to R11 of the reference, in the shapes that
// Azure has for them.
func sampleText(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "monitor", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func summarise(t testing.TB, inputs ...string) *monitor.Summary {
	t.Helper()
	c := monitor.NewCollector()
	for i, in := range inputs {
		if err := c.Read(strings.NewReader(in), fmt.Sprintf("input %d", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	return c.Summary()
}

// outline is what a test compares of a summary, a line for each thing.
func outline(s *monitor.Summary) []string {
	d := s.Devices
	lines := []string{fmt.Sprintf("%d seen, %d fail, %d recovered, %d never succeeded", d.Seen, d.Failing, d.Recovered, d.NeverSucceeded)}
	for _, k := range s.Clusters {
		var ids []string
		for _, e := range k.Examples {
			ids = append(ids, e.ID)
		}
		lines = append(lines, fmt.Sprintf("%d %d %s %q: %d devices, %d now, %s since %s", k.Status, k.Code, k.Protocol, k.Message, k.Devices, k.Failing, strings.Join(ids, " "), k.Since.Format("15:04:05")))
	}
	return lines
}

// The outlines of the samples.
func storageOutline() []string {
	return []string{
		"6 seen, 5 fail, 0 recovered, 5 never succeeded",
		`401 401002 Http "401002: CA certificate not found.": 1 devices, 1 now, sensor-18 since 10:15:41`,
		`401 0 Amqp "Unauthorized": 1 devices, 1 now, edge-gw-02 since 10:15:44`,
		`429 429001 Mqtt "429001: Operations are being throttled for this tenant.": 1 devices, 1 now, sensor-44 since 10:16:02`,
		`404 404201 Http "404201: Not found": 1 devices, 1 now, press-07 since 10:16:05`,
		`500 0 Mqtt "": 1 devices, 1 now, sensor-19 since 10:17:11`,
	}
}

func oneOutline() []string {
	return []string{
		"1 seen, 1 fail, 0 recovered, 1 never succeeded",
		`401 401002 Http "401002: CA certificate not found.": 1 devices, 1 now, sensor-18 since 10:15:41`,
	}
}

// TestSamples: R1 to R11, each shape alone.
func TestSamples(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		shape   monitor.Shape
		outline []string
	}{
		"storage.json": {monitor.ShapeLines, storageOutline()},
		"eventhub.json": {monitor.ShapeEnvelope, []string{
			"2 seen, 2 fail, 0 recovered, 2 never succeeded",
			`401 401002 Http "401002: CA certificate not found.": 1 devices, 1 now, sensor-18 since 10:15:41`,
			`401 0 Mqtt "Invalid certificate": 1 devices, 1 now, sensor-20 since 10:19:00`,
		}},
		"query.json":  {monitor.ShapeArray, oneOutline()},
		"tables.json": {monitor.ShapeTables, oneOutline()},
		"portal.csv":  {monitor.ShapeCSV, oneOutline()},
	} {
		s := summarise(t, sampleText(t, name))
		if diff := cmp.Diff(want.outline, outline(s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if in := s.Inputs[0]; in.Shape != want.shape || in.Unreadable+in.Foreign+in.Repeated != 0 {
			t.Errorf("%s: %+v", name, in)
		}
	}
}

// TestWhatIsNotADevice: the call of an operator that was refused is not a device that fails, and one that
// changed something is named.
func TestWhatIsNotADevice(t *testing.T) {
	t.Parallel()
	s := summarise(t, sampleText(t, "storage.json"))
	if s.Service != (monitor.Service{Records: 2, Failed: 1}) {
		t.Errorf("%+v", s.Service)
	}
	if len(s.Changes) != 1 || s.Changes[0].Operation != "Upsert" || s.Changes[0].ID != "sensor-18" || s.Changes[0].Count != 1 {
		t.Errorf("%+v", s.Changes)
	}
}

// hubRecord is a record of another service.
const hubRecord = `{"time":"2026-11-29T10:15:50Z","resourceId":"/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.DEVICES/IOTHUBS/HUB","operationName":"deviceConnect","category":"Connections","resultType":"404104","resultDescription":"DeviceConnectionClosedRemotely","level":"Error","properties":"{\"deviceId\":\"sensor-17\"}"}`

// shapesOf are the records of storage.json in every shape.
func shapesOf(t *testing.T) map[string]string {
	lines := strings.Split(strings.TrimSpace(sampleText(t, "storage.json")), "\n")
	joined := strings.Join(lines, ",")
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte("["+joined+"]"), "", "  "); err != nil {
		t.Fatal(err)
	}
	var objects strings.Builder
	for _, line := range lines {
		var one bytes.Buffer
		if err := json.Indent(&one, []byte(line), "", "\t"); err != nil {
			t.Fatal(err)
		}
		objects.WriteString(one.String() + "\n")
	}
	columns := []string{"time", "category", "operationName", "resultType", "resultSignature", "resultDescription", "correlationId", "resourceId", "properties"}
	var header, rows []string
	var table bytes.Buffer
	w := csv.NewWriter(&table)
	var names []string
	for _, column := range columns {
		name := map[string]string{"time": "TimeGenerated", "properties": "properties_s"}[column]
		if name == "" {
			name = strings.ToUpper(column[:1]) + column[1:]
		}
		names = append(names, name)
		header = append(header, fmt.Sprintf(`{"name":%q,"type":"string"}`, name))
	}
	if err := w.Write(names); err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		var members map[string]string
		if err := json.Unmarshal([]byte(line), &members); err != nil {
			t.Fatal(err)
		}
		var row []string
		for _, column := range columns {
			row = append(row, members[column])
		}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
		cells, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, string(cells))
	}
	w.Flush()
	return map[string]string{
		"lines":              strings.Join(lines, "\n") + "\n",
		"array":              "[" + joined + "]",
		"array over lines":   pretty.String(),
		"objects over lines": objects.String(),
		"envelope":           `{"records":[` + joined + `]}`,
		"envelopes":          `{"records":[` + strings.Join(lines[:3], ",") + "]}\n" + `{"records":[` + strings.Join(lines[3:], ",") + `],"more":{"than":"this"}}`,
		"envelope indented":  "{\n \"records\": " + pretty.String() + "\n}",
		"tables":             `{"tables":[{"name":"PrimaryResult","columns":[` + strings.Join(header, ",") + `],"rows":[` + strings.Join(rows, ",") + `]}]}`,
		"csv":                table.String(),
	}
}

// TestEveryShapeSaysTheSame also packs, marks and breaks each shape as files are.
func TestEveryShapeSaysTheSame(t *testing.T) {
	t.Parallel()
	for name, text := range shapesOf(t) {
		for way, in := range map[string]string{
			"as it is":     text,
			"with a mark":  "\ufeff" + text,
			"with CRLF":    strings.ReplaceAll(text, "\n", "\r\n"),
			"packed":       packed(t, text),
			"packed twice": packed(t, text[:len(text)/2]) + packed(t, text[len(text)/2:]),
			"as UTF-16":    wide(text),
			"after blanks": "\n \n" + text,
		} {
			s := summarise(t, in)
			if diff := cmp.Diff(storageOutline(), outline(s)); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", name, way, diff)
			}
			if in := s.Inputs[0]; in.Unreadable+in.Foreign != 0 || in.Records != 8 {
				t.Errorf("%s %s: %+v", name, way, in)
			}
		}
	}
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCutGzip: a file that is cut counts as damaged in every shape, also where a record ends just there.
func TestCutGzip(t *testing.T) {
	t.Parallel()
	for name, text := range shapesOf(t) {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, strings.Repeat(text, 1000)) // more than what is looked at first
		_ = w.Flush()
		in := summarise(t, b.String()).Inputs[0]
		if !in.BadGzip || in.Unreadable == 0 || in.Records == 0 {
			t.Errorf("%s: %+v", name, in)
		}
	}
}

func wide(text string) string {
	b := []byte("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

// TestDoubled: a record that comes twice counts once, in one shape or in several.
func TestDoubled(t *testing.T) {
	t.Parallel()
	shapes := shapesOf(t)
	for name, text := range shapes {
		s := summarise(t, text, shapes["lines"], text)
		if diff := cmp.Diff(storageOutline(), outline(s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if s.DeviceRecords != 6 || s.Inputs[1].Repeated != 8 || s.Inputs[2].Repeated != 8 {
			t.Errorf("%s: %d attempts, %+v", name, s.DeviceRecords, s.Inputs)
		}
	}
}

// TestForeign: records of a hub among those of the service are counted and left out.
func TestForeign(t *testing.T) {
	t.Parallel()
	lines := strings.SplitAfter(sampleText(t, "storage.json"), "\n")
	for name, in := range map[string]string{
		"lines": strings.Join(slices.Insert(slices.Clone(lines), 4, hubRecord+"\n"), ""),
		"array": "[" + strings.ReplaceAll(strings.TrimSpace(strings.Join(slices.Insert(slices.Clone(lines), 4, hubRecord+"\n"), "")), "\n", ",") + "]",
	} {
		s := summarise(t, in)
		if diff := cmp.Diff(storageOutline(), outline(s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if s.Inputs[0].Foreign != 1 || s.Inputs[0].Unreadable != 0 {
			t.Errorf("%s: %+v", name, s.Inputs[0])
		}
	}
	if s := summarise(t, hubRecord+"\n"); s.Inputs[0].Records != 0 || s.Inputs[0].Foreign != 1 {
		t.Errorf("a hub alone: %+v", s.Inputs[0])
	}
}

// TestCut cuts every shape at every byte: nothing panics, no device is invented, and of lines all but
// the last are read.
func TestCut(t *testing.T) {
	t.Parallel()
	known := []string{"sensor-17", "sensor-18", "edge-gw-02", "sensor-44", "press-07", "sensor-19"}
	for name, text := range shapesOf(t) {
		for end := 0; end <= len(text); end += 13 {
			c := monitor.NewCollector()
			if err := c.Read(strings.NewReader(text[:end]), name); err != nil {
				if _, binary := errors.AsType[*logtext.BinaryError](err); !binary {
					t.Fatalf("%s cut at %d: %v", name, end, err)
				}
			}
			s := c.Summary()
			for _, k := range s.Clusters {
				for _, e := range k.Examples {
					if !slices.Contains(known, e.ID) {
						t.Errorf("%s cut at %d: a device %q", name, end, e.ID)
					}
				}
			}
			if whole := strings.Count(text[:end], "\n"); name == "lines" && s.Inputs[0].Records < whole {
				t.Errorf("cut at %d: %d records of %d lines", end, s.Inputs[0].Records, whole)
			}
		}
	}
}

// TestDamage: what is damaged is counted, and what follows is read.
func TestDamage(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(sampleText(t, "storage.json")), "\n")
	cut := lines[2][:len(lines[2])/2]
	for name, test := range map[string]struct {
		in         string
		unreadable int
		failing    int
	}{
		"a cut line":              {cut + "\n" + lines[3] + "\n" + lines[4] + "\n", 1, 2},
		"text between lines":      {lines[3] + "\n--- rotated ---\n" + lines[4] + "\n", 1, 2},
		"a broken escape":         {strings.Replace(lines[3], `\"id\"`, `\q\"id\"`, 1) + "\n" + lines[4] + "\n", 0, 1},
		"a cut record of several": {"[" + cut + "\n," + lines[3] + ",\n" + lines[4] + "]", 1, 2},
		"an array after lines":    {lines[3] + "\n[\n" + lines[4] + ",\n" + lines[5] + "\n]\n" + lines[6] + "\n", 0, 4},
		"two records on a line":   {lines[3] + lines[4] + "\n", 0, 2},
		"commas after lines":      {lines[3] + ",\n" + lines[4] + ",\n", 0, 2},
		"null and numbers":        {`{"time":"2026-11-29T10:00:00Z","category":"DeviceOperations","resultType":"ClientError","resultSignature":401,"resultDescription":null,"properties":{"id":"x-1","type":null,"protocol":"Mqtt"}}`, 0, 1},
		"other letter case":       {strings.NewReplacer("category", "CATEGORY", "resultType", "ResultType").Replace(lines[3]), 0, 1},
	} {
		s := summarise(t, test.in)
		if s.Inputs[0].Unreadable != test.unreadable || s.Devices.Failing != test.failing {
			t.Errorf("%s: %d unreadable, %d fail; want %d and %d", name, s.Inputs[0].Unreadable, s.Devices.Failing, test.unreadable, test.failing)
		}
	}
}

// TestOneLongLine: an envelope of many records on one line, longer than any buffer.
func TestOneLongLine(t *testing.T) {
	t.Parallel()
	events := monitortest.Faulty().Small(20).Events()
	var b strings.Builder
	for len(events) > 0 && b.Len() < 6<<20 {
		for i := range events {
			events[i].Number += len(events)
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			b.WriteString(events[i].Storage())
		}
	}
	s := summarise(t, `{"records":[`+b.String()+`]}`)
	if in := s.Inputs[0]; in.Unreadable+in.Foreign != 0 || in.Shape != monitor.ShapeEnvelope || in.Records < 8000 || s.Devices.Seen != 250+0 {
		t.Errorf("%+v, %d devices", in, s.Devices.Seen)
	}
}

// endless repeats a character after a beginning, as often as is left, and watches the heap.
type endless struct {
	head string
	fill byte
	left int
	most uint64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	if e.head != "" {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	if e.left%(8<<20) < len(p) {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		e.most = max(e.most, stats.HeapAlloc)
	}
	n := min(len(p), e.left)
	e.left -= n
	for i := range p[:n] {
		p[i] = e.fill
	}
	return n, nil
}

// TestRecordWithoutEnd: a record, a line or a list that goes on, such as a small gzip file may hold,
// needs no more memory than the largest record.
func TestRecordWithoutEnd(t *testing.T) {
	const size, most = 128 << 20, 64 << 20
	for name, in := range map[string]*endless{
		"blanks": {head: `{"records":[`, fill: ' '},
		"text":   {head: `{"records":[{"category":"DeviceOperations","properties":"`, fill: 'x'},
		"line":   {head: `{"category":"DeviceOperations","properties":"`, fill: 'x'},
		"depth":  {head: `{"records":`, fill: '['},
		"cell":   {head: "Category,ResultType,properties_s\nDeviceOperations,\"", fill: 'x'},
		"row":    {head: "Category,ResultType,properties_s\n", fill: 'x'},
		"rows":   {head: "Category,ResultType,properties_s\nDeviceOperations,\"", fill: '\n'},
	} {
		in.left = size
		runtime.GC()
		if err := monitor.NewCollector().Read(in, name); err != nil || in.most > most {
			t.Errorf("%s: %d MiB of memory, %v", name, in.most>>20, err)
		}
		if in.left > 0 {
			t.Errorf("%s: %d bytes were not read", name, in.left)
		}
	}
}

// TestLargeRows: a row of a table that is too large, such as after a quote too many, is counted as
// damaged, and the rows after its line are read.
func TestLargeRows(t *testing.T) {
	t.Parallel()
	const header, row = "Category,ResultType,properties_s\n", `DeviceOperations,Failure,"{""id"":""s-%d"",""protocol"":""Mqtt""}"` + "\n"
	large := strings.Repeat("x", 5<<20)
	for name, in := range map[string]string{
		"a quote too many": `DeviceOperations,"Failure,` + large,
		"a last cell":      `DeviceOperations,Failure,"` + large + `"`,
		"no quotes":        large,
		"quotes in a cell": `Device"Operations",Failure` + large,
		"doubled quotes":   `DeviceOperations,"Fail""ure` + large + `""`,
		"a quote at once":  `"` + large,
	} {
		s := summarise(t, header+fmt.Sprintf(row, 1)+in+"\n"+fmt.Sprintf(row, 2))
		if s.Devices.Seen != 2 || s.Inputs[0].Unreadable != 1 || s.Inputs[0].Records != 2 {
			t.Errorf("%s: %d devices, %+v", name, s.Devices.Seen, s.Inputs[0])
		}
	}
	var small strings.Builder
	for i := range 3 {
		fmt.Fprintf(&small, row, i)
	}
	whole := summarise(t, header+strings.Repeat(small.String(), 40_000)) // together more than a row may have
	if whole.DeviceRecords != 120_000 || whole.Inputs[0].Unreadable != 0 {
		t.Errorf("%d attempts, %+v", whole.DeviceRecords, whole.Inputs[0])
	}
}

// TestTheFourFaultsOfAFleet is about 5,000 devices over a day: every fault is found with its devices
// and the time at which it began, and a change of the operator before it.
func TestTheFourFaultsOfAFleet(t *testing.T) {
	t.Parallel()
	fleet := monitortest.Faulty()
	var text strings.Builder
	if err := monitortest.WriteLines(&text, fleet.Events()); err != nil {
		t.Fatal(err)
	}
	checkFleet(t, fleet, summarise(t, text.String()))

	// The files of a day in any order say the same.
	lines := strings.SplitAfter(text.String(), "\n")
	third := len(lines) / 3
	later := strings.Join(lines[2*third:], "")
	checkFleet(t, fleet, summarise(t, later, strings.Join(lines[:third], ""), strings.Join(lines[third:2*third], "")))
	slices.Reverse(lines)
	checkFleet(t, fleet, summarise(t, strings.Join(lines, "")))
}

func checkFleet(t *testing.T, fleet monitortest.Fleet, s *monitor.Summary) {
	t.Helper()
	failing := 0
	for i, fault := range fleet.Faults {
		failing += fault.Devices
		if i >= len(s.Clusters) {
			t.Fatalf("%d clusters", len(s.Clusters))
		}
		k := s.Clusters[i]
		begun := fleet.Start.Add(fault.From)
		late := k.Since.Sub(begun)
		if k.Message != fault.Description || k.Protocol != fault.Protocol || k.Devices != fault.Devices || k.Failing != fault.Devices || late < 0 || late > 10*time.Minute {
			t.Errorf("cluster %d: %q over %s of %d devices since %s; want %q over %s of %d since %s", i+1, k.Message, k.Protocol, k.Devices, k.Since, fault.Description, fault.Protocol, fault.Devices, begun)
		}
		for _, e := range k.Examples {
			if !e.Failing || e.LastSucceeded.After(e.Since) || e.Since.Before(begun) {
				t.Errorf("cluster %d: %+v", i+1, e)
			}
		}
	}
	if d := s.Devices; d.Seen != fleet.Devices || d.Failing != failing || d.NeverSucceeded > failing/50 {
		t.Errorf("%+v", d)
	}
	var changes []string
	for _, c := range s.Changes {
		changes = append(changes, fmt.Sprintf("%s %s %d", c.Operation, c.Type, c.Cluster+1))
	}
	if diff := cmp.Diff([]string{"Delete Certificate 1", "Delete EnrollmentGroup 2", "Upsert EnrollmentGroup 3"}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// attempts makes lines of one device: a letter for each minute, g for a success and b for a failure.
func attempts(device, pattern string) string {
	var b strings.Builder
	for i, what := range pattern {
		e := monitortest.Event{
			Time: time.Date(2026, 11, 29, 10, i, 0, 0, time.UTC), Category: "DeviceOperations", Operation: "AttestationAttempt", Result: "Success",
			Device: device, Kind: "Registration", Protocol: "Mqtt", Number: i + 1,
		}
		if what == 'b' {
			e.Result, e.Status, e.Description = "ClientError", "401", "Unauthorized"
		}
		b.WriteString(e.Storage() + "\n")
	}
	return b.String()
}

// TestDevicesOverTime: always, sometimes, recovered, and since when, whatever the order of the files.
func TestDevicesOverTime(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"ggg":   "1 seen, 0 fail, 0 recovered, 0 never succeeded",
		"bbb":   "1 seen, 1 fail, 0 recovered, 1 never succeeded; since 10:00",
		"gbb":   "1 seen, 1 fail, 0 recovered, 0 never succeeded; since 10:01",
		"bbg":   "1 seen, 0 fail, 1 recovered, 0 never succeeded; since 10:00",
		"bgbgb": "1 seen, 1 fail, 0 recovered, 0 never succeeded; since 10:04",
		"bgbbb": "1 seen, 1 fail, 0 recovered, 0 never succeeded; since 10:02",
	} {
		lines := strings.SplitAfter(strings.TrimSuffix(attempts("sensor-1", pattern), "\n"), "\n")
		for range 2 * len(lines) {
			s := summarise(t, lines...)
			d := s.Devices
			got := fmt.Sprintf("%d seen, %d fail, %d recovered, %d never succeeded", d.Seen, d.Failing, d.Recovered, d.NeverSucceeded)
			for _, k := range s.Clusters {
				got += "; since " + k.Examples[0].Since.Format("15:04")
			}
			if got != want {
				t.Errorf("%s: %s, want %s", pattern, got, want)
			}
			lines = append(lines[1:], lines[0])
			if len(lines)%2 == 0 {
				slices.Reverse(lines)
			}
		}
	}
}

// TestSeparators: CSV as spreadsheets of other countries write it, and dates as browsers show them.
func TestSeparators(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"TimeGenerated [UTC];Category;ResultType;ResultSignature;ResultDescription;properties_s\r\n29.11.2026, 10:15:41;DeviceOperations;ClientError;401;Unauthorized;\"{\"\"id\"\":\"\"s-1\"\",\"\"type\"\":\"\"Registration\"\",\"\"protocol\"\":\"\"Mqtt\"\"}\"\r\n",
		"TimeGenerated [UTC]\tCategory\tResultType\tResultSignature\tResultDescription\tproperties_s\n29/11/2026, 10:15:41\tDeviceOperations\tClientError\t401\tUnauthorized\t\"{\"\"id\"\":\"\"s-1\"\",\"\"protocol\"\":\"\"Mqtt\"\"}\"\n",
		"\"TimeGenerated [UTC]\",Category,ResultType,ResultSignature,ResultDescription,properties_s\n\"11/29/2026, 10:15:41.000\u202fAM\",DeviceOperations,ClientError,401,Unauthorized,\"{\"\"id\"\":\"\"s-1\"\",\"\"protocol\"\":\"\"Mqtt\"\"}\"\n",
	} {
		want := []string{"1 seen, 1 fail, 0 recovered, 1 never succeeded", `401 0 Mqtt "Unauthorized": 1 devices, 1 now, s-1 since 10:15:41`}
		if diff := cmp.Diff(want, outline(summarise(t, text))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// TestOrderOfDates: whether the day or the month comes first is decided for a whole table, by any date
// that tells it.
func TestOrderOfDates(t *testing.T) {
	t.Parallel()
	many := slices.Repeat([]string{"11/05/2026, 22:15:41"}, 1000) // more than is read at once
	for name, c := range map[string]struct {
		dates             []string
		first, last       string
		unclear, dayFirst bool
	}{
		"by the last date, the day":      {[]string{"05/11/2026, 22:15:41", "29/11/2026, 22:15:41"}, "2026-11-05", "2026-11-29", false, true},
		"by the last date, the month":    {[]string{"11/05/2026, 22:15:41", "11/29/2026, 22:15:41"}, "2026-11-05", "2026-11-29", false, false},
		"by the first date, the month":   {[]string{"11/29/2026, 22:15:41", "11/05/2026, 22:15:41"}, "2026-11-05", "2026-11-29", false, false},
		"the day, with am as in Sydney":  {[]string{"05/11/2026, 10:15:41 am", "29/11/2026, 10:15:41 pm"}, "2026-11-05", "2026-11-29", false, true},
		"far from the beginning":         {append(many, "11/29/2026, 22:15:41"), "2026-11-05", "2026-11-29", false, false},
		"not known, as in Europe":        {[]string{"05/11/2026, 22:15:41", "06/11/2026, 22:15:41"}, "2026-11-05", "2026-11-06", true, true},
		"not known, as in America":       {[]string{"11/5/2026, 10:15:41 AM", "11/6/2026, 10:15:41 AM"}, "2026-11-05", "2026-11-06", true, false},
		"of no matter":                   {[]string{"11/11/2026, 22:15:41"}, "2026-11-11", "2026-11-11", false, true},
		"of no matter, with dots":        {[]string{"5.11.2026, 22:15:41"}, "2026-11-05", "2026-11-05", false, false},
		"of no matter, by the documents": {[]string{"2026-11-05T22:15:41Z"}, "2026-11-05", "2026-11-05", false, false},
	} {
		text := "TimeGenerated [UTC],Category,ResultType,ResultSignature,CorrelationId,properties_s\n"
		for i, date := range c.dates {
			text += fmt.Sprintf("%q,DeviceOperations,ClientError,401,%d,\"{\"\"id\"\":\"\"s-1\"\"}\"\n", date, i)
		}
		s := summarise(t, text)
		got := s.First.Format(time.DateOnly) + " " + s.Last.Format(time.DateOnly)
		if in := s.Inputs[0]; got != c.first+" "+c.last || in.DatesUnclear != c.unclear || in.DayFirst != c.dayFirst || in.Records != len(c.dates) {
			t.Errorf("%s: %s, %+v", name, got, in)
		}
	}
}

// TestWhatTheRecordsCannotTell: no time, no device, an unknown result, an incomplete answer.
func TestWhatTheRecordsCannotTell(t *testing.T) {
	t.Parallel()
	s := summarise(t,
		`{"category":"DeviceOperations","resultType":"Odd","resultSignature":"401","properties":"{\"id\":\"a-1\"}"}`,
		`{"time":"2026-11-29T10:00:00Z","category":"DeviceOperations","resultType":"ClientError","resultSignature":"401"}`,
		`{"error":{"code":"PartialError"},"tables":[{"name":"PrimaryResult","columns":[{"name":"Category","type":"string"},{"name":"ResultType","type":"string"}],"rows":[["DeviceOperations","Success"]]}]}`,
		`{"tables":[{"columns":[{"name":"Category"},{"name":"ResultType"}],"rows":[["DeviceOperations","Success"]]}],"error":{"code":"PartialError"}}`,
	)
	if s.Undated != 3 || s.Nameless != 3 || !s.UnknownResults || !s.Inputs[3].Partial || s.Devices.Failing != 1 || s.DeviceRecords != 4 {
		t.Errorf("%+v", s)
	}
}

// TestFailuresWithoutResult: without a result the status decides, and without that the error code, as
// in the queries for Log Analytics.
func TestFailuresWithoutResult(t *testing.T) {
	t.Parallel()
	for members, want := range map[string]int{
		`"resultDescription":"401002 Unauthorized"`:                         1,
		`"resultDescription":"401002 Unauthorized","resultSignature":"OK"`:  1,
		`"resultDescription":"401002 Unauthorized","resultSignature":"200"`: 0,
		`"resultSignature":"401"`:                                           1,
		`"resultDescription":"Device 4012 registered"`:                      0,
		`"resultDescription":"401002","resultType":"Success"`:               0,
	} {
		s := summarise(t, `{"time":"2026-11-29T10:00:00Z","category":"DeviceOperations",`+members+`,"properties":{"id":"d1"}}`)
		if s.Failed != want || s.Devices.Failing != want {
			t.Errorf("%s: %d failed, %d devices fail, want %d", members, s.Failed, s.Devices.Failing, want)
		}
	}
}

// TestUndatedInBothOrders: a device that succeeded and failed without a time has not recovered.
func TestUndatedInBothOrders(t *testing.T) {
	t.Parallel()
	const good, bad = `{"category":"DeviceOperations","resultType":"Success","properties":{"id":"d1"}}`, `{"category":"DeviceOperations","resultType":"Failure","properties":{"id":"d1"}}`
	for _, in := range []string{good + "\n" + bad, bad + "\n" + good} {
		if d := summarise(t, in).Devices; d != (monitor.Devices{Seen: 1, Failing: 1}) {
			t.Errorf("%s: %+v", in, d)
		}
	}
}

// TestChangeOfHub: a call about a hub is a change before the failures, and no instance.
func TestChangeOfHub(t *testing.T) {
	t.Parallel()
	s := summarise(t, `{"time":"2026-11-29T09:00:00Z","resourceId":"/S/PROVIDERS/MICROSOFT.DEVICES/IOTHUBS/MYHUB","operationName":"MICROSOFT.DEVICES/IOTHUBS/WRITE","category":"Administrative","resultType":"Success"}
{"time":"2026-11-29T10:00:00Z","resourceId":"/S/PROVIDERS/MICROSOFT.DEVICES/PROVISIONINGSERVICES/MYDPS","category":"DeviceOperations","resultType":"Failure","properties":{"id":"d1"}}`)
	if len(s.Instances) != 1 || s.Instances[0].Name != "mydps" || len(s.Changes) != 1 || s.Changes[0].ID != "myhub" {
		t.Errorf("%+v, %+v", s.Instances, s.Changes)
	}
}

// TestLoad: the busiest minute of an instance, and what was throttled.
func TestLoad(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 1500 {
		e := monitortest.Event{
			Time: time.Date(2026, 11, 29, 10, 0, i/25, 0, time.UTC), Category: "DeviceOperations", Operation: "AttestationAttempt", Result: "Success",
			Device: fmt.Sprintf("s-%d", i), Kind: "Registration", Protocol: "Mqtt", Number: i + 1,
		}
		if i >= 1000 {
			e.Result, e.Status = "ClientError", "429"
		}
		text.WriteString(e.Storage() + "\n")
	}
	s := summarise(t, text.String())
	want := monitor.Load{BusiestMinute: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC), Instance: "mydps", InBusiest: 1500, Throttled: 500}
	if diff := cmp.Diff(want, s.Load); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"storage.json", "eventhub.json", "query.json", "tables.json", "portal.csv"} {
		text := []byte(sampleText(t, name))
		if found, _ := monitor.Detect(text); !found {
			t.Errorf("%s is not recognised", name)
		}
	}
	if found, _ := monitor.Detect([]byte(sampleText(t, "storage.json"))[:900]); !found {
		t.Error("a cut beginning is not recognised")
	}
	for text, want := range map[string]bool{
		"": true, "[": true, "{\n \"records\": [\n": true, `{"time":"2026`: true, "a line": true,
		"a line\n": false, "\n{\"errorCode\":401002}\n": false, "[ {\"a\": 1},\n": true,
	} {
		if found, undecided := monitor.Detect([]byte(text)); found || undecided != want {
			t.Errorf("%q: found %t, undecided %t", text, found, undecided)
		}
	}
	for _, text := range []string{
		"", "{}", "[]", hubRecord, `{"errorCode":401002,"message":"CA certificate not found."}`, "2026-11-29 provisioning failed 401",
		`{"time":"2026-11-29T10:00:00Z","level":"error","msg":"401"}`, `{"schema":"dpsdiag/probe/1","runs":[]}`, "a,b,c\n1,2,3\n",
	} {
		if found, _ := monitor.Detect([]byte(text)); found {
			t.Errorf("%q is taken for a resource log", text)
		}
	}
}

// FuzzRead: whatever an input holds, reading ends, and counts agree.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"storage.json", "eventhub.json", "query.json", "tables.json", "portal.csv"} {
		f.Add([]byte(sampleText(f, name)))
	}
	f.Add([]byte(hubRecord + "\n[\n{\"records\":[{\"a\":1},"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := monitor.NewCollector()
		if err := c.Read(bytes.NewReader(text), "fuzz"); err != nil {
			return
		}
		s := c.Summary()
		d := s.Devices
		if d.Failing+d.Recovered > d.Seen || d.NeverSucceeded > d.Failing || s.Failed > s.DeviceRecords || s.Inputs[0].Repeated > s.Inputs[0].Records {
			t.Errorf("%+v", s)
		}
		failed := 0
		for _, k := range s.Clusters {
			failed += k.Records
		}
		if failed != s.Failed {
			t.Errorf("%d failures in clusters of %d", failed, s.Failed)
		}
	})
}
