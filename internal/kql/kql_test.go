package kql_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/kql"
	"dpsdiag/internal/monitor"
	"dpsdiag/internal/monitor/monitortest"
)

// data is the same records as a file for the reader of logs and as tables for the queries.
type data struct {
	summary *monitor.Summary
	tables  map[string]table
	now     time.Time
}

// fleetData is a fleet with four faults.
func fleetData(t *testing.T) data {
	t.Helper()
	fleet := monitortest.Faulty().Small(20)
	events := fleet.Events()
	var lines strings.Builder
	if err := monitortest.WriteLines(&lines, events); err != nil {
		t.Fatal(err)
	}
	var rows table
	for i := range events {
		r := row{}
		for name, value := range events[i].Row() {
			r[name] = value
		}
		r["TimeGenerated"] = events[i].Time
		rows = append(rows, r)
	}
	return newData(t, lines.String(), rows, fleet.Start.Add(fleet.Length))
}

// sampleData is the records R1 to R8 of the reference.
func sampleData(t *testing.T) data {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "monitor", "storage.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows table
	for line := range strings.Lines(string(text)) {
		var members map[string]string
		if err := json.Unmarshal([]byte(line), &members); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339Nano, members["time"])
		if err != nil {
			t.Fatal(err)
		}
		r := row{"TimeGenerated": at, "Resource": "MYDPS", "ResourceProvider": "MICROSOFT.DEVICES", "ResourceType": "PROVISIONINGSERVICES", "properties_s": members["properties"]}
		for _, name := range []string{"category", "operationName", "operationVersion", "resultType", "resultSignature", "resultDescription", "level", "correlationId"} {
			r[strings.ToUpper(name[:1])+name[1:]] = members[name]
		}
		rows = append(rows, r)
	}
	return newData(t, string(text), rows, time.Date(2026, 11, 29, 10, 20, 0, 0, time.UTC))
}

func newData(t *testing.T, lines string, rows table, now time.Time) data {
	t.Helper()
	c := monitor.NewCollector()
	if err := c.Read(strings.NewReader(lines), "lines"); err != nil {
		t.Fatal(err)
	}
	// A record of a hub, which no query may count.
	rows = append(rows, row{
		"TimeGenerated": now.Add(-time.Minute), "Resource": "HUB", "ResourceProvider": "MICROSOFT.DEVICES", "ResourceType": "IOTHUBS", "Category": "DeviceOperations",
		"OperationName": "x", "ResultType": "ClientError", "ResultSignature": "401", "ResultDescription": "Unauthorized", "properties_s": `{"id":"sensor-0001"}`,
	})
	return data{c.Summary(), map[string]table{"AzureDiagnostics": rows}, now}
}

// ask runs the query of a topic.
func (d data) ask(t *testing.T, name string, v kql.Values) table {
	t.Helper()
	topic, ok := kql.Named(name)
	if !ok {
		t.Fatalf("there is no topic %s", name)
	}
	return run(t, topic.Text(v), d.now, d.tables)
}

func both(t *testing.T) map[string]data {
	t.Helper()
	return map[string]data{"fleet": fleetData(t), "samples": sampleData(t)}
}

// TestClusters: the query finds the clusters of logs.
func TestClusters(t *testing.T) {
	t.Parallel()
	for name, d := range both(t) {
		var want, got []string
		for _, k := range d.summary.Clusters {
			want = append(want, fmt.Sprintf("%d %d %s %d devices %d failures from %s to %s", k.Status, k.Code, k.Protocol, k.Devices, k.Records, k.First.Format(time.RFC3339), k.Last.Format(time.RFC3339)))
		}
		for _, r := range d.ask(t, "clusters", kql.Values{}) {
			got = append(got, fmt.Sprintf("%d %d %s %d devices %d failures from %s to %s", r["Status"], r["Code"], r["Protocol"], r["Devices"], r["Failures"],
				r["First"].(time.Time).Format(time.RFC3339), r["Last"].(time.Time).Format(time.RFC3339)))
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-logs +kql):\n%s", name, diff)
		}
	}
}

