package report

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dpsdiag/internal/monitor"
	"dpsdiag/internal/monitor/monitortest"
	"dpsdiag/internal/schematest"
)

// resourceLogs is the report on inputs, by name.
func resourceLogs(inputs ...[2]string) *ResourceLogs {
	c := monitor.NewCollector()
	for _, in := range inputs {
		if err := c.Read(strings.NewReader(in[1]), in[0]); err != nil {
			panic(err)
		}
	}
	return NewResourceLogs(c.Summary(), false)
}

// record is a record of a storage account with a text in every place that somebody else writes.
func record(text string) string {
	event := monitortest.Event{Category: "DeviceOperations", Operation: text, Result: text, Status: "401", Description: text, Device: text, Kind: text, Protocol: text}
	return event.Storage()
}

func resourceLogSamples() []sample {
	records, err := os.ReadFile(filepath.FromSlash("../../testdata/monitor/storage.json"))
	if err != nil {
		panic(err)
	}
	var fleet bytes.Buffer
	if err := monitortest.WriteLines(&fleet, monitortest.Faulty().Small(25).Events()); err != nil {
		panic(err)
	}
	good := monitortest.Faulty()
	good.Devices, good.Faults = 3, nil
	var healthy bytes.Buffer
	if err := monitortest.WriteLines(&healthy, good.Events()); err != nil {
		panic(err)
	}
	return []sample{
		{"logs-records", resourceLogs([2]string{"PT1H.json", string(records) + "{\"cut\n" + `{"category":"Connections","resultType":"x","resourceId":"/IOTHUBS/HUB"}` + "\n" + string(records)})},
		{"logs-fleet", resourceLogs([2]string{"PT1H.json", fleet.String()})},
		{"logs-healthy", resourceLogs([2]string{"a.json", healthy.String()}, [2]string{"b.json", ""})},
		{"logs-hostile", resourceLogs([2]string{hostileText, record(hostileText)})},
		{"logs-nothing", resourceLogs([2]string{"empty.json", ""})},
	}
}

func TestResourceLogsHaveTheirSchema(t *testing.T) {
	t.Parallel()
	schema := schematest.Load(t, "logs-1")
	for _, s := range resourceLogSamples() {
		schema.Check(t, s.name, render(t, s.doc, "json", Options{}))
	}
	var doc map[string]any
	if err := json.Unmarshal(render(t, resourceLogSamples()[0].doc, "json", Options{}), &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "devices")
	if schema.Accepts(doc) {
		t.Error("a document without devices is accepted")
	}
}

// TestTheReportFitsAScreen: the short report of a fleet with several faults is no longer than two
// screens.
func TestTheReportFitsAScreen(t *testing.T) {
	t.Parallel()
	for _, s := range resourceLogSamples() {
		if n := strings.Count(string(render(t, s.doc, "text", Options{Width: 80})), "\n"); n > 48 {
			t.Errorf("%s: %d lines", s.name, n)
		}
	}
}

// TestTheShortReportSaysWhatIsOdd: notes that are true of these records alone are in the short report, and
// those that are true of all are not.
func TestTheShortReportSaysWhatIsOdd(t *testing.T) {
	t.Parallel()
	const header = "TimeGenerated [UTC],Category,ResultType,ResultSignature,CorrelationId,properties_s\n"
	row := func(date string) string {
		return `"` + date + `",DeviceOperations,ClientError,401,1,"{""id"":""s-1""}"` + "\n"
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(record("Odd") + "\n"))
	_ = w.Flush() // the end of what arrived
	for want, inputs := range map[string][][2]string{
		"a.json.gz: packed with gzip, and damaged or cut": {{"a.json.gz", packed.String()}},
		"1 record is without a time":                      {{"a.json", `{"category":"DeviceOperations","resultType":"ClientError","resultSignature":"401"}`}},
		"a.csv: no date tells whether":                    {{"a.csv", header + row("11/05/2026, 10:15:41 AM")}},
		"the month was assumed":                           {{"a.csv", header + row("11/05/2026, 10:15:41 AM")}},
		"a.csv and 1 other input: no date tells":          {{"a.csv", header + row("05/11/2026, 22:15:41")}, {"b.csv", header + row("05/11/2026, 22:15:41")}},
		"the day was assumed":                             {{"a.csv", header + row("05/11/2026, 22:15:41")}},
		"":                                                {{"a.csv", header + row("11/29/2026, 10:15:41 AM")}},
	} {
		text := strings.Join(strings.Fields(string(render(t, resourceLogs(inputs...), "text", Options{Width: 80}))), " ")
		if shown := strings.Contains(text, " note "); shown != (want != "") || !strings.Contains(text, want) || strings.Contains(text, "attestation:") {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

func TestATimelineOfUnequalRowsIsDamaged(t *testing.T) {
	t.Parallel()
	doc := resourceLogSamples()[0].doc.(*ResourceLogs)
	doc.Timeline.Failed = doc.Timeline.Failed[1:]
	if _, err := Read(bytes.NewReader(render(t, doc, "json", Options{}))); err == nil {
		t.Error("it is read")
	}
	if _, err := Read(strings.NewReader(`{"schema":"dpsdiag/logs/1"}`)); err == nil {
		t.Error("a document that has nothing is read")
	}
}
