package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// maxLogs is how much of the resource logs is read: those of one run are small.
const maxLogs = 64 << 20

// resourceLogs compares the resource logs of an earlier run with what that run recorded: the logs
// arrive minutes after the calls.
func resourceLogs() fact {
	return fact{
		number: 8, needs: "LOGS, EARLIER: a second run, some minutes after the first",
		question: "What does a failed attempt look like in the resource logs of every protocol, and how does CorrelationId relate to the tracking id that the device got?",
		missing: func(s *settings) string {
			if s.logs == "" {
				return "it needs " + prefix + "LOGS, the resource logs of this run in JSON, and " + prefix + "EARLIER, this file, in another run"
			}
			return ""
		},
		try: func(_ context.Context, r *recorder) []Trial {
			records, err := readLogs(r.logs)
			if err != nil {
				return []Trial{{Name: "logs", Sent: "nothing", StartedAt: time.Now().UTC(), Answer: Answer{At: "logs", Failure: err.Error()}, Exchanges: []Exchange{}}}
			}
			return r.logTrials(records)
		},
		conclude: concludeLogs,
		changes: []change{
			{"CorrelationId is the tracking id", "a device's error finds its record: the reader keeps the id, and a query for it", []place{
				{"internal/monitor/record.go", "fieldOf"}, {"internal/kql/queries/records.kql", "CorrelationId"},
			}},
			{"no relation", "nothing: records are found by device and time", nil},
			{"other names of operations or protocols, or the code in another member", "the names that the reader knows", []place{
				{"internal/monitor/record.go", "class"}, {"internal/monitor/monitortest/fleet.go", "properties"},
			}},
		},
	}
}

// readLogs reads the records of a file: one after the other, in an array, or in the records of an
// object.
func readLogs(path string) ([]map[string]any, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the logs: %w", err)
	}
	defer file.Close()
	var records []map[string]any
	dec := json.NewDecoder(io.LimitReader(file, maxLogs))
	for {
		var value any
		if err := dec.Decode(&value); errors.Is(err, io.EOF) {
			return records, nil
		} else if err != nil {
			return nil, fmt.Errorf("not resource logs in JSON: %w", err)
		}
		records = append(records, recordsIn(value)...)
	}
}

func recordsIn(value any) []map[string]any {
	switch value := value.(type) {
	case []any:
		var list []map[string]any
		for _, element := range value {
			list = append(list, recordsIn(element)...)
		}
		return list
	case map[string]any:
		if inner, ok := value["records"]; ok {
			return recordsIn(inner)
		}
		return []map[string]any{value}
	}
	return nil
}

// member returns a member of a record by its name in any case, as text.
func member(record map[string]any, names ...string) string {
	for name, value := range record {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			return fmt.Sprint(value)
		}
	}
	return ""
}

// logTrials are the records of the earlier run's devices: those with its tracking ids, and one of
// every other kind.
func (r *recorder) logTrials(records []map[string]any) []Trial {
	tracked := map[string]string{}
	ids := map[string]bool{}
	for _, f := range r.earlier.Facts {
		for _, t := range f.Trials {
			if t.Answer.TrackingID != "" {
				tracked[strings.ToLower(t.Answer.TrackingID)] = fmt.Sprintf("fact %d, %s over %s", f.Number, t.Name, t.Transport)
			}
		}
	}
	for _, d := range r.earlier.Devices {
		ids[d.Probe.Target.RegistrationID] = true
	}
	trials, kinds := []Trial{}, map[string]bool{}
	for _, record := range records {
		text, _ := json.Marshal(record) // it was JSON before
		correlation := strings.ToLower(member(record, "correlationId", "correlationId_g"))
		from, tracks := tracked[correlation]
		if !tracks && !mentions(text, ids, tracked) {
			continue
		}
		failure := !strings.EqualFold(member(record, "resultType"), "Success")
		kind := fmt.Sprintln(member(record, "operationName"), member(record, "resultType"), member(record, "resultSignature"), protocolOf(record), tracks)
		if kinds[kind] {
			continue
		}
		kinds[kind] = true
		t := Trial{Name: "record", Transport: protocolOf(record), Sent: "nothing", StartedAt: time.Now().UTC(), Exchanges: []Exchange{}}
		t.Answer = Answer{At: "logs", Message: r.redact(string(text)), Headers: map[string]string{}, Mechanisms: []string{}, Chain: []string{}}
		if failure {
			t.Name = "failed record"
		}
		if tracks {
			t.Answer.TrackingID, t.Sent = correlation, from
		}
		trials = append(trials, t)
	}
	return trials
}

// mentions reports whether a record is about a device of the earlier run.
func mentions(record []byte, ids map[string]bool, tracked map[string]string) bool {
	lower := bytes.ToLower(record)
	for id := range ids {
		if bytes.Contains(lower, []byte(strings.ToLower(id))) {
			return true
		}
	}
	for id := range tracked {
		if bytes.Contains(lower, []byte(id)) {
			return true
		}
	}
	return false
}

// protocolOf returns the protocol in the properties of a record, which are an object or its text.
func protocolOf(record map[string]any) string {
	properties := member(record, "properties", "properties_s")
	if inner, ok := record["properties"].(map[string]any); ok {
		return member(inner, "protocol")
	}
	var inner map[string]any
	if json.Unmarshal([]byte(properties), &inner) != nil {
		return ""
	}
	return member(inner, "protocol")
}

func concludeLogs(_ *recorder, trials []Trial) (string, bool) {
	failed := named(trials, "failed record")
	same := 0
	for i := range trials {
		if trials[i].Answer.Failure != "" {
			return trials[i].Answer.Failure, false
		}
		if trials[i].Answer.TrackingID != "" {
			same++
		}
	}
	if len(failed) == 0 {
		return fmt.Sprintf("the logs have %d kinds of records of that run, none of a failure", len(trials)), false
	}
	text := fmt.Sprintf("CorrelationId is a tracking id in %d of %d kinds of records", same, len(trials))
	if same == 0 {
		text = fmt.Sprintf("CorrelationId is a tracking id in none of %d kinds of records", len(trials))
	}
	var over []string
	for _, t := range failed {
		over = append(over, t.Transport)
	}
	return text + "\nrecords of failures over: " + strings.Join(over, ", "), true
}