// TestMessagesThatDifferByDevice: an id or a number in the description does not make clusters of their
// own, in logs as in the query.
func TestMessagesThatDifferByDevice(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	var rows table
	for i, text := range []string{"device sensor-0 is not known. Tracking id a1b2-c3", "device sensor-1 is not known. Tracking id ffff-0", "X.509 thumbprint 99 of it", "X.509 thumbprint 7 of it"} {
		e := monitortest.Event{
			Time: time.Date(2026, 11, 29, 10, i, 0, 0, time.UTC), Category: "DeviceOperations", Operation: "AttestationAttempt", Result: "ClientError", Status: "401",
			Description: text, Device: fmt.Sprintf("sensor-%d", i), Kind: "Registration", Protocol: "Mqtt", Number: i,
		}
		lines.WriteString(e.Storage() + "\n")
		r := row{}
		for name, value := range e.Row() {
			r[name] = value
		}
		r["TimeGenerated"] = e.Time
		rows = append(rows, r)
	}
	d := newData(t, lines.String(), rows, time.Date(2026, 11, 29, 11, 0, 0, 0, time.UTC))
	if got := d.ask(t, "clusters", kql.Values{}); len(got) != 2 || len(d.summary.Clusters) != 2 {
		t.Errorf("%d clusters of logs, of the query %v", len(d.summary.Clusters), got)
	}
}

// TestDevices: the queries count the devices as logs does, and date them alike.
func TestDevices(t *testing.T) {
	t.Parallel()
	for name, d := range both(t) {
		failing := d.ask(t, "devices", kql.Values{})
		never := d.ask(t, "never-succeeded", kql.Values{})
		recovered := d.ask(t, "recovered", kql.Values{})
		got := monitor.Devices{Seen: d.summary.Devices.Seen, Failing: len(failing), NeverSucceeded: len(never), Recovered: len(recovered)}
		if got != d.summary.Devices {
			t.Errorf("%s: %+v, logs has %+v", name, got, d.summary.Devices)
		}
		since := map[string]time.Time{}
		for _, r := range failing {
			since[r["Id"].(string)] = r["FailsSince"].(time.Time).Truncate(time.Millisecond)
		}
		for _, k := range d.summary.Clusters {
			for _, e := range k.Examples {
				if e.Failing && !since[e.ID].Equal(e.Since) {
					t.Errorf("%s: %s fails since %s, by the query since %s", name, e.ID, e.Since, since[e.ID])
				}
			}
		}
	}
}

// TestOneDeviceOfOneInstance: the values limit a query, whatever their letter case.
func TestOneDeviceOfOneInstance(t *testing.T) {
	t.Parallel()
	d := fleetData(t)
	device := d.summary.Clusters[0].Examples[0].ID
	rows := d.ask(t, "failures", kql.Values{Device: strings.ToUpper(device), Instance: "mydps"})
	if len(rows) != d.summary.Clusters[0].Examples[0].Records {
		t.Errorf("%d failures of %s, logs has %d", len(rows), device, d.summary.Clusters[0].Examples[0].Records)
	}
	for _, r := range rows {
		if r["Id"] != device {
			t.Errorf("%v", r)
		}
	}
	if rows := d.ask(t, "failures", kql.Values{Instance: "other"}); len(rows) > 0 {
		t.Errorf("%d failures of another instance", len(rows))
	}
	if rows := d.ask(t, "failures", kql.Values{Device: `x" or true or Id == "y`}); len(rows) > 0 {
		t.Errorf("a value became a condition: %d failures", len(rows))
	}
	hour, day := d.ask(t, "failures", kql.Values{Since: time.Hour}), d.ask(t, "failures", kql.Values{})
	if len(hour) == 0 || len(hour) >= len(day)/2 {
		t.Errorf("%d failures in an hour, %d in a day", len(hour), len(day))
	}
}

// TestHitBy: the query for a code or a cause finds the devices of its cluster.
func TestHitBy(t *testing.T) {
	t.Parallel()
	d := fleetData(t)
	for code, cluster := range map[int]int{401002: 0, 404: 1, 404201: 1, 400207: 3} {
		topic := kql.HitBy(code)
		checkHit(t, d, &topic, &d.summary.Clusters[cluster])
	}
	for id, cluster := range map[cause.ID]int{cause.CANotVerified: 0, cause.CustomAllocationFailed: 3} {
		topic, err := kql.HitByCause(id)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		checkHit(t, d, &topic, &d.summary.Clusters[cluster])
	}
	if topic := kql.HitBy(401); len(run(t, topic.Text(kql.Values{}), d.now, d.tables)) != d.summary.Clusters[0].Devices+d.summary.Clusters[2].Devices {
		t.Error("401 does not find all that were refused with this status")
	}
	for _, id := range []cause.ID{cause.DNSFailure, cause.PortBlocked} {
		if _, err := kql.HitByCause(id); !errors.Is(err, kql.ErrNoRecord) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func checkHit(t *testing.T, d data, topic *kql.Topic, k *monitor.Cluster) {
	t.Helper()
	rows := run(t, topic.Text(kql.Values{}), d.now, d.tables)
	if len(rows) != k.Devices {
		t.Errorf("%s: %d devices, %d in the cluster", topic.Name, len(rows), k.Devices)
	}
	now := 0
	for _, r := range rows {
		if truth(r["FailsNow"]) {
			now++
		}
	}
	if now != k.Failing {
		t.Errorf("%s: %d fail now, %d in the cluster", topic.Name, now, k.Failing)
	}
}

// TestSinceWhen: the hours add up to the attempts of logs, and the first with failures is that in which
// the first cluster began.
func TestSinceWhen(t *testing.T) {
	t.Parallel()
	d := fleetData(t)
	total, bad := int64(0), int64(0)
	var first time.Time
	for _, r := range d.ask(t, "since-when", kql.Values{}) {
		total += r["Total"].(int64)
		bad += r["Bad"].(int64)
		if first.IsZero() && r["Bad"].(int64) > 0 {
			first = r["Hour"].(time.Time)
		}
	}
	if int(total) != d.summary.DeviceRecords || int(bad) != d.summary.Failed {
		t.Errorf("%d attempts, %d refused; logs has %d and %d", total, bad, d.summary.DeviceRecords, d.summary.Failed)
	}
	if want := d.summary.Clusters[0].First.Truncate(time.Hour); !first.Equal(want) {
		t.Errorf("failures since %s, logs has %s", first, want)
	}
}

// TestChanges: what operators changed before the first failure.
func TestChanges(t *testing.T) {
	t.Parallel()
	rows := fleetData(t).ask(t, "changes", kql.Values{})
	if len(rows) != 1 || rows[0]["OperationName"] != "Delete" || rows[0]["Kind"] != "Certificate" {
		t.Errorf("fleet: %v", rows)
	}
	rows = sampleData(t).ask(t, "changes", kql.Values{})
	if len(rows) != 1 || rows[0]["OperationName"] != "Upsert" || rows[0]["Id"] != "sensor-18" {
		t.Errorf("samples: %v", rows)
	}
}

// attempts returns total device records within a minute; refused of them have a status.
func attempts(at time.Time, total, refused int, status string) table {
	var rows table
	for i := range total {
		r := row{
			"TimeGenerated": at.Add(time.Duration(i) * time.Millisecond), "Resource": "MYDPS", "ResourceProvider": "MICROSOFT.DEVICES", "ResourceType": "PROVISIONINGSERVICES",
			"Category": "DeviceOperations", "OperationName": "AttestationAttempt", "ResultType": "Success", "ResultSignature": "", "ResultDescription": "", "Level": "Information",
			"properties_s": fmt.Sprintf(`{"id":"s-%d","type":"Registration","protocol":"Mqtt"}`, i),
		}
		if i < refused {
			r["ResultType"], r["ResultSignature"] = "ClientError", status
		}
		rows = append(rows, r)
	}
	return rows
}

// TestLoadAndAlerts: each rule has a row when it should fire, and none otherwise.
func TestLoadAndAlerts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 10, 10, 0, 0, time.UTC)
	recent := now.Add(-5 * time.Minute)
	for name, test := range map[string]struct {
		topic string
		rows  table
		want  int
	}{
		"busy":              {"load", attempts(recent, 900, 0, ""), 1},
		"throttled":         {"load", attempts(recent, 90, 5, "429"), 1},
		"quiet":             {"load", attempts(recent, 90, 5, "401"), 0},
		"a fifth fails":     {"alert-failing", attempts(recent, 100, 20, "401"), 1},
		"less than a fifth": {"alert-failing", attempts(recent, 100, 19, "401"), 0},
		"a few attempts":    {"alert-failing", attempts(recent, 19, 19, "401"), 0},
		"long ago":          {"alert-failing", attempts(now.Add(-2*time.Hour), 100, 100, "401"), 0},
		"429":               {"alert-throttled", attempts(recent, 10, 1, "429"), 1},
		"no 429":            {"alert-throttled", attempts(recent, 10, 1, "401"), 0},
		"over 800":          {"alert-load", attempts(recent, 801, 0, ""), 1},
		"800":               {"alert-load", attempts(recent, 800, 0, ""), 0},
		"silence":           {"alert-silence", attempts(now.Add(-3*time.Hour), 10, 0, ""), 1},
		"no silence":        {"alert-silence", attempts(recent, 10, 10, "401"), 0},
	} {
		d := data{tables: map[string]table{"AzureDiagnostics": test.rows}, now: now}
		if got := d.ask(t, test.topic, kql.Values{}); len(got) != test.want {
			t.Errorf("%s: %s has %d rows, want %d", name, test.topic, len(got), test.want)
		}
	}
}

// TestMetricsAndManagement: the topics about other tables.
func TestMetricsAndManagement(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 10, 10, 0, 0, time.UTC)
	metric := func(name string, total float64) row {
		return row{"TimeGenerated": now.Add(-2 * time.Minute), "ResourceProvider": "MICROSOFT.DEVICES", "Resource": "MYDPS", "MetricName": name, "Total": total}
	}
	activity := func(operation, status string) row {
		return row{
			"TimeGenerated": now.Add(-2 * time.Minute), "OperationNameValue": operation, "ActivityStatusValue": status, "Caller": "somebody",
			"_ResourceId": "/subscriptions/0/resourcegroups/rg/providers/microsoft.devices/provisioningservices/mydps",
		}
	}
	d := data{now: now, tables: map[string]table{
		"AzureMetrics": {metric("AttestationAttempts", 9), metric("RegistrationAttempts", 5), metric("DeviceAssignments", 2), metric("Other", 7)},
		"AzureActivity": {
			activity("MICROSOFT.DEVICES/PROVISIONINGSERVICES/WRITE", "Success"), activity("MICROSOFT.DEVICES/PROVISIONINGSERVICES/WRITE", "Start"),
			activity("MICROSOFT.DEVICES/IOTHUBS/LISTKEYS/ACTION", "Success"), activity("MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE", "Success"),
		},
	}}
	for topic, want := range map[string]int{"stages": 1, "alert-unassigned": 1, "management": 3, "alert-management": 1} {
		if got := d.ask(t, topic, kql.Values{Instance: "MyDPS"}); len(got) != want {
			t.Errorf("%s: %v", topic, got)
		}
		if got := d.ask(t, topic, kql.Values{Instance: "another"}); len(got) != 0 {
			t.Errorf("%s of another instance: %v", topic, got)
		}
	}
	if got := d.ask(t, "stages", kql.Values{})[0]; got["Attestations"] != 9.0 || got["Registrations"] != 5.0 || got["Assignments"] != 2.0 {
		t.Errorf("stages: %v", got)
	}
	d.tables["AzureMetrics"] = table{metric("RegistrationAttempts", 5), metric("DeviceAssignments", 5)}
	if got := d.ask(t, "alert-unassigned", kql.Values{}); len(got) != 0 {
		t.Errorf("as many assignments as registrations: %v", got)
	}
}

// TestNotAtHub: devices that were authenticated but do not appear at the hub.
func TestNotAtHub(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 10, 10, 0, 0, time.UTC)
	rows := attempts(now.Add(-time.Hour), 3, 0, "")
	hub := func(device, operation, level string) row {
		return row{
			"TimeGenerated": now.Add(-30 * time.Minute), "ResourceProvider": "MICROSOFT.DEVICES", "ResourceType": "IOTHUBS", "Category": "Connections", "OperationName": operation, "Level": level,
			"ResultDescription": "", "properties_s": fmt.Sprintf(`{"deviceId":%q}`, device),
		}
	}
	rows = append(rows, hub("s-0", "deviceConnect", "Information"), hub("s-1", "deviceConnect", "Error"))
	d := data{tables: map[string]table{"AzureDiagnostics": rows}, now: now}
	got := map[string]any{}
	for _, r := range d.ask(t, "not-at-hub", kql.Values{}) {
		got[r["Id"].(string)] = r["HubErrors"]
	}
	if diff := cmp.Diff(map[string]any{"s-1": int64(1), "s-2": int64(0)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRecords: what the query exports is what logs reads.
func TestRecords(t *testing.T) {
	t.Parallel()
	d := fleetData(t)
	var exported []map[string]any
	for _, r := range d.ask(t, "records", kql.Values{}) {
		r["TimeGenerated"] = r["TimeGenerated"].(time.Time).Format(time.RFC3339Nano)
		exported = append(exported, maps.Clone(r))
	}
	text, err := json.MarshalIndent(exported, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	c := monitor.NewCollector()
	if err := c.Read(strings.NewReader(string(text)), "query.json"); err != nil {
		t.Fatal(err)
	}
	if got := c.Summary(); got.Devices != d.summary.Devices || got.DeviceRecords != d.summary.DeviceRecords || len(got.Changes) != len(d.summary.Changes) {
		t.Errorf("%+v, from storage %+v", got.Devices, d.summary.Devices)
	}
}

// TestEveryTopicRuns: each has a title, a default and a place in the list, and the evaluator can run it.
func TestEveryTopicRuns(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir("queries")
	if err != nil {
		t.Fatal(err)
	}
	topics := kql.Topics()
	if len(topics) != len(files)-2 { // the prelude and that for a code
		t.Errorf("%d topics of %d files", len(topics), len(files))
	}
	tables := map[string]table{"AzureDiagnostics": {}, "AzureMetrics": {}, "AzureActivity": {}}
	for i, topic := range topics {
		if topic.Title == "" || topic.Since == "" || i > 0 && topics[i-1].Name == topic.Name {
			t.Errorf("%+v", topic)
		}
		text := topic.Text(kql.Values{Since: 90 * time.Minute, Device: "sensor-17", Instance: "mydps"})
		if !strings.Contains(text, "90m") || regexp.MustCompile(`\{[a-z]`).MatchString(text) {
			t.Errorf("%s has placeholders left, or not its value:\n%s", topic.Name, text)
		}
		if topic.NoDevice == "" && !strings.Contains(text, `Id =~ "sensor-17"`) || !strings.Contains(text, `=~ "mydps"`) {
			t.Errorf("%s is not limited:\n%s", topic.Name, text)
		}
		run(t, text, time.Now(), tables)
	}
	if slices.IndexFunc(topics, func(t kql.Topic) bool { return t.Name == "devices" }) != 0 {
		t.Error("the topic that most people need does not come first")
	}
}

// TestEveryCause: each has a query that runs, or none because the service has no record of it.
func TestEveryCause(t *testing.T) {
	t.Parallel()
	found := 0
	for _, id := range cause.All() {
		topic, err := kql.HitByCause(id)
		if errors.Is(err, kql.ErrNoRecord) {
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		found++
		run(t, topic.Text(kql.Values{}), time.Now(), map[string]table{"AzureDiagnostics": {}})
	}
	if found < 20 {
		t.Errorf("%d causes have a query", found)
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sensor-17": `"sensor-17"`,
		`a"b\`:      `"a\"b\\"`,
		"a\nb\x00":  `"a b "`,
		"漢":         `"漢"`,
	} {
		if got := kql.Quote(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
